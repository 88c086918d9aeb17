import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import t, { type Test } from "tap";
import { SECRETS, serviceConfig, type Addresses } from "../../src/demo/service-config.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { runHere } from "../support/program/here.ts";
import { addDue } from "../support/program/listing.ts";
import { startProgram } from "../support/program/program.ts";
import { MuteServer } from "../support/servers/mute.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";

// Most of them wait two seconds for a last word.
t.jobs = 4;

const AMI = "ami-0a1a3731a749a16db";
const NOWHERE = "http://127.0.0.1:9";

interface Muted {
  readonly server: MuteServer;
  readonly configFile: string;
  readonly env: Readonly<Record<string, string>>;
}

type Place = "redisUrl" | "ec2Url" | "forgeUrl" | "datagrepperUrl" | "amqpUrl" | "amqps";

/** An installation in which one neighbour takes whatever is sent, and never answers, or never goes on. */
async function muted(test: Test, place: Place, stallsIn: "head" | "body" = "head"): Promise<Muted> {
  const server = await MuteServer.open(stallsIn);
  test.teardown(() => server.close());
  const connection = await openTestRedis(test);
  const { keys } = connection;
  await addDue(connection, "us-east-1", [Date.now() - DAY_MS]);
  const { host } = new URL(server.url);
  const urls: Readonly<Record<Place, Partial<Addresses>>> = {
    redisUrl: { redisUrl: `redis://${host}` },
    ec2Url: { ec2Url: server.url },
    forgeUrl: { forgeUrl: server.url },
    datagrepperUrl: { datagrepperUrl: server.url },
    amqpUrl: { amqpUrl: `amqp://${host}` },
    amqps: { amqpUrl: `amqps://${host}` },
  };
  const at: Addresses = {
    amqpUrl: "amqp://127.0.0.1:9",
    redisUrl: serverUrl("TEST_REDIS_URL"),
    ec2Url: NOWHERE,
    forge: "pagure",
    forgeUrl: NOWHERE,
    composeHostUrl: "",
    datagrepperUrl: "",
    exchange: "amq.topic",
    prefix: keys.format.replace(/:format$/, ""),
    queue: randomUUID(),
    monitoringPort: null,
    ...urls[place],
  };
  const toml = serviceConfig(at).replace('read_every = "1s"', 'operators = ["kevin"]');
  const configFile = join(test.testdir({ "config.toml": toml }), "config.toml");
  return { server, configFile, env: { ...SECRETS, REDIS_URL: at.redisUrl } };
}

const ROWS: readonly (readonly [string, Place, ("head" | "body")?])[] = [
  ["tick --once", "redisUrl"],
  ["tick --once", "datagrepperUrl"],
  ["tick --once", "datagrepperUrl", "body"],
  ["tick --once", "forgeUrl", "body"],
  ["tick --once --dry-run", "ec2Url"],
  ["reconcile", "ec2Url"],
  ["reconcile --apply", "ec2Url", "body"],
  ["doctor", "amqpUrl"],
  ["doctor", "amqps"],
  ["doctor", "forgeUrl"],
  ["doctor", "redisUrl"],
  ["config check", "forgeUrl"],
  [`explain ${AMI}`, "redisUrl"],
  ["report", "redisUrl"],
  ["queue stats", "redisUrl"],
  ["pause --reason x", "redisUrl"],
  [`hold ${AMI} --reason x`, "redisUrl"],
  ["rejected replay --all", "redisUrl"],
  ["events --follow", "redisUrl"],
  ["consume", "redisUrl"],
];

for (const [command, place, stallsIn = "head"] of ROWS)
  t.test(`${command}, stopped while ${place} hangs in its ${stallsIn}, ends and says so in one line`, async (t) => {
    const { server, configFile, env } = await muted(t, place, stallsIn);
    const stop = new AbortController();
    const running = runHere([...command.split(" "), "--config", configFile], { env, stop: stop.signal });
    const ended = running.catch((error: unknown) => String(error));
    await server.asked;
    stop.abort();
    const end = await ended;
    t.match(typeof end === "string" ? end : end.err, /^(?:AbortError: .*|clean-amis: interrupted\n)$/);
  });

for (const signal of ["SIGTERM", "SIGINT"] as const)
  t.test(`${signal} interrupts a command whose neighbour hangs: one line, and 1`, async (t) => {
    const { server, configFile, env } = await muted(t, "redisUrl");
    const child = startProgram(t, ["report", "--config", configFile], { env });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    await server.asked;
    child.kill(signal);
    await once(child, "close");
    t.same([child.exitCode, err], [1, "clean-amis: interrupted\n"]);
  });
