import t from "tap";
import { draft } from "../../src/domain/image/lifecycle.ts";
import { DAY_MS, formatInstant, HOUR_MS } from "../../src/domain/time.ts";
import type { Schedule } from "../../src/ports/index.ts";
import { openReporting } from "../support/scenes/reporting.ts";
import { PERIODS } from "../support/world/image.ts";

const MIB = 1024 * 1024;

t.test("an image that was taken back before it was told gets no deadline", async (t) => {
  const { report, makePrivate, reporter, image, sightings } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  const known = await image(amiId);
  if (known === null) throw new Error("lost");
  await reporter.schedule.change(known, {
    stage: "kept",
    wait: null,
    fields: { rule: "ga", reason: "x" },
    event: null,
  });
  t.same(await report(), { posted: 1, noticed: 0 });
  t.equal((await image(amiId))?.deleteAt, null);
  t.equal(sightings(amiId), 1, "it was made private, and that is told");
});

t.test("an image that changes while its notice is written gets the deadline of what it is now", async (t) => {
  const { report, makePrivate, reporter, image, clock } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  clock.advance(HOUR_MS);
  let isChanged = false;
  const get: Schedule["get"] = async (region, id) => {
    const read = await reporter.schedule.get(region, id);
    if (read !== null && !isChanged) {
      isChanged = true;
      const fields = { releasedAt: clock.now(), earliestDeleteAt: null };
      const event = draft("released", clock.now(), "ann", "no more", { from: "private" });
      await reporter.schedule.change(read, { stage: "private", wait: null, fields, event });
    }
    return read;
  };
  const schedule = new Proxy(reporter.schedule, {
    get: (target, name) => (name === "get" ? get : (Reflect.get(target, name) as unknown)),
  });
  t.same(await report({ schedule }), { posted: 2, noticed: 1 }, "the release is told next, and that is its notice");
  t.equal((await image(amiId))?.deleteAt, clock.now() + 10 * DAY_MS);
});

t.test("events are removed after 400 days, when every reporter has read them", async (t) => {
  const { report, clock, connection, reporter, makePrivate } = await openReporting(t);
  const { redis, keys } = connection;
  const stream = keys.events("us-east-1");
  // Redis dates its entries by its own clock.
  clock.advance(Date.now() - clock.now());
  const old = clock.now() - 401 * DAY_MS;
  const words = [
    "what",
    "refused",
    "when",
    formatInstant(old),
    "who",
    "ticker",
    "why",
    "x",
    "ami",
    "a",
    "compose",
    "c",
  ];
  await redis.sadd(keys.regions, "us-east-1");
  for (const number of [1, 2, 3]) await redis.xadd(stream, `${old + number}-0`, ...words);
  const entries = (): Promise<number> => redis.xlen(stream);
  await redis.sadd(keys.control("reporters"), "log");
  await redis.hset(keys.control("reporter:log:cursors"), "us-east-1", `${old + 2}-0`);
  await report();
  t.equal(await entries(), 3, "nobody has told them yet");
  await report();
  clock.advance(DAY_MS);
  await report();
  t.equal(await entries(), 2, "the other reporter has read two, and its place stays");
  await redis.del(keys.control("reporter:log:cursors"));
  clock.advance(DAY_MS);
  await report();
  t.equal(await entries(), 2, "one that has read nothing keeps everything");
  await redis.hset(keys.control("reporter:log:cursors"), "us-east-1", "18446744073709551616-0");
  clock.advance(DAY_MS);
  await report();
  t.equal(await entries(), 2, "and so does one whose place nobody can read");
  await redis.hset(keys.control("reporter:log:cursors"), "us-east-1", `${clock.now()}-0`);
  await makePrivate(1);
  await report();
  t.equal(await entries(), 2 + 3, "once a day");
  clock.advance(DAY_MS);
  await report();
  t.equal(await entries(), 3, "what is younger stays");
  t.equal((await reporter.schedule.regions()).length, 1);
});

t.test(
  "once a day the oldest events of a region go where all of them take too much, but none of the last weeks",
  async (t) => {
    const { connection, clock, report, makePrivate, logged } = await openReporting(t);
    const { redis, keys } = connection;
    await makePrivate(1);
    await report();
    const now = clock.now();
    const spareMs = PERIODS.deleteAfterMs + 30 * DAY_MS;
    await redis.del(keys.events("us-east-1"));
    for (const [age, size] of [
      [80 * DAY_MS, 1],
      [spareMs + DAY_MS, 1],
      [spareMs - 2 * DAY_MS, 33],
      [spareMs - 3 * DAY_MS, 33],
    ] as const)
      await redis.xadd(keys.events("us-east-1"), `${now - age}-1`, "what", "refused", "why", "x".repeat(size * MIB));
    await redis.hset(keys.control("reporter:pagure:cursors"), "us-east-1", `${now}-0`);
    clock.advance(DAY_MS);
    await report();
    t.equal(await redis.xlen(keys.events("us-east-1")), 2);
    t.match(logged.join("\n"), /warn events took more than 64 MiB: the oldest are removed .*"removed":2/);
  },
);
