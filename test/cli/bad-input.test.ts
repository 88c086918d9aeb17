import { once } from "node:events";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import type { RedisConnection } from "../../src/adapters/redis/connection.ts";
import { widthOf } from "../../src/cli/terminal/width.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { runHere } from "../support/program/here.ts";
import { addDue, runOver } from "../support/program/listing.ts";
import { configFile, startProgram, type Ended } from "../support/program/program.ts";
import { CuttableProxy } from "../support/servers/proxy.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";

const COMPOSE = "Fedora-Rawhide-20261121.n.0";
const NARROW = { columns: 40, rows: 24, isColoured: false };

/** Every command that reads the records, with words that it takes. */
const READERS: readonly (readonly string[])[] = [
  ["queue"],
  ["queue", "--json"],
  ["queue", "--plain"],
  ["queue", "--refused"],
  ["queue", "--stage", "kept"],
  ["queue", "stats"],
  ["queue", "show", "ami-0123456789abcdef0"],
  ["queue", "show", COMPOSE],
  ["history", "ami-0123456789abcdef0"],
  ["history", COMPOSE],
  ["events"],
  ["rejected"],
  ["rejected", "show", "1-1"],
  ["rejected", "replay", "--all"],
  ["rejected", "purge", "1-1", "--yes"],
];

/** Lines for people, no stack, and one of the documented codes. */
function isSensible(test: Test, { code, out, err }: Ended, what: string): void {
  test.ok(code === 0 || code === 1, `${what}: ${code ?? "killed"}`);
  test.notMatch(out + err, /^ +at |bug in clean-amis|undefined|NaN|\[object/m, what);
  for (const line of err.split("\n").slice(0, -1)) test.match(line, /^clean-amis: \S/, what);
}

/** Two regions: in one all is well, in the other somebody else wrote under each of our names. */
async function openForeign(t: Test): Promise<RedisConnection> {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const now = Date.now();
  await addDue(connection, "us-east-1", [now + HOUR_MS, now + DAY_MS, now + 2 * DAY_MS]);
  const region = "eu-west-1";
  await redis.sadd(keys.regions, region);
  await redis.set(keys.queue(region, "private"), "foreign");
  await redis.lpush(keys.events(region), "foreign");
  await redis.hset(keys.images(region), "foreign", "1");
  // Members that are no AMIs, a score that is no date, and records that are none of ours.
  await redis.zadd(keys.queue(region, "delete"), "-inf", "one", "1e300", "two\u001b[31m", 5, "ami-0123456789abcdef0");
  await redis.hset(keys.image(region, "one"), "stage", "melted", "uploaded_at", "x");
  await redis.set(keys.image(region, "ami-0123456789abcdef0"), "foreign");
  return connection;
}

t.test("what somebody else wrote under our names is told in one line each, and the rest is listed", async (t) => {
  const connection = await openForeign(t);
  const { code, out, err } = await runOver(t, connection, "queue");
  t.equal(code, 1, "a part could not be read");
  t.equal(out.match(/us-east-1/g)?.length, 3, "the rest is there");
  t.match(
    err,
    /^clean-amis: redis: \S+:\{eu-west-1\}:private is not of the type that clean-amis writes: it is left alone; look at it/m,
  );
  t.match(err, /^clean-amis: eu-west-1 one: its stage cannot be read: "melted": nothing is done to it; look at it/m);
  t.match(err, /^clean-amis: eu-west-1 ami-0123456789abcdef0: its record is not a hash/m);
  t.match(err, /^clean-amis: eu-west-1 two \[31m: it has no record/m);
  t.notMatch(out + err, /\u001b/);
  for (const args of READERS) {
    const ended = await runOver(t, connection, ...args);
    isSensible(t, ended, args.join(" "));
  }
  t.match((await runOver(t, connection, "queue", "stats")).out, /us-east-1 +3/);
  t.match((await runOver(t, connection, "events")).out, /scheduled/);
});

t.test("foreign keys in place of every key of the service are told, whatever is asked", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  for (const name of ["paused", "stopped", "ears", "status", "replicas", "breakers"] as const)
    await redis.lpush(keys.control(name), "foreign");
  await redis.set(keys.rejected, "foreign");
  for (const args of READERS) isSensible(t, await runOver(t, connection, ...args), args.join(" "));
  const asked = await runOver(t, connection, "queue", "--refused");
  t.equal(asked.code, 1);
  for (const name of ["{control}:paused", "{control}:stopped", "{control}:ears", "{control}:breakers", "rejected"])
    t.equal(asked.err.split("\n").filter((line) => line.includes(`:${name} is not of the type`)).length, 1, name);
  await redis.set(keys.regions, "foreign");
  for (const args of READERS) isSensible(t, await runOver(t, connection, ...args), args.join(" "));
  const { code, err } = await runOver(t, connection, "queue");
  t.equal(code, 1, "a part could not be read");
  t.match(err, /^clean-amis: redis: \S+:regions is not of the type that clean-amis writes: .*\n$/, "one line");
});

t.test("a Redis that goes away in the middle ends a list with 1 and one line", async (t) => {
  const connection = await openTestRedis(t);
  const now = Date.now();
  await addDue(
    connection,
    "us-east-1",
    Array.from({ length: 2000 }, (_, index) => now + index * 1000),
  );
  const proxy = await CuttableProxy.open(serverUrl("TEST_REDIS_URL"));
  t.teardown(() => proxy.close());
  const env = { REDIS_URL: proxy.urlFor(serverUrl("TEST_REDIS_URL")) };
  for (const args of [["queue"], ["queue", "--json"], ["events", "--since", "1d"]]) {
    proxy.mend();
    const cut = (): void => {
      proxy.cut();
    };
    const ended = await runHere([...args, "--config", configFile(t, connection)], { env, onPrint: cut });
    t.equal(ended.code, 1, args.join(" "));
    t.match(ended.err, /^clean-amis: redis: [^\n]+\n$/, args.join(" "));
    t.ok(ended.out.length > 0, "what was read by then was printed");
  }
});

t.test("a reader that has seen enough ends a list of thousands with 0 and without a word", async (t) => {
  const connection = await openTestRedis(t);
  const now = Date.now();
  await addDue(
    connection,
    "us-east-1",
    Array.from({ length: 3000 }, (_, index) => now + index * 1000),
  );
  const child = startProgram(t, ["queue", "--config", configFile(t, connection)]);
  const complaints = text(child.stderr);
  child.stdout.once("data", () => child.stdout.destroy());
  await once(child, "close");
  t.same([child.exitCode, await complaints], [0, ""]);
});

t.test("no line of a table is wider than a screen of 40 columns", async (t) => {
  const connection = await openTestRedis(t);
  const now = Date.now();
  await addDue(connection, "ap-southeast-3", [now - HOUR_MS, now + DAY_MS]);
  for (const args of [
    ["queue"],
    ["queue", "--refused"],
    ["queue", "stats"],
    ["events"],
    ["rejected"],
    ["queue", "--held"],
  ]) {
    const { out } = await runHere([...args, "--config", configFile(t, connection)], { screen: NARROW });
    for (const line of out.split("\n")) t.ok(widthOf(line) <= 40, `${args.join(" ")}: ${line}`);
  }
  const [region, amiId] = ["ap-southeast-3", "ami-0123456789abcdef0"];
  await connection.redis.zadd(connection.keys.queue(region, "private"), "5", amiId);
  const noted = await runHere(["queue", "--config", configFile(t, connection)], { screen: { ...NARROW, columns: 60 } });
  t.match(noted.out, new RegExp(`${amiId}\\n  it has no record: nothing is done to it\\n`), "a note is below its row");
  await connection.redis.zrem(connection.keys.queue(region, "private"), amiId);
  const { out } = await runHere(["queue", "--config", configFile(t, connection)], { screen: NARROW });
  t.match(out, /^DUE +QUEUE +AMI *\n\S+ ago +private ami-[0-9a-f]{17}\n/, "when, what and which are there");
});
