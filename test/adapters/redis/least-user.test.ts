import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import t, { type Test } from "tap";
import { redisCheckup } from "../../../src/adapters/redis/checkup.ts";
import { connectRedis, openRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { SECRETS } from "../../../src/demo/service-config.ts";
import { ROOT } from "../../support/docs/blocks.ts";
import { silentLog } from "../../support/run/log.ts";
import { openBench, outgoing } from "../../support/servers/broker/bus.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

/** The page for operators has the list. */
const LIST = /needs these commands[^:]*:\*`\): (?<list>[A-Z,\s]+)\./;
const ALL = (LIST.exec(readFileSync(join(ROOT, "docs/operating.md"), "utf8"))?.groups?.["list"] ?? "").split(/,\s+/);
const REGION = "us-east-1";
const AMI = "ami-0123456789abcdef0";

/** A user who may do nothing but these, until the test ends; resolves to the address that names it. */
async function userWith(
  t: Test,
  commands: readonly string[],
): Promise<{ readonly url: string; readonly admin: Redis }> {
  const url = new URL(serverUrl("TEST_REDIS_URL"));
  const admin = new Redis(url.href);
  const [name, password] = [`least-${randomUUID()}`, randomUUID()];
  await admin.call("ACL", "SETUSER", name, "on", `>${password}`, "~*", "-@all", ...commands.map((each) => `+${each}`));
  t.teardown(async () => {
    await admin.call("ACL", "DELUSER", name);
    await admin.quit();
  });
  url.username = name;
  url.password = password;
  return { url: url.href, admin };
}

async function connectionOf(t: Test, url: string): Promise<RedisConnection> {
  const connection = await openRedis(url, `test-${randomUUID()}`, silentLog);
  t.teardown(() => connection.close());
  return connection;
}

t.test("the list of commands is what the code and its scripts give, no more and no less", (t) => {
  const folder = join(ROOT, "src/adapters/redis");
  const texts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    // What only doctor asks is not needed; it tells what it may not.
    .filter((file) => /\.(?:ts|lua)$/.test(file) && !/checkup|commands/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const known = new Set([...ALL, "INFO", "QUIT"]);
  const inCode = texts.flatMap((text) => [
    ...[...text.matchAll(/(?:redis\.call\(|\{ |and |or )"([A-Z]{3,})"/g)].map(([, name = ""]) => name),
    ...[...text.matchAll(/(?:redis|node|multi\(\)|pipeline|batch)\s*\.([a-z]+)(?:Buffer|Stream)?\(/g)].map(
      ([, name = ""]) => name.toUpperCase(),
    ),
    ...[...text.matchAll(/^\s*\.([a-z]+)\(/gm)]
      .map(([, name = ""]) => name.toUpperCase())
      .filter((name) => known.has(name)),
  ]);
  // Those that are wished for, and our client's own words.
  const ours = ["INFO", "MEMORY", "CALL", "PCALL", "CONNECT", "DISCONNECT", "ON", "PIPELINE", "QUIT"];
  const used = new Set(inCode.filter((name) => !ours.includes(name)));
  t.same([...used, "DISCARD"].sort(), [...ALL].sort());
  t.end();
});

t.test("doctor asks for just these", async (t) => {
  const { url } = await userWith(t, ["MULTI", "DISCARD"]);
  const connection = await connectRedis(url, `test-${randomUUID()}`, silentLog);
  t.teardown(() => connection.close());
  const refused = await redisCheckup(connection).refusedCommands();
  t.same([...(refused ?? []), "MULTI", "DISCARD"].sort(), ALL);
});

t.test("a user with just these commands is enough for the whole way of an image", async (t) => {
  const { url } = await userWith(t, ALL);
  const [simulator, pagure, archive] = await Promise.all([
    startEc2Simulator({ accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: "125523088429" } } }),
    startPagureDouble(),
    startDatagrepper(),
  ]);
  t.teardown(() => Promise.all([simulator.close(), pagure.close(), archive.close()]));
  pagure.tracker.setProject("fedora-cloud/ami-reports", {});
  pagure.setToken(SECRETS.PAGURE_ACCESS_TOKEN, { user: "bot" });
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261120.0";
  simulator.addImage(REGION, { id: AMI, name, isPublic: true, createdAt: Date.now() - 60_000 });
  const services = { ec2Url: simulator.url, forgeUrl: pagure.url, datagrepperUrl: archive.url };
  const bench = await openBench(t, url, services);
  const service = await bench.start();
  const body = {
    architecture: "x86_64",
    compose_id: "Fedora-Rawhide-20261120.n.0",
    image_name: name,
    regions: { [REGION]: AMI },
  };
  await bench.publisher.send([outgoing("fedora_image_uploader.published.v1.aws", body)]);
  await service.line(({ plan, outcome }) => plan === "delete" && outcome === "settled");
  t.equal(await service.end("SIGTERM"), 0);
  const refused = service.lines.filter((line) => /NOPERM/.test(JSON.stringify(line)));
  t.same(refused, [], "nothing was refused to it");
  t.equal(service.complaints, "", "and the Redis client said nothing by itself");
});

t.test("without INFO a run of Redis is known by what only its memory has", async (t) => {
  const { url, admin } = await userWith(t, ALL);
  const connection = await connectionOf(t, url);
  const again = await openRedis(url, connection.keys.format.replace(/:format$/, ""), silentLog);
  t.teardown(() => again.close());
  const [one, other] = [redisHearing(connection, silentLog), redisHearing(again, silentLog)];
  const run = await one.runId();
  t.match(run, /^mark-/);
  t.same([await other.runId(), await one.runId()], [run, run], "whoever asks, and however often");
  // As a restart empties it.
  await admin.call("SCRIPT", "FLUSH");
  const next = await other.runId();
  t.not(next, run);
  t.equal(await one.runId(), next);
});

t.test("doctor names what is refused to the user, in one line", async (t) => {
  const missing = ["XADD", "ZADD", "EXEC"];
  const { url } = await userWith(
    t,
    ALL.filter((each) => !missing.includes(each)),
  );
  const { url: enough } = await userWith(t, ALL);
  t.same(await redisCheckup(await connectionOf(t, url)).refusedCommands(), missing);
  const whole = await connectionOf(t, enough);
  t.ok((await redisCheckup(whole).pingMs()) > 0, "and how fast Redis answers it can tell");
  t.same(await redisCheckup(whole).refusedCommands(), []);
  t.equal(await whole.redis.get(whole.keys.control("run")), null, "and asking wrote nothing");
});

t.test("whichever single command is refused, doctor names it, and asks for all else as before", async (t) => {
  const { url, admin } = await userWith(t, ALL);
  const connection = await connectionOf(t, url);
  const checkup = redisCheckup(connection);
  for (const command of ALL) {
    await admin.call("ACL", "SETUSER", new URL(url).username, `-${command}`);
    const [refused, latency] = await Promise.allSettled([checkup.refusedCommands(), checkup.pingMs()]);
    t.same(refused, { status: "fulfilled", value: command === "MULTI" ? null : [command] }, command);
    t.equal(latency.status, command === "TIME" ? "rejected" : "fulfilled", command);
    await admin.call("ACL", "SETUSER", new URL(url).username, `+${command}`);
  }
});

t.test(
  "a database that the user may not take, or that is not there, is told: nothing goes to another one",
  async (t) => {
    const { url, admin } = await userWith(t, ALL);
    const prefix = `test-${randomUUID()}`;
    const refused = new URL(url);
    refused.pathname = "/1";
    await t.rejects(openRedis(refused.href, prefix, silentLog), { name: "UpstreamError", message: /NOPERM.*select/i });
    const missing = new URL(serverUrl("TEST_REDIS_URL"));
    missing.pathname = "/4711";
    await t.rejects(openRedis(missing.href, prefix, silentLog), { name: "UpstreamError", message: /DB index/ });
    t.same(await admin.keys(`${prefix}:*`), []);
  },
);
