import t from "tap";
import { redisHearing } from "../../src/adapters/redis/control/hearing.ts";
import { redisJournal } from "../../src/adapters/redis/journal.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { UpstreamError } from "../../src/errors.ts";
import { listenTo } from "../../src/hear/hearing.ts";
import { deafStoppages } from "../../src/tell/stops.ts";
import { silentLog } from "../support/run/log.ts";
import { rememberHeard, rememberHearing } from "../support/servers/redis/redis.ts";
import { openReporting } from "../support/scenes/reporting.ts";

t.test("no deadline is before the date that the public was given, whatever the clocks said since", async (t) => {
  const { report, makePrivate, reporter, clock, posts, image } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  clock.advance(30 * DAY_MS);
  // Posted, and dead before anything was written down about it.
  const dies = new Proxy(reporter.schedule, {
    get: (target, name) => {
      if (name === "promise" || name === "notice") return () => Promise.reject(new UpstreamError("redis", "gone", "x"));
      return Reflect.get(target, name) as unknown;
    },
  });
  await t.rejects(report({ schedule: dies }), { code: "gone" });
  const printed = Date.parse("2027-01-03T08:00:00Z");
  t.match(posts()[0], /2027-01-03/, "printed by a clock that was a month ahead");
  clock.advance(-30 * DAY_MS);
  await report();
  t.equal(posts().length, 1, "found again, not posted again");
  t.match(await image(amiId), { deleteAt: printed, promisedAt: printed });
});

t.test("a post that a clock of the future left unsure is sent a minute later, and not in a month", async (t) => {
  const { report, makePrivate, connection, clock, posts } = await openReporting(t);
  const { redis, keys } = connection;
  const lease = await redisJournal(connection, "pagure", silentLog).reporterLease();
  const extra = { until: {}, extra: null, mostBytes: 60_000, writtenAt: null };
  const unsureAt = clock.now() + 30 * DAY_MS;
  await makePrivate(1);
  await lease?.savePendingPost({ ...extra, day: "2026-11-24", marker: "clean-amis-part:00", unsureAt });
  await lease?.remember({ quietSince: unsureAt, trimmedAt: unsureAt });
  await lease?.end();
  await report();
  t.equal(posts().length, 0);
  clock.advance(MINUTE_MS);
  await report();
  t.ok(posts().length > 0);
  const memory = await redis.hgetall(keys.control("reporter:pagure:memory"));
  for (const field of ["quiet_since", "trimmed_at"]) t.ok(Date.parse(memory[field] ?? "") <= clock.now(), field);
});

t.test("that the service is deaf is told with what is due, and why nothing happens", async (t) => {
  const { report, makePrivate, reporter, connection, clock, posts } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  await report();
  clock.advance(10 * DAY_MS);
  const hearing = redisHearing(connection, silentLog);
  const hearer = { listen: listenTo(hearing, null), hearing, schedule: reporter.schedule };
  await rememberHeard(connection, clock.now());
  t.same(await deafStoppages(hearer), []);
  clock.advance(3 * HOUR_MS);
  const told = await deafStoppages(hearer);
  t.match(told, [{ what: "make images private, or delete them", why: /^it has not heard/, images: 1 }]);
  t.equal(told[0]?.since, clock.now() - 2 * HOUR_MS);
  await report({ stoppages: () => Promise.resolve(told) });
  const said = `Not done since 2026-12-04 09:00 UTC: .make images private[^]*${amiId}[^]*: delete, due since`;
  t.match(posts().at(-1), new RegExp(said));
  await rememberHearing(connection, { heardUntil: clock.now(), runId: "another run", wholeAt: null });
  await hearing.noteDeaf(clock.now());
  t.same(await deafStoppages(hearer), [], "all is heard again within minutes");
  clock.advance(10 * MINUTE_MS);
  t.match(await deafStoppages(hearer), [{ why: /started anew or set back/, images: 1 }]);
});

t.test("that the service is deaf is told as well where it cannot write down since when", async (t) => {
  const { reporter, connection, clock } = await openReporting(t);
  const hearing = redisHearing(connection, silentLog);
  const hearer = { listen: listenTo(hearing, null), hearing, schedule: reporter.schedule };
  await connection.redis.set(connection.keys.control("ears"), "somebody else's");
  await hearing.noteDeaf(clock.now());
  clock.advance(10 * MINUTE_MS);
  t.match(await deafStoppages(hearer), [{ why: /^it has not heard/, since: clock.now() - 10 * MINUTE_MS }]);
  await hearing.noteDeaf(null);
  t.same(await deafStoppages(hearer), []);
});
