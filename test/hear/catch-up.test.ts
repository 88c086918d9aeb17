import t, { type Test } from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { openDatagrepper } from "../../src/adapters/datagrepper/archive.ts";
import { redisHearing } from "../../src/adapters/redis/control/hearing.ts";
import { startDatagrepper } from "../../src/demo/outside/datagrepper/double.ts";
import { DAY_MS, floorSecond, HOUR_MS, MINUTE_MS, type Instant } from "../../src/domain/time.ts";
import { readSlice } from "../../src/hear/backfill.ts";
import type { Listener } from "../../src/hear/catch-up.ts";
import { listenTo } from "../../src/hear/hearing.ts";
import type { Archive, Hearing } from "../../src/ports/index.ts";
import { silentLog } from "../support/run/log.ts";
import { catchUp } from "../support/scenes/hearing/hearing.ts";
import { rememberHearing } from "../support/servers/redis/redis.ts";
import { addNightly, openWorld, REGION, START, UPLOADER, type World } from "../support/world/world.ts";

async function openListener(t: Test, world: World) {
  const { clock } = world;
  const archive = await startDatagrepper({ now: clock.now });
  t.teardown(() => archive.close());
  const access = { url: archive.url, userAgent: "test", timeoutMs: 60_000, clock, ratePerSecond: Infinity };
  const listener: Listener = {
    archive: openDatagrepper(access),
    ingester: world.ingester,
    hearing: redisHearing(world.connection, silentLog),
    log: silentLog,
    firstBackfillMs: 17 * DAY_MS,
  };
  /** The earliest start that was asked for since the last look, in whole hours before now. */
  let seen = 0;
  const reach = (): number => {
    const starts = archive.journal.slice(seen).map(({ query }) => Number(new URLSearchParams(query).get("start")));
    seen = archive.journal.length;
    return Math.round((clock.now() - Math.min(...starts) * 1000) / HOUR_MS);
  };
  return { archive, listener, reach };
}

function archived(world: World, number: number, at: Instant) {
  const { message } = addNightly(world, number);
  const headers = { "sent-at": new Date(at).toISOString() };
  return { topic: `org.fedoraproject.prod.${UPLOADER}`, id: `message-${number}`, at, headers, body: message };
}

t.test(
  "nothing is made private or deleted while the service has not heard everything; what was taken is given back",
  async (t) => {
    const world = await openWorld(t);
    const { listener } = await openListener(t, world);
    const ticker = { ...world.ticker, listen: listenTo(listener.hearing, null) };
    const nightly = addNightly(world, 1);
    await world.hear(UPLOADER, nightly.message);
    world.clock.advance(5 * DAY_MS);
    t.same(await tickRegion(REGION, ticker), { deaf: 2 });
    t.same(world.simulator.journal.mutating(), []);
    await catchUp(listener);
    t.same(await tickRegion(REGION, ticker), { "make-private": 1 });
    world.clock.advance(HOUR_MS);
    await world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: nightly.composeId } });
    t.same(await tickRegion(REGION, ticker), { deaf: 2, restore: 1 }, "an hour later it counts as deaf again");
  },
);

t.test(
  "the first reading covers the whole window, the next ones two hours before what was heard, one a day all again",
  async (t) => {
    const world = await openWorld(t);
    const { listener, reach } = await openListener(t, world);
    await catchUp(listener);
    t.equal(reach(), 17 * 24);
    world.clock.advance(HOUR_MS);
    await catchUp(listener);
    t.equal(reach(), 3);
    world.clock.advance(23 * HOUR_MS);
    await catchUp(listener);
    t.equal(reach(), 17 * 24);
    world.clock.advance(30 * DAY_MS);
    await catchUp(listener);
    t.equal(reach(), 30 * 24 + 2, "and a long silence is read over whole");
  },
);

/** The same Redis in another run, as a crash leaves it: perhaps without what was heard last. */
function inAnotherRun(hearing: Hearing): Hearing {
  return new Proxy(hearing, {
    get: (target, name) =>
      name === "runId" ? () => Promise.resolve("another run") : (Reflect.get(target, name) as unknown),
  });
}

t.test("a Redis that was started anew is told everything again, and nothing is acted on before", async (t) => {
  const world = await openWorld(t);
  const { listener, reach } = await openListener(t, world);
  const nightly = addNightly(world, 1);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  await catchUp(listener);
  reach();
  world.clock.advance(10 * MINUTE_MS);
  const hearing = inAnotherRun(listener.hearing);
  const ticker = { ...world.ticker, listen: listenTo(hearing, null) };
  t.same(await tickRegion(REGION, ticker), { deaf: 2 }, "what was heard ten minutes ago may be lost");
  await catchUp({ ...listener, hearing });
  t.equal(reach(), 17 * 24);
  t.same(await tickRegion(REGION, ticker), { "make-private": 1 });
});

t.test("what a clock far ahead of time wrote is believed by nobody, and heard again", async (t) => {
  const world = await openWorld(t);
  const { listener, reach } = await openListener(t, world);
  const { hearing } = listener;
  await world.hear(UPLOADER, addNightly(world, 1).message);
  world.clock.advance(5 * DAY_MS);
  const ahead = world.clock.now() + 30 * DAY_MS;
  await rememberHearing(world.connection, { heardUntil: ahead, runId: await hearing.runId(), wholeAt: ahead });
  const ticker = { ...world.ticker, listen: listenTo(hearing, null) };
  t.same(await tickRegion(REGION, ticker), { deaf: 2 });
  await catchUp(listener);
  t.equal(reach(), 17 * 24);
  t.equal((await hearing.memory()).heardUntil, floorSecond(world.clock.now()));
  t.same(await tickRegion(REGION, ticker), { "make-private": 1 });
});

t.test("while the archive fails nothing counts as heard, and the next reading makes up for it", async (t) => {
  const world = await openWorld(t);
  const { archive, listener } = await openListener(t, world);
  archive.add(archived(world, 1, START - DAY_MS));
  const lift = archive.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "down" } });
  await t.rejects(catchUp(listener), { name: "UpstreamError" });
  t.equal((await listener.hearing.memory()).heardUntil, null);
  lift();
  t.equal(await catchUp(listener), 1);
  t.equal(await catchUp(listener), 0, "and a repeat changes nothing");
  t.equal((await listener.hearing.memory()).heardUntil, floorSecond(world.clock.now()));
});

t.test(
  "what was said while the archive was read counts as unheard: it may stand behind the place that was read",
  async (t) => {
    const world = await openWorld(t);
    const { listener } = await openListener(t, world);
    const begun = floorSecond(world.clock.now());
    const slow: Archive = {
      messages: async function* (query) {
        world.clock.advance(MINUTE_MS);
        yield* listener.archive.messages(query);
      },
    };
    await catchUp({ ...listener, archive: slow });
    t.ok(world.clock.now() >= begun + 30 * MINUTE_MS, "a minute a day, for facts and for uploads");
    t.match(await listener.hearing.memory(), { heardUntil: begun, wholeAt: begun });
  },
);

t.test("facts of the whole range are known before its first upload is decided", async (t) => {
  const world = await openWorld(t);
  const { archive, listener } = await openListener(t, world);
  const first = archived(world, 1, START - 10 * DAY_MS);
  archive.add(first);
  archive.add({
    ...first,
    id: "release",
    topic: "org.fedoraproject.prod.releng.atomic.twoweek.complete",
    at: START - DAY_MS,
    body: { atomic_raw: { compose_id: addNightly(world, 2).composeId.replace("22", "21") } },
  });
  await catchUp(listener);
  t.same(await world.events(), ["scheduled"]);
  const [stage, rule] = await world.connection.redis.hmget(
    world.connection.keys.image(REGION, "ami-00000000000000001"),
    "stage",
    "rule",
  );
  t.same([stage, rule], ["kept", "released-two-week"], "it was never scheduled for anything else");
});

t.test(
  "heard from the archive and from the bus at the same time, an image is scheduled once, with one deadline",
  async (t) => {
    const world = await openWorld(t);
    const { archive, listener } = await openListener(t, world);
    const messages = [1, 2, 3].map((number) => archived(world, number, START - DAY_MS));
    for (const message of messages) archive.add(message);
    await Promise.all([
      catchUp(listener),
      ...messages.flatMap(({ body }) => [1, 2].map(() => world.hear(UPLOADER, body, START - DAY_MS))),
    ]);
    t.same(await world.events(), ["scheduled", "scheduled", "scheduled"]);
    const { redis, keys } = world.connection;
    const scores = await redis.zrange(keys.queue(REGION, "private"), "0", "-1", "WITHSCORES");
    t.same(
      scores.filter((_, index) => index % 2 === 1).map((score) => Number(score) * 1000),
      [1, 2, 3].map(() => START + 4 * DAY_MS),
    );
  },
);

t.test("a row of the archive that is no message is kept with its datagrepper id, and stops nothing", async (t) => {
  const world = await openWorld(t);
  const { listener } = await openListener(t, world);
  const odd = { topic: "", messageId: "2026-odd", headers: {}, body: Buffer.from('{"i": 1}'), arrivedAt: START };
  const archive: Archive = {
    messages: async function* () {
      yield await Promise.resolve(odd);
    },
  };
  const slice = { phase: "uploads", start: START - DAY_MS, end: START } as const;
  t.match(await readSlice(slice, { ...listener, archive }), { messages: 1, rejected: 1 });
  const { redis, keys } = world.connection;
  const [entry] = await redis.xrange(keys.rejected, "-", "+");
  t.match(entry?.[1].join(" "), /no message.*2026-odd.*"i": 1/);
});

t.test("a first start with a clock in the past does not read ten years when the clock is put right", async (t) => {
  const world = await openWorld(t);
  const { listener, reach } = await openListener(t, world);
  const long = START - 3_650 * DAY_MS;
  await rememberHearing(world.connection, { heardUntil: long, runId: await listener.hearing.runId(), wholeAt: long });
  const told: unknown[] = [];
  await catchUp({ ...listener, log: { ...silentLog, warn: (...words) => told.push(words) } });
  t.equal(reach(), 17 * 24);
  t.match(told, [[{ heardUntil: String, days: 3_650 }, /clean-amis backfill/]]);
  await catchUp({ ...listener, log: { ...silentLog, warn: (...words) => told.push(words) } });
  t.equal(told.length, 1, "and what was heard since is believed");
});
