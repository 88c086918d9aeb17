import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { pairsOf } from "../../../src/adapters/redis/images/record.ts";
import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import { redisNames } from "../../../src/adapters/redis/images/names.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import { QUEUES } from "../../../src/domain/image/lifecycle.ts";
import { formatInstant, SECOND_MS, type Instant } from "../../../src/domain/time.ts";
import { ROOT } from "../../support/docs/blocks.ts";
import { silentLog } from "../../support/run/log.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { SettableClock } from "../../support/world/clock.ts";
import { keeperOver } from "../../support/world/keeper.ts";
import { PERIODS, REGION, START } from "../../support/world/world.ts";

type Command = readonly [name: string, key: string, ...words: string[]];

/** All that version 0.1 has in Redis when an image stands in each stage, as the commands that write it. */
const OLD = JSON.parse(readFileSync(join(ROOT, "test/fixtures/redis-format-1.json"), "utf8")) as readonly Command[];

/** A Redis in which version 0.1 was at work. */
async function openOld(t: Test): Promise<RedisConnection> {
  const connection = await openTestRedis(t);
  const prefix = connection.keys.format.replace(/:format$/, "");
  for (const [name, key, ...words] of OLD)
    await connection.redis.call(name, key.replace(/^clean-amis/, prefix), ...words);
  return connection;
}

/** The commands of a name whose keys, in the region, begin so; each with the rest of its key. */
function oldOf(name: string, head: string): readonly (readonly [rest: string, words: readonly string[]])[] {
  const start = `clean-amis:{${REGION}}:${head}`;
  return OLD.flatMap(([command, key, ...words]) =>
    command === name && key.startsWith(start) ? [[key.slice(start.length), words] as const] : [],
  );
}

/** What a record of version 0.1 says, as its fields say it; those that are empty say nothing. */
function said(fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const nothing = ["", "0", "[]", "{}"];
  return Object.fromEntries(
    Object.entries(fields).filter(([field, value]) => field !== "counted" && !nothing.includes(value)),
  );
}

/** The same of an image as it was read. */
function readAs(image: Image): Readonly<Record<string, string>> {
  const at = (instant: Instant | null | undefined): string => (instant == null ? "" : formatInstant(instant));
  const json = (value: unknown): string => (value === null ? "" : JSON.stringify(value));
  return said({
    ...{ compose_id: image.composeId, image_name: image.imageName ?? "", arch: image.arch ?? "", stage: image.stage },
    ...{ rule: image.rule ?? "", reason: image.reason, uploaded_at: at(image.uploadedAt) },
    ...{ private_at: at(image.privateAt), taken_away: json(image.takenAway), made_private_at: at(image.madePrivateAt) },
    ...{ noticed_at: at(image.noticedAt), delete_at: at(image.deleteAt), released_at: at(image.releasedAt) },
    ...{ earliest_delete_at: at(image.earliestDeleteAt), promised_at: at(image.promisedAt) },
    ...{ snapshot_ids: json(image.snapshotIds), snapshot_results: json(image.snapshotResults) },
    ...{ becomes: image.becomes ?? "", held_from: image.heldFrom ?? "", wish: image.wish ?? "" },
    ...{ hold_by: image.hold?.by ?? "", hold_why: image.hold?.why ?? "", hold_since: at(image.hold?.since) },
    ...{ hold_until: at(image.hold?.until), attempts: String(image.attempts), last_error: image.lastError },
    ...{ missed_looks: String(image.missedLooks), missed_since: at(image.missedSince), missed_at: at(image.missedAt) },
    ...{ token: image.token, revision: String(image.revision) },
  });
}

/** What does not change when a record is written anew as it stands. */
function lasting(image: Image | null): object {
  return { ...image, revision: 0, token: "" };
}

const openSchedule = (connection: RedisConnection) => redisSchedule(connection, new SettableClock(START), PERIODS);

t.test("each record of version 0.1 is read as it was written, in whatever stage it stands", async (t) => {
  const schedule = openSchedule(await openOld(t));
  const stages = new Set<string>();
  for (const [amiId, words] of oldOf("HSET", "image:")) {
    const image = await schedule.get(REGION, amiId);
    if (image === null) throw new Error(`${amiId} is not there`);
    stages.add(image.stage);
    t.same(readAs(image), said(pairsOf(words)), `${amiId} ${image.stage}`);
  }
  t.equal(stages.size, 9, "every stage");
});

t.test("queues, composes, streams, counts, names, events and facts of version 0.1 are read", async (t) => {
  const connection = await openOld(t);
  const schedule = openSchedule(connection);
  const amiIds = oldOf("HSET", "image:").map(([amiId]) => amiId);
  for (const queue of QUEUES)
    for (const [, words] of oldOf("ZADD", queue))
      for (const [amiId = "", score] of Object.entries(pairsOf(words.toReversed()))) {
        const wakeAt = score === "inf" ? Infinity : Number(score) * SECOND_MS;
        t.same(await schedule.waiting(REGION, amiId), { queue, wakeAt });
      }
  for (const [composeId, words] of oldOf("SADD", "compose:"))
    t.same(await schedule.amiIdsOf(REGION, composeId), words, composeId);
  t.same(await schedule.newest(REGION, "Fedora-Rawhide.nightly.x86_64", 1), ["Fedora-Rawhide-20261123.n.0"]);
  t.equal(await schedule.countLive(REGION), amiIds.length - 2, "all but what is deleted or gone");
  const { stages, errors } = await redisCounts(connection).read(REGION);
  t.match(stages, { private: 5, deleting: 1, restoring: 1, held: 1, unresolved: 1, public: 3 });
  t.same(errors, { "in-use": 1, "in-use-by-image": 1 });
  const events = await redisJournal(connection, "pagure", silentLog).newest(REGION, 100);
  const told = oldOf("XADD", "events").map(([, [, ...words]]) => pairsOf(words));
  t.same(
    events.toReversed().map(({ what, at, who, why, amiId, composeId, imageName: name }) => {
      return { what, when: formatInstant(at), who, why, ami: amiId, compose: composeId, name };
    }),
    told.map(({ what, when, who, why, ami, compose, name }) => ({ what, when, who, why, ami, compose, name })),
  );
  t.match(await redisFacts(connection).testimony("Fedora-43-20261120.0"), [{ of: "pungi", by: "message-1" }]);
  t.equal(await redisRejected(connection).count(), 1);
});

t.test("a record of version 0.1 that is written next takes less, and says the same", async (t) => {
  const connection = await openOld(t);
  const { redis, keys } = connection;
  const schedule = openSchedule(connection);
  for (const [amiId] of oldOf("HSET", "image:")) {
    const before = await schedule.get(REGION, amiId);
    if (before === null) throw new Error(`${amiId} is not there`);
    const { stage, rule, reason, attempts, lastError, missedLooks, missedSince, missedAt, hold, snapshotIds } = before;
    const { takenAway, snapshotResults } = before;
    const fields = { rule, reason, attempts, lastError, missedLooks, missedSince, missedAt, hold, snapshotIds };
    const bytes = (await redis.memory("USAGE", keys.image(REGION, amiId), "SAMPLES", 0)) ?? 0;
    const change = { stage, wait: null, fields: { ...fields, takenAway, snapshotResults }, event: null };
    t.equal(await schedule.change(before, change), true);
    const after = await schedule.get(REGION, amiId);
    // What was taken from a deleted image stands in its events.
    t.same(lasting(after), lasting(stage === "deleted" ? { ...before, takenAway: null } : before), `${amiId} ${stage}`);
    const now = (await redis.memory("USAGE", keys.image(REGION, amiId), "SAMPLES", 0)) ?? 0;
    t.ok(now <= bytes, `${amiId} ${stage}: ${now} of ${bytes} bytes`);
    if (stage === "deleted") t.ok(now < bytes / 2, `a deleted one, which is kept the longest: ${now} of ${bytes}`);
  }
});

t.test("names of version 0.1 are found when they are taken over, and counts are whole after a walk", async (t) => {
  const connection = await openOld(t);
  const { redis, keys } = connection;
  const names = redisNames(connection);
  for (const region of await openSchedule(connection).regions()) await names.sweep(region, 0);
  t.equal(await redis.exists(keys.names(REGION)), 0);
  const { images } = await names.search("rawhide-202611", 100);
  const found = images.flatMap(({ region, amiId }) => (region === REGION ? [amiId] : [])).sort();
  const called = oldOf("HSET", "image:").filter(([, words]) => /rawhide-202611/i.test(words.join(" ")));
  t.same(found, called.map(([amiId]) => amiId).sort());
  const counts = redisCounts(connection);
  const before = await counts.read(REGION);
  await keeperOver(connection, new SettableClock(START)).finish();
  t.same(await counts.read(REGION), before);
  t.same((await names.search("rawhide-202611", 100)).images.length, images.length);
});

t.test("an image enters with each of its words in its place, and is told with its name", async (t) => {
  const connection = await openTestRedis(t);
  const schedule = openSchedule(connection);
  const upload = { region: REGION, composeId: "Fedora-Rawhide-20261121.n.0", arch: "x86_64", uploadedAt: START };
  const decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const;
  const announced = [1, 2].map((number) => {
    const amiId = `ami-0000000000000000${number}`;
    return { upload: { ...upload, amiId, imageName: `its name ${number}` }, decision };
  });
  t.same(await schedule.addAll(announced, "test"), ["new", "new"]);
  for (const { upload: each } of announced)
    t.match(await schedule.get(REGION, each.amiId), {
      ...each,
      stage: "public",
      rule: decision.rule,
      reason: decision.reason,
    });
  const events = await redisJournal(connection, "pagure", silentLog).newest(REGION, 10);
  t.match(events, [
    { imageName: "its name 2", why: decision.reason, details: { rule: "nightly", stage: "public" } },
    { imageName: "its name 1", why: decision.reason, details: { rule: "nightly", stage: "public" } },
  ]);
});
