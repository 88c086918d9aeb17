import t from "tap";
import { draft } from "../../src/domain/image/lifecycle.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { UpstreamError } from "../../src/errors.ts";
import type { Reports } from "../../src/ports/index.ts";
import { openReporting } from "../support/scenes/reporting.ts";

const REGION = "us-east-1";

t.test("an image whose event was lost before it was told is told anew, once, and has its date", async (t) => {
  const { report, makePrivate, connection, clock, image, sightings, logged } = await openReporting(t);
  await report();
  const [amiId = ""] = await makePrivate(1);
  await connection.redis.del(connection.keys.events(REGION));
  clock.advance(HOUR_MS);
  t.same(await report(), { posted: 1, noticed: 1 });
  t.match(await image(amiId), { noticedAt: clock.now(), deleteAt: clock.now() + 10 * DAY_MS, stage: "private" });
  t.equal(logged.filter((line) => line.includes("told anew")).length, 1);
  for (let hour = 0; hour < 30; hour += 1) {
    clock.advance(HOUR_MS);
    t.equal((await report()).noticed, 0);
  }
  t.equal(sightings(amiId), 1);
});

t.test("an image whose record could not be read when its notice was given is told anew", async (t) => {
  const { report, makePrivate, connection, clock, image } = await openReporting(t);
  await report();
  const [amiId = ""] = await makePrivate(1);
  const key = connection.keys.image(REGION, amiId);
  await connection.redis.hset(key, "uploaded_at", "yesterday");
  t.same(await report(), { posted: 1, noticed: 0 });
  const printed = clock.now() + 10 * DAY_MS;
  clock.advance(HOUR_MS);
  t.same(await report(), { posted: 0, noticed: 0 }, "as long as nobody can read it");
  await connection.redis.hset(key, "uploaded_at", "2026-11-19T08:00:00Z");
  clock.advance(HOUR_MS);
  t.same(await report(), { posted: 1, noticed: 1 });
  const deleteAt = (await image(amiId))?.deleteAt ?? 0;
  t.equal(deleteAt, clock.now() + 10 * DAY_MS);
  t.ok(deleteAt >= printed, "never before the date that was printed first");
});

t.test("what waits to be told is not told anew, however long it waits", async (t) => {
  const { report, makePrivate, reporter, clock, sightings, image, logged } = await openReporting(t);
  await report();
  const [amiId = ""] = await makePrivate(1);
  const { reports: open } = reporter;
  const reports: Reports = {
    check: () => open.check(),
    posted: (address) => open.posted(address),
    mergeRepeats: (address, beforePost) => open.mergeRepeats(address, beforePost),
    publish: () => Promise.reject(new UpstreamError("pagure", "503", "x")),
  };
  for (let hour = 0; hour < 3; hour += 1) {
    clock.advance(HOUR_MS);
    await t.rejects(report({ reports }), { code: "503" });
  }
  clock.advance(HOUR_MS);
  t.same(await report(), { posted: 1, noticed: 1 });
  t.equal(sightings(amiId), 1);
  t.notOk(logged.some((line) => line.includes("told anew")));
  t.ok((await image(amiId))?.deleteAt);
});

t.test(
  "a released image whose event was lost is told anew with all of its days, and not before its old date",
  async (t) => {
    const { report, makePrivate, reporter, connection, clock, image } = await openReporting(t);
    const [amiId = ""] = await makePrivate(1);
    await report();
    const known = await image(amiId);
    if (known === null) throw new Error("lost");
    const fields = {
      releasedAt: clock.now(),
      earliestDeleteAt: clock.now() + 20 * DAY_MS,
      noticedAt: null,
      deleteAt: null,
    };
    const event = draft("released", clock.now(), "ann", "no more", { from: "private" });
    await reporter.schedule.change(known, { stage: "private", wait: null, fields, event });
    await connection.redis.del(connection.keys.events(REGION));
    clock.advance(HOUR_MS);
    t.match(await report(), { noticed: 1 });
    t.equal((await image(amiId))?.deleteAt, fields.earliestDeleteAt);
  },
);

t.test("where reports reach nobody, nobody is told anew", async (t) => {
  const { report, makePrivate, connection, clock, image } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  await report({ isPublic: false });
  clock.advance(2 * HOUR_MS);
  await report({ isPublic: false });
  t.equal((await image(amiId))?.noticedAt, null);
  t.equal(await connection.redis.xlen(connection.keys.events(REGION)), 2, "scheduled, and made private");
});

for (const place of ["yesterday", "18446744073709551616-0"])
  t.test(
    `a region's place ${place} in its events is told once, and its events to the public when it is mended`,
    async (t) => {
      const { report, makePrivate, connection, clock, image, alarms } = await openReporting(t);
      await makePrivate(1);
      await report();
      const [amiId = ""] = await makePrivate(1);
      const key = connection.keys.control("reporter:pagure:cursors");
      await connection.redis.hset(key, REGION, place);
      for (let hour = 0; hour < 3; hour += 1) {
        clock.advance(HOUR_MS);
        t.same(await report(), { posted: 0, noticed: 0 });
      }
      t.equal(alarms.length, 1, alarms.join("\n"));
      t.match(alarms[0], `redis-cli HDEL '${key}' ${REGION}`);
      await connection.redis.hdel(key, REGION);
      await report();
      t.ok((await image(amiId))?.deleteAt);
    },
  );
