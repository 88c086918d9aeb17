import type { Config } from "../config/config.ts";
import { judgePem } from "./certificates.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import type { Instant } from "../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import type { BrokerCheckup, BrokerState, StoreCheckup } from "../ports/index.ts";

interface BrokerNeeds {
  readonly config: Pick<Config, "amqp">;
  readonly now: () => Instant;
  readonly broker: BrokerCheckup;
  readonly store: () => Promise<Pick<StoreCheckup, "queueName">>;
}

/** Whether the broker lets us in, its certificate, and whether exchanges and queue are there. */
export async function checkBroker({ config, broker, store, now }: BrokerNeeds): Promise<readonly Finding[]> {
  const { exchanges, bindings, queue } = config.amqp;
  const names = [...new Set([...Object.keys(exchanges), ...bindings.map(({ exchange }) => exchange)])];
  const queueName = queue.name === "auto" ? await sharedName(store) : queue.name;
  // A certificate that is over keeps us out as well: both are told.
  const [shown, seen] = await Promise.allSettled([broker.certificate(), broker.look(names, queueName ?? null)]);
  const certificate = shown.status === "fulfilled" ? judgeShown(shown.value, now) : [];
  if (seen.status === "rejected") return [...certificate, notReached(seen.reason)];
  const { product, missingExchanges } = seen.value;
  return [
    ok("broker", `${product}, logged in`),
    ...certificate,
    ...missingExchanges.map((name) => judgeExchange(name, config.amqp)),
    judgeQueue(queueName, seen.value.queue, config.amqp),
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

function judgeExchange(name: string, { exchanges, passiveDeclares }: Config["amqp"]): Finding {
  const isOurs = !passiveDeclares && name in exchanges;
  const message = `exchange ${JSON.stringify(name)} does not exist`;
  return isOurs
    ? warning("broker", `${message} yet: consume makes it`)
    : failure("broker", message, "mend exchanges and bindings in the configuration");
}

function judgeQueue(
  name: string | null | undefined,
  queue: BrokerState["queue"],
  { passiveDeclares }: Config["amqp"],
): Finding {
  const check = "queue";
  if (name === undefined) return warning(check, "not checked: Redis, which remembers its name, is away");
  if (name === null) return ok(check, "none yet: consume names and makes it at its first start");
  const bindings = "its bindings cannot be read over AMQP: consume makes them at each start";
  if (queue === "missing" || queue === null) {
    const message = `${name} does not exist`;
    return passiveDeclares
      ? failure(check, message, "have it made, with its bindings, by who runs the broker: passive_declares is true")
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
  return ok(check, passiveDeclares ? `${message}; its bindings are made by others` : `${message}; ${bindings}`);
}
