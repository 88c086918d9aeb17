import t from "tap";
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { redisSchedule } from "../../src/adapters/redis/images/schedule.ts";
import { readHealth } from "../../src/inspect/health.ts";
import { Readiness, type Part } from "../../src/monitoring/ready.ts";
import type { Heard } from "../../src/ports/index.ts";
import { openServed, type Served } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { hearsAll, PERIODS } from "../support/world/world.ts";

interface Ready {
  readonly status: string;
  readonly parts: Readonly<Record<string, Part>>;
}

async function ready({ get }: Served): Promise<Ready & { readonly http: number }> {
  const answer = await get("/ready");
  return { http: answer.status, ...((await answer.json()) as Ready) };
}

/** All was heard until now, by messages and comments. */
async function hear({ world }: Served): Promise<void> {
  await rememberHeard(world.connection, world.clock.now());
}

t.test("a service that does its work is ready, with a word for each part", async (t) => {
  const served = await openServed(t);
  await hear(served);
  const { http, status, parts } = await ready(served);
  t.equal(http, 200);
  t.equal(status, "ready");
  t.same(Object.keys(parts), [
    "process",
    "broker",
    "redis",
    "heard",
    "tick",
    "report",
    "bus",
    "paused",
    "stopped",
    "breakers",
  ]);
  t.match(await (await served.get("/live")).json(), { status: "OK" });
});

t.test("one that ends, or to whom the broker does not deliver, is unready at once", async (t) => {
  const served = await openServed(t);
  await hear(served);
  served.self.isConsuming = false;
  t.match(await ready(served), { http: 503, status: "unready", parts: { broker: { state: "down" } } });
  served.self.isConsuming = true;
  const since = formatInstant(served.world.clock.now());
  t.match(await ready(served), { parts: { process: { state: "ok", word: "it runs", since } } });
  served.world.clock.advance(MINUTE_MS);
  served.self.end();
  const ended = formatInstant(served.world.clock.now());
  t.match(await ready(served), {
    http: 503,
    parts: { process: { state: "down", word: "it is ending", since: ended } },
  });
  t.equal((await served.get("/live")).status, 200);
});

t.test("an archive that is down makes it weaker, and only deafness of more than an hour unready", async (t) => {
  const served = await openServed(t);
  const { world, store } = served;
  await hear(served);
  world.clock.advance(30 * MINUTE_MS);
  t.match(await ready(served), {
    http: 200,
    status: "degraded",
    parts: { heard: { word: "the archive of messages is not heard" } },
  });
  world.clock.advance(31 * MINUTE_MS);
  const since = world.clock.now();
  await store.hearing.noteDeaf(since);
  t.match(await ready(served), { http: 200, parts: { heard: { state: "degraded", since: formatInstant(since) } } });
  world.clock.advance(HOUR_MS);
  t.match(await ready(served), {
    http: 503,
    parts: { heard: { state: "down", word: /^deaf, nothing is acted on: / } },
  });
});

t.test("a first window that is not read again for days is named, and keeps it ready", async (t) => {
  const served = await openServed(t);
  const { connection, clock } = served.world;
  await hear(served);
  const at = formatInstant(clock.now() - 4 * DAY_MS);
  await connection.redis.hset(connection.keys.control("ears"), "whole_at", at);
  const heard = { state: "degraded", word: /^what came late to the archive/, since: at };
  t.match(await ready(served), { http: 200, status: "degraded", parts: { heard } });
});

t.test("a pause, a stop, a breaker and a report that fails are named, and keep it ready", async (t) => {
  const served = await openServed(t);
  const { world, store } = served;
  await hear(served);
  const now = world.clock.now();
  await store.budgets.pause("somebody", "to look at it", now);
  await store.breakers.set("eu-west-1", {
    trouble: "failing",
    since: now,
    askAgainAt: now + HOUR_MS,
    times: 3,
    code: "InternalError",
  });
  const { redis, keys } = world.connection;
  const stop = JSON.stringify({ since: formatInstant(now), reason: "the day wants too much" });
  await redis.hset(keys.control("stopped"), "delete", stop);
  const lease = await world.reporter.journal.reporterLease();
  await lease?.noteStatus({ state: "failing", since: now, reason: "the token ran out", checkedAt: now });
  await lease?.end();
  const since = formatInstant(now);
  t.match(await ready(served), {
    http: 200,
    status: "degraded",
    parts: {
      paused: { state: "degraded", word: "a person has paused all acts", since },
      stopped: { state: "degraded", word: "delete: the day wants too much", since },
      breakers: { state: "degraded", word: /^eu-west-1: EC2 fails there/, since },
      report: { state: "degraded", word: "the public is not told", since },
    },
  });
});

t.test("a pass that hangs is named, and when none has ended well for long it is unready", async (t) => {
  const served = await openServed(t);
  const { world, store } = served;
  const began = world.clock.now();
  await store.pulse.beat("one", began, { tick: began });
  await hear(served);
  t.match(await ready(served), { parts: { tick: { state: "ok", since: formatInstant(began) } } });
  await store.pulse.beat("one", began, {}, [{ pass: "ticker us-east-1", since: began }]);
  t.match(await ready(served), { http: 200, parts: { tick: { state: "degraded", word: /^a pass hangs: ticker/ } } });
  await store.pulse.beat("one", began, {}, []);
  world.clock.advance(31 * MINUTE_MS);
  await hear(served);
  t.match(await ready(served), { http: 503, parts: { tick: { state: "down", since: formatInstant(began) } } });
});

t.test("signs of life that are still to come, by a wrong clock, are none", async (t) => {
  const served = await openServed(t);
  const { world, store, json } = served;
  const now = world.clock.now();
  await store.pulse.beat("dead", now + 30 * DAY_MS, { tick: now + 30 * DAY_MS, message: now });
  await hear(served);
  t.match(await ready(served), { parts: { tick: { word: "no pass has ended yet", since: null } } });
  t.match(await json("/api/v1/stats"), { last_tick: null, last_message: formatInstant(now), replicas: [] });
});

t.test("redis that is away is told within seconds, and the rest is not known", async (t) => {
  const served = await openServed(t);
  await hear(served);
  served.world.clock.advance(MINUTE_MS);
  const since = formatInstant(served.world.clock.now());
  served.world.connection.redis.disconnect();
  await ready(served);
  served.world.clock.advance(MINUTE_MS);
  const { http, status, parts } = await ready(served);
  t.equal(http, 503);
  t.equal(status, "unready");
  t.match(parts["redis"], { state: "down", since });
  t.equal(parts["heard"]?.state, "unknown");
  await served.world.connection.redis.connect();
  t.equal((await ready(served)).http, 200);
});

t.test(
  "redis that takes what it is asked and says nothing is away: page, figures and readiness come without it",
  async (t) => {
    const served = await openServed(t, { redisWithinMs: 200 });
    await hear(served);
    const { redis } = served.world.connection;
    const send = redis.sendCommand.bind(redis);
    const answers = (): void => {
      redis.sendCommand = send;
    };
    t.teardown(answers);
    redis.sendCommand = () => new Promise<never>(() => undefined);
    t.match(await ready(served), { http: 503, parts: { redis: { state: "down", word: "it does not answer" } } });
    t.match(await served.text("/metrics"), /^clean_amis_redis_up 0$/m);
    t.match(await served.text("/metrics"), /^clean_amis_build_info/m);
    t.match(await served.text("/"), /Redis\): it does not answer/);
    answers();
    t.equal((await ready(served)).http, 200);
  },
);

t.test("a clock that is wrong is called so, and not an absent redis", async (t) => {
  const { world, store } = await openServed(t);
  // The world's clock stands still, and Redis' own goes with the machine's.
  const schedule = redisSchedule(world.connection, world.clock, PERIODS);
  const now = (): number => world.clock.now();
  const since = now();
  const self = { running: () => ({ isEnding: false, since }), consuming: () => ({ isConsuming: true, since }) };
  const listen = (): Promise<Heard> => Promise.resolve(hearsAll(world.clock));
  const readiness = new Readiness({
    hearing: store.hearing,
    health: () => readHealth({ ...store, schedule, listen }),
    self,
    now,
    hearEveryMs: HOUR_MS,
    tickEveryMs: HOUR_MS,
    answerWithinMs: MINUTE_MS,
  });
  t.match((await readiness.look()).parts.redis, { state: "down", word: "its clock and ours are apart" });
});
