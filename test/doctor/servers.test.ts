import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import t from "tap";
import { connectRedis } from "../../src/adapters/redis/connection.ts";
import { redisBudgets } from "../../src/adapters/redis/control/budgets.ts";
import { findServers } from "../../src/demo/servers/find.ts";
import { startRedis } from "../../src/demo/servers/redis.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { complaints, complaintsOf, openInstallation } from "../support/program/installation.ts";
import { silentLog } from "../support/run/log.ts";
import { rememberHeard, serverUrl } from "../support/servers/redis/redis.ts";
import { addNightly, openWorld, UPLOADER } from "../support/world/world.ts";

t.test("a broker that is away, or lacks exchange or queue, is told", async (t) => {
  const place = await openInstallation(t);
  const { queue } = place;
  const exchange = place.connection.keys.format.replace(/:format$/, "");
  const nowhere = "3f2c1bd2-0000-4000-8000-000000000000";
  place.configure([`[queues.${queue}]`, `[queues.${nowhere}]`], [`queue = "${queue}"`, `queue = "${nowhere}"`]);
  t.same(await complaintsOf(place), [
    `warning queue: ${nowhere} does not exist: nobody has consumed for a while, or never: start clean-amis consume, which makes it`,
  ]);
  const passive = "passive_declares = true\n";
  place.configure(
    ["amqp_url", `${passive}amqp_url`],
    [`[queues.${queue}]`, `[queues.${nowhere}]`],
    [`queue = "${queue}"`, ""],
  );
  t.match(await complaintsOf(place), [/^failure queue: 3f2c\S+ does not exist: have it made by who runs the broker/]);
  place.configure([`exchange = "${exchange}"`, 'exchange = "nowhere"']);
  t.same(await complaintsOf(place), [
    'failure broker: exchange "nowhere" does not exist: mend bindings in the configuration, or have it made by who runs the broker',
  ]);
  place.configure([`[queues.${queue}]`, "[queues.auto]"], [`queue = "${queue}"`, ""]);
  t.same(await complaintsOf(place), [], "a queue that is still to be named");
  place.configure([serverUrl("TEST_AMQP_URL"), "amqp://me:S3CRET@127.0.0.1:1/v"]);
  const [line = "", ...more] = await complaintsOf(place);
  t.same(more, []);
  t.match(
    line,
    /^failure broker: broker at amqp:\/\/127\.0\.0\.1:1\/v cannot be used: .*ECONNREFUSED.*: is it running, /,
  );
  const stranger = new URL(serverUrl("TEST_AMQP_URL"));
  stranger.password = "S3CRET";
  place.configure([serverUrl("TEST_AMQP_URL"), stranger.href]);
  const refused = (await complaintsOf(place)).join("\n");
  t.match(refused, /^failure broker: .*ACCESS.REFUSED/);
  t.notMatch(`${line}${refused}`, "S3CRET");
});

t.test("a queue that another connection has for itself is there", async (t) => {
  const place = await openInstallation(t);
  const channel = await place.broker.createChannel();
  const own = "0d9b8f6e-0000-4000-8000-000000000000";
  await channel.assertQueue(own, { exclusive: true });
  place.configure([`[queues.${place.queue}]`, `[queues.${own}]`], [`queue = "${place.queue}"`, ""]);
  const findings = await place.examine();
  t.match(
    findings.find(({ check }) => check === "queue"),
    { state: "ok", message: /is there, and in use by a connection of its own/ },
  );
});

t.test("a Redis that is away is one failure, and all else is still checked", async (t) => {
  const place = await openInstallation(t);
  place.configure(
    [serverUrl("TEST_REDIS_URL"), "redis://me:S3CRET@127.0.0.1:1/0"],
    [`[queues.${place.queue}]`, "[queues.auto]"],
    [`queue = "${place.queue}"`, ""],
  );
  const findings = await place.examine();
  t.match(complaints(findings), [
    /^warning queue: not checked: Redis, which remembers its name, is away$/,
    /^failure redis: redis at redis:\/\/\*\*\*@127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED.*: start it, or mend /,
  ]);
  t.match(
    findings.find(({ check }) => check === "ec2 us-east-1 permissions"),
    { state: "ok" },
    "one region stands for all",
  );
});

t.test("a question that the endpoint does not know is no failure where another one will do", async (t) => {
  const place = await openInstallation(t);
  const unknown = { kind: "error", code: "InvalidAction", times: Infinity } as const;
  place.ec2.faults.add({ ...unknown, action: "DescribeImageReferences", region: "us-east-1" });
  place.ec2.faults.add({ ...unknown, action: "DeleteSnapshot", region: "eu-west-1" });
  t.same(await complaintsOf(place), [
    "failure ec2 eu-west-1 permissions: the endpoint does not know ec2:DeleteSnapshot: see that ec2.endpoint is EC2's own",
    "warning ec2 us-east-1 permissions: the endpoint does not know ec2:DescribeImageReferences: launch templates that use an image are not seen: nothing, if it is no AWS",
  ]);
});

t.test("a Redis that accepts and does not answer ends its check, and holds up no other", async (t) => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.teardown(() => silent.close());
  const place = await openInstallation(t);
  place.configure([serverUrl("TEST_REDIS_URL"), `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`]);
  const [line = "", ...others] = await complaintsOf(place, () => ({ limitMs: 60_000 }));
  t.match(line, /^failure redis: redis at redis:\S+ cannot be used: Socket timeout.*: start it, or mend/);
  t.same(others, []);
});

t.test("a Redis that would lose schedules is told, and one that may not be asked", async (t) => {
  const server = await startRedis((await findServers()).redis, { appendOnly: true });
  const owner = await connectRedis(server.url, "clean-amis", silentLog);
  t.teardown(async () => {
    await owner.close();
    await server.stop();
  });
  const place = await openInstallation(t);
  const said = t.capture(console, "warn");
  const url = new URL(server.url);
  const redisWith = async (...settings: readonly (readonly [string, string])[]): Promise<readonly string[]> => {
    for (const [name, value] of settings) await owner.redis.config("SET", name, value);
    place.configure([serverUrl("TEST_REDIS_URL"), url.href]);
    return (await complaintsOf(place)).filter((line) => !line.includes("ears: "));
  };
  t.same(await redisWith(), [], "as it should be");
  t.same(await redisWith(["maxmemory-policy", "allkeys-lru"], ["maxmemory", "1mb"]), [
    "failure redis persistence: maxmemory-policy is allkeys-lru: a full memory loses schedules: set maxmemory-policy noeviction",
    ...(await redisWith()).filter((line) => line.includes("memory: ")),
  ]);
  await redisWith(["maxmemory-policy", "noeviction"], ["maxmemory", "0"]);
  await owner.redis.replicaof("127.0.0.1", 1);
  t.match(await redisWith(), [
    /^failure redis: Redis \S+ is a replica: it takes no writes: give the primary's address$/,
  ]);
  await owner.redis.replicaof("NO", "ONE");
  await owner.redis.acl("SETUSER", "narrow", "on", ">S3CRET", "~*", "+@all", "-info", "-memory", "-config");
  [url.username, url.password] = ["narrow", "S3CRET"];
  t.same(await redisWith(), [
    "warning redis: reached; its version, persistence and memory may not be asked: a new run is known by another sign: allow INFO to its user",
  ]);
  t.same(said(), [], "the Redis client says nothing by itself");
});

t.test(
  "what Redis remembers of the service is told: deaf ears, a failing reporter, a pause, another format",
  async (t) => {
    const place = await openInstallation(t);
    const { redis, keys } = place.connection;
    const now = Date.now();
    await rememberHeard(place.connection, now - 2.5 * HOUR_MS);
    const since = "2026-11-24T08:00:00Z";
    await redis.hset(keys.control("reporter:pagure:status"), {
      state: "failing",
      since,
      reason: "the token is over: make a new one",
      checked_at: since,
    });
    await redisBudgets(place.connection, { maxDeletesPerDay: 1, maxPrivatePerDay: 1, maxShareOfRegion: 1 }).pause(
      "relengbot",
      "release day",
      now,
    );
    await redis.set(keys.format, "99");
    t.match(await complaintsOf(place), [
      /^failure redis keys: format "99", this program knows 1: run the newer clean-amis that wrote it/,
      /^warning ears: everything was heard until \S+ \(2h 3\dm ago\); nothing is acted on: it has not heard for more than an hour .*: start clean-amis consume/,
      /^failure reporter: failing since 2026-11-24T08:00:00Z \(.*\): the token is over: make a new one$/,
      /^warning acts: paused by relengbot: release day: clean-amis resume, when that is over$/,
    ]);
    await redis.del(keys.control("ears"));
    await redis.hset(keys.control("reporter:pagure:status"), { state: "ok", reason: "" });
    t.match(await complaintsOf(place), [
      /^failure redis keys/,
      /^warning ears: nothing is acted on: it has not heard yet/,
      /^warning reporter: last pass 2026-11-24T08:00:00Z .* and none since: /,
      /^warning acts/,
    ]);
  },
);

t.test("keys of somebody else's in Redis are told, one by one, and hide nothing", async (t) => {
  const place = await openInstallation(t);
  const { redis, keys } = place.connection;
  await redis.set(keys.control("ears"), "not ours");
  await redis.set(keys.regions, "not ours");
  await redis.set(keys.format, "not ours");
  const told = (key: string): string =>
    `failure records: ${key} is not of the type that clean-amis writes: it is left alone; look at it (redis-cli TYPE '${key}'), ` +
    `then move it away: redis-cli RENAME '${key}' '${key}:moved'`;
  const complaints = await complaintsOf(place);
  t.match(complaints, [
    /^failure redis keys: format "not ours", this program knows 1: /,
    /^warning ears: nothing is acted on: it has not heard yet/,
  ]);
  t.same(complaints.slice(2).sort(), [told(keys.regions), told(keys.control("ears"))].sort());
  const findings = await place.examine();
  t.match(
    findings.find(({ check }) => check === "ec2 us-east-1 permissions"),
    { state: "ok" },
  );
});

t.test("a clock that is apart from Redis' is told", async (t) => {
  const place = await openInstallation(t);
  const apart = (skewMs: number) =>
    complaintsOf(place, ({ store }) => ({
      store: async () => {
        const known = await store();
        const now = () => Promise.resolve({ at: Date.now(), skewMs, shared: Date.now() });
        return instead(known, { schedule: instead(known.schedule, { now }) });
      },
    }));
  t.same(await apart(6000), ["warning clock: 6s apart from Redis': let both machines follow a time server (chronyd)"]);
  t.match(await apart(2 * MINUTE_MS), [/^failure clock: 2m apart from Redis': nothing is acted on beyond 1m: /]);
});

/** The same thing with some properties replaced. */
function instead<T extends object>(thing: T, own: Partial<T>): T {
  return new Proxy(thing, {
    get: (target, name): unknown => Reflect.get(name in own ? own : target, name),
  });
}

t.test("room for more images is told by the size of those that are there", async (t) => {
  const world = await openWorld(t);
  for (let number = 1; number <= 9; number += 1) {
    const nightly = addNightly(world, number);
    await world.hear(UPLOADER, nightly.message);
  }
  const { redisCheckup: redisInspection } = await import("../../src/adapters/redis/checkup.ts");
  const bytes = (await redisInspection(world.connection).bytesPerImage("us-east-1")) ?? 0;
  t.comment(`${Math.round(bytes)} bytes an image`);
  t.ok(bytes > 500 && bytes < 20_000, String(bytes));
});
