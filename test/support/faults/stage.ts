import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Test } from "tap";
import { keysOf } from "../../../src/adapters/redis/keys.ts";
import type { RunningBroker } from "../../../src/demo/servers/rabbitmq.ts";
import { SECRETS, serviceConfig } from "../../../src/demo/service-config.ts";
import { ServiceProcess } from "../../../src/demo/service.ts";
import type { Dice } from "../random/mutate.ts";
import type { BrokerConsole } from "../servers/broker/broker-console.ts";
import type { CuttableProxy } from "../servers/proxy.ts";
import { serverUrl } from "../servers/redis/redis.ts";
import type { Seen } from "./balance.ts";
import type { Fault } from "./fault.ts";
import { inHand, type InHand } from "./in-hand.ts";
import { openDoubles, publishOne, REGIONS } from "./outside.ts";
import { SteadyPublisher } from "./publisher.ts";
import type { FaultyRedis } from "./redis.ts";
import { consoleFor, logIn, openWays, urlWith } from "./ways.ts";

const PRIVATE_AFTER_S = 1;
const DELETE_AFTER_S = 2;
const LEASE_S = 10;

/** The service as processes, its real neighbours, and doubles of those that are none of ours. */
export interface Stage extends Seen {
  readonly redis: FaultyRedis;
  /** Null: the run's own, which others use as well. */
  readonly broker: RunningBroker | null;
  /** Null: nobody may do there what an administrator does. */
  readonly console: BrokerConsole | null;
  /** Between the service and Redis; null where there are several. */
  readonly redisProxy: CuttableProxy | null;
  readonly amqpProxy: CuttableProxy;
  readonly services: ServiceProcess[];
  /** The service's own user at the broker. */
  readonly login: { readonly user: string; readonly password: string };
  readonly queue: QueueHands;
  /** Of each region in which images come and go, the key of a slot. */
  readonly regionKeys: readonly string[];
  readonly dice: Dice;
  /** What each process that was killed had in hand. */
  readonly kills: readonly InHand[];
  /** When any process acknowledged something to the broker, as it went over the wire. */
  readonly acknowledged: readonly number[];
  /** Starts a further process, which is in `services` from then on; resolves when it hears. */
  start(): Promise<ServiceProcess>;
  /** Kills a process, and notes what it had in hand. */
  kill(service: ServiceProcess): Promise<void>;
  /** Uploads, one every so many milliseconds; 0: all at once. Resolves when all are confirmed. */
  publish(count: number, everyMs: number): Promise<void>;
}

/** What a person does to the service's queue. */
interface QueueHands {
  remove(): Promise<void>;
  /** In one breath, so that nobody makes it meanwhile: removed, and made with other arguments. */
  makeOther(): Promise<void>;
}

interface Needs {
  readonly redis: FaultyRedis;
  readonly broker: RunningBroker | null;
  readonly fault: Fault;
  readonly dice: Dice;
}

export async function openStage(t: Test, { redis, broker, fault, dice }: Needs): Promise<Stage> {
  const doubles = await openDoubles(t);
  const brokerUrl = broker?.url ?? serverUrl("TEST_AMQP_URL");
  const ways = await openWays(t, brokerUrl, redis);
  const [name, queue] = [`faults-${randomUUID()}`, randomUUID()];
  const console = consoleFor(t, broker);
  const login = await logIn(t, console, name);
  const publisher = await openPublisher(t, brokerUrl, { exchange: name, queue });
  const addresses = {
    amqpUrl: `${urlWith(ways.amqpProxy.urlFor(brokerUrl), login)}?heartbeat=5`,
    redisUrl: ways.redisProxy?.urlFor(redis.url) ?? redis.url,
    ec2Url: doubles.simulator.url,
    forge: "pagure",
    forgeUrl: doubles.forge.url,
    composeHostUrl: "",
    datagrepperUrl: doubles.archive.url,
    exchange: name,
    prefix: name,
    queue,
    monitoringPort: null,
  } as const;
  const config = serviceConfig(addresses, 1, { isTelling: fault.isAnnounced });
  const configFile = await writeForTest(t, configOf(config, fault));
  const where = { redis, console, prefix: name, queue, regions: REGIONS, leaseMs: LEASE_S * 1000 };
  let published = 0;
  return {
    ...doubles,
    ...ways,
    ...openProcesses(t, configFile, (since) => inHand(since, where)),
    redis,
    broker,
    console,
    login,
    queue: handsOn(queue, publisher),
    regionKeys: REGIONS.map((region) => keysOf(name).images(region)),
    dice,
    confirmed: publisher.confirmed,
    privateAfterMs: PRIVATE_AFTER_S * 1000,
    deleteAfterMs: DELETE_AFTER_S * 1000,
    publish: (count, everyMs) =>
      inTurn(count, everyMs, () => publishOne(published++, doubles, publisher, fault.isArchived)),
  };
}

/** Somebody hears what the bus is told of us: what nobody hears comes back. */
async function openPublisher(
  t: Test,
  brokerUrl: string,
  { exchange, queue }: { readonly exchange: string; readonly queue: string },
): Promise<SteadyPublisher> {
  const publisher = await SteadyPublisher.open(brokerUrl, exchange);
  const hearers = `${queue}-told`;
  t.teardown(async () => {
    await publisher.by(async (channel) => {
      await channel.deleteQueue(queue);
      await channel.deleteQueue(hearers);
    });
    await publisher.close();
  });
  await publisher.by(async (channel) => {
    await channel.assertQueue(hearers, { durable: true });
    await channel.bindQueue(hearers, exchange, "#.clean_amis.#");
  });
  return publisher;
}

async function writeForTest(t: Test, config: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-faults-"));
  t.teardown(() => rm(dir, { recursive: true }));
  const file = join(dir, "config.toml");
  await writeFile(file, config);
  return file;
}

function openProcesses(
  t: Test,
  configFile: string,
  look: (since: number) => Promise<InHand>,
): Pick<Stage, "services" | "kills" | "start" | "kill"> {
  const services: ServiceProcess[] = [];
  const since = new Map<ServiceProcess, number>();
  const kills: InHand[] = [];
  t.teardown(async () => {
    for (const service of services) await service.end("SIGKILL");
  });
  return {
    services,
    kills,
    start: async () => {
      const service = new ServiceProcess(["consume", "--config", configFile], SECRETS);
      services.push(service);
      since.set(service, Date.now());
      await service.line((line) => line.msg === "consuming");
      return service;
    },
    kill: async (service) => {
      if (service.pid !== undefined) process.kill(service.pid, "SIGSTOP");
      kills.push(await look(since.get(service) ?? 0));
      await service.end("SIGKILL");
    },
  };
}

async function inTurn(count: number, everyMs: number, send: () => Promise<void>): Promise<void> {
  const sent: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    if (everyMs > 0) await pause(everyMs);
    const sending = send();
    sent.push(sending);
    if (everyMs > 0) await sending;
  }
  await Promise.all(sent);
}

function handsOn(queue: string, publisher: SteadyPublisher): QueueHands {
  return {
    remove: () => publisher.by((channel) => channel.deleteQueue(queue)),
    makeOther: () =>
      publisher.by((channel) =>
        Promise.all([
          channel.deleteQueue(queue),
          channel.assertQueue(queue, { durable: true, arguments: { "x-max-length": 5 } }),
        ]),
      ),
  };
}

/** A life of some seconds, and leases that another one takes over soon. */
function configOf(config: string, { queue }: Fault): string {
  return config
    .replace("arguments = {}", `arguments = ${queue}`)
    .replace(/private_after = .*/, `private_after = "${PRIVATE_AFTER_S}s"`)
    .replace(/delete_after = .*/, `delete_after = "${DELETE_AFTER_S}s"`)
    .replace(/lease = .*/, `lease = "${LEASE_S}s"`)
    .replace(
      "[consumer_config.budgets]",
      `[consumer_config.budgets]
max_deletes_per_day = 100000
max_private_per_day = 100000`,
    );
}
