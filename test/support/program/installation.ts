import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type ChannelModel } from "amqplib";
import type { Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { openDoctor } from "../../../src/app/doctor.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { startComposeHost, type ComposeHost } from "../../../src/demo/outside/compose-host.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import {
  startEc2Simulator,
  type Ec2Simulator,
  type Ec2SimulatorOptions,
} from "../../../src/demo/outside/ec2/simulator.ts";
import type { TokenRights } from "../../../src/demo/outside/pagure/access.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { SECRETS, serviceConfig, TOKEN, USER } from "../../../src/demo/service-config.ts";
import { examine, type Examined } from "../../../src/doctor/doctor.ts";
import type { Finding } from "../../../src/doctor/finding.ts";
import { openTestRedis, rememberHeard, serverUrl } from "../servers/redis/redis.ts";
import { ACCOUNT } from "../world/image.ts";

export const REPO = "fedora-cloud/ami-reports";
/** No answer takes longer than this on the busiest machine; tests of what does not answer have limits of their own. */
const PATIENCE_MS = 120_000;
export const REGIONS = ["eu-west-1", "us-east-1"] as const;

/** An installation with nothing wrong: real broker and Redis, doubles of all else, and a consumer on the queue. */
export interface Installation {
  readonly connection: RedisConnection;
  readonly ec2: Ec2Simulator;
  readonly pagure: PagureDouble;
  readonly archive: DatagrepperDouble;
  readonly composeHost: ComposeHost;
  readonly broker: ChannelModel;
  readonly queue: string;
  readonly configFile: string;
  setToken(rights: Partial<TokenRights>): void;
  /** Writes the configuration with each text in place of another. */
  configure(...changes: readonly (readonly [from: string, to: string])[]): void;
  /** What the doctor finds; `change` replaces parts of what it looks at. */
  examine(change?: (examined: Examined) => Partial<Examined>): Promise<readonly Finding[]>;
}

export async function openInstallation(test: Test, options: Ec2SimulatorOptions = {}): Promise<Installation> {
  const connection = await openTestRedis(test);
  const prefix = connection.keys.format.replace(/:format$/, "");
  const ec2 = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } }, ...options });
  const [pagure, archive, composeHost] = await Promise.all([
    startPagureDouble(),
    startDatagrepper(),
    startComposeHost(),
  ]);
  pagure.tracker.setProject(REPO, {});
  const setToken = (rights: Partial<TokenRights>): void => {
    pagure.setToken(TOKEN, { user: USER, acls: ["issue_create", "issue_comment"], ...rights });
  };
  setToken({});
  const queue = randomUUID();
  const broker = await holdQueue(queue, prefix);
  test.teardown(async () => {
    await Promise.all([broker.close(), ec2.close(), pagure.close(), archive.close(), composeHost.close()]);
  });
  await connection.redis.sadd(connection.keys.regions, ...REGIONS);
  const now = Date.now();
  await rememberHeard(connection, now - (now % 1000));

  const dir = test.testdir({});
  const configFile = join(dir, "config.toml");
  const toml = serviceConfig({
    amqpUrl: serverUrl("TEST_AMQP_URL"),
    redisUrl: serverUrl("TEST_REDIS_URL"),
    prefix,
    queue,
    exchange: prefix,
    ec2Url: ec2.url,
    forge: "pagure",
    forgeUrl: pagure.url,
    composeHostUrl: composeHost.url,
    datagrepperUrl: archive.url,
    monitoringPort: null,
  }).replace("max_share_of_region = 1.0", "");
  const configure: Installation["configure"] = (...changes) => {
    const changed = changes.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`the configuration has no ${from}`);
      return text.replace(from, to);
    }, toml);
    writeFileSync(configFile, changed);
  };
  configure();
  return {
    connection,
    ec2,
    pagure,
    archive,
    composeHost,
    broker,
    queue,
    configFile,
    setToken,
    configure,
    examine: async (change = () => ({})) => {
      const examined = openDoctor(loadConfig(configFile, SECRETS), {});
      try {
        return await allOf(examine({ ...examined, limitMs: PATIENCE_MS, ...change(examined) }));
      } finally {
        await examined.close();
      }
    },
  };
}

/** The queue with a consumer, on an exchange of its own; both go with the connection. */
async function holdQueue(queue: string, exchange: string): Promise<ChannelModel> {
  const model = await connect(serverUrl("TEST_AMQP_URL"));
  const channel = await model.createChannel();
  await channel.assertExchange(exchange, "topic", { durable: false, autoDelete: true });
  await channel.assertQueue(queue, { durable: false, autoDelete: true });
  await channel.bindQueue(queue, exchange, "none");
  await channel.consume(queue, () => undefined);
  return model;
}

async function allOf(findings: AsyncIterable<Finding>): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for await (const finding of findings) all.push(finding);
  return all;
}

/** How quickly the run's Redis answers is the machine's matter. */
const OF_THIS_MACHINE = "redis latency";

/** What is not well, a line each. */
export function complaints(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ check, state }) => state !== "ok" && check !== OF_THIS_MACHINE)
    .map(({ check, state, message, remedy }) => `${state} ${check}: ${message}${remedy === null ? "" : `: ${remedy}`}`);
}

/** What the run's own Redis has wrong with it: it keeps nothing. */
export const OF_THIS_RUN =
  "warning redis persistence: appendonly is no: a crash loses what came since the last snapshot: set appendonly yes";

/** What is not well beside the run's own Redis. */
export async function complaintsOf(
  place: Installation,
  ...change: Parameters<Installation["examine"]>
): Promise<readonly string[]> {
  return complaints(await place.examine(...change)).filter((line) => line !== OF_THIS_RUN);
}
