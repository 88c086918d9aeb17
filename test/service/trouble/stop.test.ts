import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { ServiceProcess } from "../../../src/demo/service.ts";
import { openBench, outgoing, until, uploads } from "../../support/servers/broker/bus.ts";
import { MuteServer } from "../../support/servers/mute.ts";
import { CuttableProxy } from "../../support/servers/proxy.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

// Each waits some seconds for something that never comes.
t.jobs = 4;

/** Ended in order, or cut off after eight seconds by the last resort: how fast this machine is decides between them. */
const ENDED = [0, 4];

/** What hangs, and the service on it as soon as it waits for that. */
type Hang = (t: Test) => Promise<{
  readonly service: ServiceProcess;
  /** Resolves when what was not done waits again. */
  readonly isKept: () => Promise<void>;
}>;
const FILE = "the system waits for a file";
const nothing = (): Promise<void> => Promise.resolve();

const REDIS = serverUrl("TEST_REDIS_URL");
const AMQP = serverUrl("TEST_AMQP_URL");

async function proxied(t: Test, target: string): Promise<CuttableProxy> {
  const proxy = await CuttableProxy.open(target);
  t.teardown(() => proxy.close());
  return proxy;
}

function mute(place: "ec2Url" | "datagrepperUrl" | "forgeUrl" | "composeHostUrl", stallsIn: "head" | "body"): Hang {
  return async (t) => {
    const server = await MuteServer.open(stallsIn);
    t.teardown(() => server.close());
    // With an EC2 that nobody answers for, acts are allowed, and what comes due is asked about.
    const bench = await openBench(t, REDIS, { ec2Url: "http://127.0.0.1:9", [place]: server.url });
    const service = await bench.start();
    await bench.publisher.send([...uploads(3), outgoing("fedimg.image.publish", UNKNOWN)]);
    await server.asked;
    return { service, isKept: nothing };
  };
}

/** Of a compose that only its host can tell of. */
const UNKNOWN = {
  compose: "Fedora-44-20261124.0",
  destination: "us-east-1",
  service: "EC2",
  image_name: "Fedora-Cloud-Base-44-20261124.0.x86_64",
  extra: { id: "ami-0aaaaaaaaaaaaaaaa" },
};

function redis(trouble: "cut" | "stall"): Hang {
  return async (t) => {
    const proxy = await proxied(t, REDIS);
    const bench = await openBench(t, proxy.urlFor(REDIS));
    const service = await bench.start();
    proxy[trouble]();
    await bench.publisher.send(uploads(50));
    await service.line((line) => line.msg === "holding deliveries until redis is back");
    const isKept = (): Promise<void> =>
      until("what was held waits again", async () => (await bench.publisher.waiting(bench.at.queue)) === 50);
    return { service, isKept };
  };
}

const broker: Hang = async (t) => {
  const proxy = await proxied(t, AMQP);
  const bench = await openBench(t, REDIS, { amqpUrl: proxy.urlFor(AMQP) });
  const service = await bench.start();
  proxy.stall();
  return { service, isKept: nothing };
};

/** Stands in for all that the system waits for in a thread that nobody can end: the answer of a name server above all. */
const file: Hang = async (t) => {
  const path = join(t.testdir(), "config");
  execFileSync("mkfifo", [path]);
  const bench = await openBench(t, REDIS, { ec2Url: "http://127.0.0.1:9" });
  const service = await bench.start({ AWS_CONFIG_FILE: path });
  await bench.publisher.send(uploads(3));
  await until("the file is read", async () => {
    try {
      // Refused as long as nobody reads; who reads gets nothing from then on.
      const writer = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
      t.teardown(() => writer.close());
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENXIO") return false;
      throw error;
    }
  });
  return { service, isKept: nothing };
};

const HANGS: Readonly<Record<string, Hang>> = {
  "EC2 answers nothing": mute("ec2Url", "head"),
  "EC2 answers half a body": mute("ec2Url", "body"),
  "the archive answers nothing": mute("datagrepperUrl", "head"),
  "the archive answers half a body": mute("datagrepperUrl", "body"),
  "Pagure answers nothing": mute("forgeUrl", "head"),
  "Pagure answers half a body": mute("forgeUrl", "body"),
  "the compose host answers nothing": mute("composeHostUrl", "head"),
  "the compose host answers half a body": mute("composeHostUrl", "body"),
  "Redis is away": redis("cut"),
  "Redis takes commands and answers none": redis("stall"),
  "the broker takes frames and answers none": broker,
  [FILE]: file,
};

for (const [what, hang] of Object.entries(HANGS))
  t.test(`stopped by SIGTERM while ${what}, the service ends, and nothing is lost`, async (t) => {
    const { service, isKept } = await hang(t);
    const start = performance.now();
    const code = await service.end("SIGTERM");
    t.comment(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s, exit code ${String(code)}`);
    // Node itself would wait for the file.
    const isEnded = what === FILE ? code === null : ENDED.includes(code ?? -1);
    t.ok(isEnded, `exit code ${String(code)}`);
    await isKept();
  });
