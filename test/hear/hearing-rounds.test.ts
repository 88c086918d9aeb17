import t, { type Test } from "tap";
import { openDatagrepper } from "../../src/adapters/datagrepper/archive.ts";
import { redisHearing } from "../../src/adapters/redis/control/hearing.ts";
import { startDatagrepper } from "../../src/demo/outside/datagrepper/double.ts";
import {
  DAY_MS,
  floorSecond,
  formatInstant,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  type Instant,
} from "../../src/domain/time.ts";
import { HearingRounds, type Ears } from "../../src/hear/hearing-rounds.ts";
import { listenTo } from "../../src/hear/hearing.ts";
import type { Hearing, Log } from "../../src/ports/index.ts";
import { silentLog } from "../support/run/log.ts";
import { openWorld } from "../support/world/world.ts";

async function openEars(t: Test, random = () => 0) {
  const world = await openWorld(t);
  const { clock } = world;
  const archive = await startDatagrepper({ now: clock.now });
  t.teardown(() => archive.close());
  let run = "first";
  const own = redisHearing(world.connection, silentLog);
  const runId = () => Promise.resolve(run);
  const hearing = new Proxy<Hearing>(own, {
    get: (target, name) => (name === "runId" ? runId : (Reflect.get(target, name) as unknown)),
  });
  const said: string[] = [];
  const say = (_: object, message: string): void => void said.push(message);
  const log: Log = { ...silentLog, info: say, warn: say };
  const access = { url: archive.url, userAgent: "test", timeoutMs: 60_000, clock, ratePerSecond: Infinity };
  const listener = {
    archive: openDatagrepper(access),
    ingester: world.ingester,
    hearing,
    log: silentLog,
    firstBackfillMs: 17 * DAY_MS,
  };
  const { schedule } = world.ticker;
  const ears: Ears = {
    hearing,
    schedule,
    log,
    listen: listenTo(hearing, null),
    listener,
    everyMs: 30 * MINUTE_MS,
    random,
  };
  let seen = 0;
  /** How many hours back it was asked for since the last look; null: nothing was asked. */
  const reach = (): number | null => {
    const starts = archive.journal.slice(seen).map(({ query }) => Number(new URLSearchParams(query).get("start")));
    seen = archive.journal.length;
    return starts.length === 0 ? null : Math.round((clock.now() - Math.min(...starts) * 1000) / HOUR_MS);
  };
  const restart = (): void => {
    run += " again";
  };
  return { world, archive, hearing, ears, said, reach, restart };
}

t.test("it hears at the start and every so often, and at once when Redis comes back in another run", async (t) => {
  const { world, ears, said, reach, restart } = await openEars(t);
  const hearkening = new HearingRounds(ears);
  await hearkening.pass();
  t.equal(reach(), 17 * 24);
  world.clock.advance(MINUTE_MS);
  await hearkening.pass();
  t.equal(reach(), null, "what was heard a minute ago is fresh");
  restart();
  await hearkening.pass();
  t.equal(reach(), 17 * 24, "and counts for nothing in another run");
  world.clock.advance(30 * MINUTE_MS);
  await hearkening.pass();
  t.equal(reach(), 3);
  t.match(said, [/^deaf, .* before it was started/, /^it hears again/, /^deaf, .*set back/, /^it hears again/]);
});

t.test("a failed hearing is tried again within minutes, and it is known since when it is deaf", async (t) => {
  for (const fraction of [0, 0.999]) {
    const { world, archive, hearing, ears, said, restart } = await openEars(t, () => fraction);
    const { clock } = world;
    const hearkening = new HearingRounds({ ...ears, everyMs: DAY_MS });
    await hearkening.pass();
    t.equal(await hearing.deafSince(), null);
    restart();
    const lift = archive.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "down" } });
    const since = floorSecond(clock.now());
    const pauses: number[] = [];
    for (let [failedAt, looks] = [NaN, 0]; looks < 200; looks += 1) {
      const at: Instant = clock.now();
      const isFailed = await hearkening.pass().then(
        () => false,
        () => true,
      );
      if (isFailed) {
        if (!Number.isNaN(failedAt)) pauses.push(at - failedAt);
        failedAt = clock.now();
      }
      clock.advance(15 * SECOND_MS);
    }
    t.ok(pauses.length >= 8, `${pauses.length} times in ${200 / 4} minutes`);
    t.ok(Math.min(...pauses) >= MINUTE_MS, "a minute at least");
    t.ok(Math.max(...pauses) <= 5 * MINUTE_MS + 15 * SECOND_MS, "five at most");
    t.ok((pauses.at(-1) ?? 0) > (pauses[0] ?? 0), "the pause grows");
    t.equal(await hearing.deafSince(), since);
    lift();
    clock.advance(5 * MINUTE_MS);
    t.equal(await hearkening.pass(), "heard");
    t.equal(await hearing.deafSince(), null);
    t.equal(said.filter((line) => line.startsWith("deaf")).length, 2, "told once each time");
  }
});

t.test("a clock that was a month ahead, and is right again, keeps nobody from listening", async (t) => {
  const { world, hearing, ears, reach } = await openEars(t);
  const hearkening = new HearingRounds(ears);
  world.clock.advance(30 * DAY_MS);
  await hearkening.pass();
  reach();
  world.clock.advance(-30 * DAY_MS);
  t.match(await ears.listen(world.clock.now()), { until: null, deafness: "future" });
  await hearkening.pass();
  t.equal(reach(), 17 * 24);
  t.ok(((await hearing.memory()).heardUntil ?? Infinity) <= world.clock.now());
  t.match(await ears.listen(world.clock.now()), { deafness: null });
});

t.test("by clocks that disagree nothing is heard, and nothing remembered", async (t) => {
  const { world, hearing, ears } = await openEars(t);
  const at = world.clock.now();
  const wrong = () => Promise.resolve({ at, skewMs: 30 * DAY_MS, shared: at });
  await t.rejects(new HearingRounds({ ...ears, schedule: { now: wrong } }).pass(), { code: "clock-skew" });
  t.equal((await hearing.memory()).heardUntil, null);
});

t.test(
  "Redis' clock that goes back, and comes right, while one slice is read makes the reading count for nothing",
  async (t) => {
    const { world, hearing, ears } = await openEars(t);
    const { redis, keys } = world.connection;
    const { listener } = ears;
    if (listener === null) throw new Error("it has an archive");
    const rounds: HearingRounds = new HearingRounds({
      ...ears,
      listener: {
        ...listener,
        archive: {
          async *messages(query) {
            const ears = keys.control("ears");
            const noted = (await redis.hget(ears, "clock_at")) ?? "";
            // As after a clock that was an hour ahead, and as if it was never away.
            await redis.hset(ears, "clock_at", formatInstant(Date.now() + HOUR_MS));
            await rounds.again();
            await redis.hset(ears, "clock_at", noted);
            yield* listener.archive.messages(query);
          },
        },
      },
    });
    await t.rejects(rounds.pass(), { code: "reading-lost" });
    t.equal((await hearing.memory()).heardUntil, null);
  },
);
