import t from "tap";
import { readEvent } from "../../../src/adapters/redis/images/record.ts";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import type { History } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { REGION } from "../../support/world/world.ts";
import { NOW } from "../../support/world/image.ts";

const GA_AMI = "ami-000000000000000aa";

t.test("a history is found in a stream of any length, and ends with the image's first event", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const journal = redisJournal(connection, "log", silentLog);
  const add = (ami: string, what: string): Promise<unknown> =>
    redis.xadd(keys.events(REGION), "*", "what", what, "when", "2026-11-24T08:00:00Z", "ami", ami);
  const noise = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 1500 }, () => add("ami-00000000000000002", "refused")));
  };
  await add(GA_AMI, "gone");
  for (const what of ["scheduled", "made-private", "noticed", "deleted"]) {
    await add(GA_AMI, what);
    await noise();
  }
  const uploadedAt = Date.now() - HOUR_MS;
  const history = (amiId: string, region = REGION): Promise<History> => journal.history({ region, amiId, uploadedAt });
  const whole = ["scheduled", "made-private", "noticed", "deleted"];
  for (const events of [(await history(GA_AMI)).events.slice(1), await journal.historyOf(REGION, [GA_AMI])])
    t.same(
      events.map(({ what }) => what),
      whole,
    );
  t.equal((await history("ami-00000000000000002")).events.length, 1000, "and is bounded");
  t.same(await history(GA_AMI, "eu-west-1"), { events: [], unread: null });
});

t.test("a history costs the same commands however long the stream is, and says what it does not know", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const journal = redisJournal(connection, "log", silentLog);
  const start = Date.parse("2026-01-01T00:00:00Z");
  const minute = (number: number): number => start + number * MINUTE_MS;
  /** An event a minute, of other images; ours has its own at some of them. */
  const ours = new Map([
    [0, "scheduled"],
    [6_000, "made-private"],
    [13_999, "deleted"],
  ]);
  const fill = async (from: number, to: number): Promise<void> => {
    const adds = Array.from({ length: to - from }, (_, index) => {
      const what = ours.get(from + index);
      const words = ["what", what ?? "refused", "ami", what === undefined ? "ami-00000000000000002" : GA_AMI];
      return ["xadd", keys.events(REGION), `${minute(from + index)}-0`, ...words];
    });
    await redis.pipeline(adds).exec();
  };
  let commands = 0;
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (...args: Parameters<typeof send>) => {
    commands += 1;
    return send(...args);
  };
  const ask = async (): Promise<readonly [words: readonly string[], unread: History["unread"], commands: number]> => {
    commands = 0;
    const { events, unread } = await journal.history({ region: REGION, amiId: GA_AMI, uploadedAt: start });
    return [events.map(({ what }) => what), unread, commands];
  };
  await fill(0, 9_000);
  t.match(await ask(), [["scheduled", "made-private"], null], "both ends meet");
  await fill(9_000, 14_000);
  const unread = { from: minute(4_999), to: minute(9_000) };
  t.same(await ask(), [["scheduled", "deleted"], unread, 11], "they do not meet any more");
  await fill(14_000, 16_000);
  t.match(await ask(), [["scheduled", "deleted"], { to: minute(11_000) }, 11]);
});

t.test("what the reporter itself has not read in a region is not removed there, whoever else has", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const before = Date.parse("2026-11-24T08:00:00Z");
  const stream = keys.events(REGION);
  for (const number of [1, 2, 3]) await redis.xadd(stream, `${before - DAY_MS + number}-0`, "what", "refused");
  const [log, pagure] = await Promise.all(
    ["log", "pagure"].map((kind) => redisJournal(connection, kind, silentLog).reporterLease()),
  );
  if (!log || !pagure) throw new Error("the lease is taken");
  t.teardown(() => Promise.all([log.end(), pagure.end()]));
  await log.finishPost({ [REGION]: `${before}-0` }, {});
  await pagure.finishPost({ "eu-west-1": `${before}-0` }, {});
  t.equal(await pagure.trim(REGION, before, Date.now()), 0);
  t.equal(await redis.xlen(stream), 3);
  await pagure.finishPost({ [REGION]: `${before - DAY_MS + 2}-0` }, {});
  t.equal(await pagure.trim(REGION, before, Date.now()), 1, "up to its place");
  await pagure.finishPost({ [REGION]: `${before}-0` }, {});
  t.equal(await pagure.trim(REGION, before, Date.now()), 2, "and all that both have read");
});

t.test("an event that somebody else wrote under an id of no date is read, and can be dated", (t) => {
  for (const [id, at] of [
    ["99999999999999999-0", 0],
    ["18446744073709551615-18446744073709551615", 0],
    [`${NOW}-0`, NOW],
  ] as const)
    t.equal(readEvent("us-east-1", id, ["what", "held"]).at, at, id);
  const when = ["what", "held", "when", "2026-11-24T08:00:00Z"];
  t.equal(readEvent("us-east-1", "99999999999999999-1", when).at, Date.parse("2026-11-24T08:00:00Z"));
  t.end();
});
