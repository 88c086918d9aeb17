import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { PROJECT } from "../../../src/demo/objector.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import type { RunningBroker } from "../../../src/demo/servers/rabbitmq.ts";
import { SECRETS, serviceConfig, TOKEN, USER } from "../../../src/demo/service-config.ts";
import { ServiceProcess } from "../../../src/demo/service.ts";
import { ACCOUNT } from "../../../src/demo/world.ts";
import { outgoing } from "../servers/bus.ts";
import { BrokerConsole, consoleOfRun } from "../servers/broker-console.ts";
import { CuttableProxy } from "../servers/proxy.ts";
import { serverUrl } from "../servers/redis.ts";
import type { Seen } from "./balance.ts";
import { SteadyPublisher } from "./publisher.ts";
import type { FaultyRedis } from "./redis.ts";

const REGIONS = ["us-east-1", "eu-west-1", "ap-south-1"];
const PRIVATE_AFTER_S = 1;
const DELETE_AFTER_S = 2;

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
  /** Starts a further process, which is in `services` from then on; resolves when it hears. */
  start(): Promise<ServiceProcess>;
  /** Uploads, one every so many milliseconds. */
  publish(count: number, everyMs: number): Promise<void>;
}

interface Needs {
  readonly redis: FaultyRedis;
  readonly broker: RunningBroker | null;
  /** What is published can be read in the archive as well. */
  readonly isArchived: boolean;
}

export async function openStage(t: Test, { redis, broker, isArchived }: Needs): Promise<Stage> {
  const doubles = await openDoubles(t);
  const amqpUrl = broker?.url ?? serverUrl("TEST_AMQP_URL");
  const [amqpProxy, redisProxy] = [
    await CuttableProxy.open(amqpUrl),
    redis.form === "alone" ? await CuttableProxy.open(redis.url) : null,
  ];
  const [name, queue] = [`faults-${randomUUID()}`, randomUUID()];
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-faults-"));
  const configFile = join(dir, "config.toml");
  const at = {
    amqpUrl: `${amqpProxy.urlFor(amqpUrl)}?heartbeat=5`,
    redisUrl: redisProxy?.urlFor(redis.url) ?? redis.url,
    ec2Url: doubles.simulator.url,
    forge: "pagure" as const,
    forgeUrl: doubles.forge.url,
    composeHostUrl: "",
    datagrepperUrl: doubles.archive.url,
    exchange: name,
    prefix: name,
    queue,
    monitoringPort: null,
  };
  await writeFile(configFile, configOf(serviceConfig(at)));
  const publisher = await SteadyPublisher.open(amqpUrl, name);
  const services: ServiceProcess[] = [];
  let published = 0;
  t.teardown(async () => {
    for (const service of services) await service.end("SIGKILL");
    await publisher.close(queue);
    await Promise.all([amqpProxy.close(), redisProxy?.close()]);
    await rm(dir, { recursive: true });
  });
  return {
    ...doubles,
    redis,
    broker,
    console: broker === null ? consoleOfRun(t) : broker.own === null ? null : BrokerConsole.open(t, broker.own),
    redisProxy,
    amqpProxy,
    services,
    confirmed: publisher.confirmed,
    privateAfterMs: PRIVATE_AFTER_S * 1000,
    deleteAfterMs: DELETE_AFTER_S * 1000,
    start: async () => {
      const service = new ServiceProcess(["consume", "--config", configFile], SECRETS);
      services.push(service);
      await service.line((line) => line.msg === "consuming");
      return service;
    },
    publish: async (count, everyMs) => {
      for (let index = 0; index < count; index += 1) {
        await new Promise((resolve) => setTimeout(resolve, everyMs));
        await publishOne(published++, doubles, publisher, isArchived);
      }
    },
  };
}

/** A life of some seconds, and leases that another one takes over soon. */
function configOf(config: string): string {
  return config
    .replace(/private_after = .*/, `private_after = "${PRIVATE_AFTER_S}s"`)
    .replace(/delete_after = .*/, `delete_after = "${DELETE_AFTER_S}s"`)
    .replace(/lease = .*/, 'lease = "5s"')
    .replace(
      "[consumer_config.budgets]",
      "[consumer_config.budgets]\nmax_deletes_per_day = 100000\nmax_private_per_day = 100000",
    );
}

interface Doubles {
  readonly simulator: Ec2Simulator;
  readonly forge: PagureDouble;
  readonly archive: DatagrepperDouble;
}

async function openDoubles(t: Test): Promise<Doubles> {
  const simulator = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } } });
  const forge = await startPagureDouble();
  const archive = await startDatagrepper();
  t.teardown(() => Promise.all([simulator.close(), forge.close(), archive.close()]));
  forge.tracker.setProject(PROJECT, { writers: [USER] });
  forge.setToken(TOKEN, { user: USER });
  return { simulator, forge, archive };
}

/** The image of a nightly of its own, as two would not have one name, is put into EC2, and announced. */
async function publishOne(
  index: number,
  { simulator, archive }: Doubles,
  publisher: SteadyPublisher,
  isArchived: boolean,
): Promise<void> {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  const [composeId, region] = [`Fedora-Rawhide-${day}.n.${index}`, REGIONS[index % REGIONS.length] ?? ""];
  const tail = randomUUID().replaceAll("-", "").slice(0, 17);
  const [amiId, name] = [`ami-${tail}`, `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.${index}`];
  simulator.addImage(region, {
    id: amiId,
    name,
    ownerId: ACCOUNT,
    snapshots: [{ id: `snap-${tail}`, isPublic: true }],
  });
  const body = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [region]: amiId } };
  const message = outgoing("fedora_image_uploader.published.v1.aws.rawhide", body);
  const { topic, messageId: id, headers } = message;
  if (isArchived) archive.add({ topic, id, at: Date.now(), headers, body });
  await publisher.send(amiId, message);
}
