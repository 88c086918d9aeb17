import type { Config } from "../config/config.ts";
import { judgePem } from "./certificates.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import type { Instant } from "../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import type { BrokerCheckup, BrokerState, StoreCheckup } from "../ports/index.ts";

interface BrokerNeeds {
  readonly config: Pick<Config, "amqp" | "announce">;
  readonly now: () => Instant;
  readonly broker: BrokerCheckup;
  readonly store: () => Promise<Pick<StoreCheckup, "queueName">>;
}

/** Whether the broker lets us in, its certificate, and whether the bindings' exchanges and the queues are there. */
export async function checkBroker({ config, broker, store, now }: BrokerNeeds): Promise<readonly Finding[]> {
  const { queues } = config.amqp;
  const bound = queues.flatMap(({ bindings }) => bindings.map(({ exchange }) => exchange));
  const ours = config.announce?.exchange ?? null;
  const names = [...new Set(ours === null ? bound : [...bound, ours])];
  const named = await Promise.all(queues.map(async ({ name }) => (name === "auto" ? await sharedName(store) : name)));
  // A certificate that is over keeps us out as well: both are told.
  const [shown, seen] = await Promise.allSettled([
    broker.certificate(),
    Promise.all(named.map((name, index) => broker.look(index === 0 ? names : [], name === "" ? null : (name ?? null)))),
  ]);
  const certificate = shown.status === "fulfilled" ? judgeShown(shown.value, now) : [];
  if (seen.status === "rejected") return [...certificate, notReached(seen.reason)];
  const [first] = seen.value;
  return [
    ...(first === undefined ? [] : [ok("broker", `${first.product}, logged in`)]),
    ...certificate,
    ...(first === undefined ? [] : first.missingExchanges.map((name) => judgeExchange(name, name === ours))),
    ...seen.value.map(({ queue }, index) => judgeQueue(named[index], queue, config.amqp)),
  ];
}

function notReached(error: unknown): Finding {
  if (error instanceof UpstreamError || error instanceof RefusedError) return failure("broker", describeError(error));
  throw error;
}

/** The queue's name that Redis remembers; null: none yet; undefined: Redis is away. */
async function sharedName(store: BrokerNeeds["store"]): Promise<string | null | undefined> {
  try {
    return await (await store()).queueName();
  } catch (error) {
    if (error instanceof UpstreamError) return undefined;
    throw error;
  }
}

function judgeShown(shown: Awaited<ReturnType<BrokerCheckup["certificate"]>>, now: () => Instant): readonly Finding[] {
  const check = "certificate of the broker";
  if (shown === null) return [];
  const { pem, distrust } = shown;
  const trust =
    distrust === null
      ? []
      : [failure(check, `not trusted: ${distrust}`, "check tls.ca_cert, and the host in amqp_url")];
  return [...judgePem(check, pem, now()), ...trust];
}

function judgeExchange(name: string, isOurs: boolean): Finding {
  const key = isOurs ? "publish_exchange" : "bindings";
  const remedy = `mend ${key} in the configuration, or have it made by who runs the broker`;
  return failure("broker", `exchange ${JSON.stringify(name)} does not exist`, remedy);
}

function judgeQueue(
  name: string | null | undefined,
  queue: BrokerState["queue"],
  { passiveDeclares }: Config["amqp"],
): Finding {
  const check = "queue";
  if (name === undefined) return warning(check, "not checked: Redis, which remembers its name, is away");
  if (name === "") return ok(check, "the broker names one at each connection, and removes it after");
  if (name === null) return ok(check, "none yet: consume names and makes it at its first start");
  const bindings = "its bindings cannot be read over AMQP: consume makes them at each start";
  if (queue === "missing" || queue === null) {
    const message = `${name} does not exist`;
    return passiveDeclares
      ? failure(check, message, "have it made by who runs the broker: passive_declares is true")
      : warning(
          check,
          `${message}: nobody has consumed for a while, or never`,
          "start clean-amis consume, which makes it",
        );
  }
  if (queue === "exclusive") return ok(check, `${name} is there, and in use by a connection of its own; ${bindings}`);
  const { messages, consumers } = queue;
  const message = `${name}: ${messages} messages wait, ${consumers} consumers`;
  if (consumers === 0) return warning(check, message, "start clean-amis consume: nobody hears");
  return ok(check, `${message}; ${bindings}`);
}
