import t, { type Test } from "tap";
import { openRedis } from "../../../../src/adapters/redis/connection.ts";
import { sharedQueueName } from "../../../../src/adapters/redis/control/queue-name.ts";
import { redisFacts } from "../../../../src/adapters/redis/facts.ts";
import { redisJournal } from "../../../../src/adapters/redis/journal.ts";
import { redisSchedule } from "../../../../src/adapters/redis/images/schedule.ts";
import type { Decision } from "../../../../src/domain/compose/classify.ts";
import { draft, type Change } from "../../../../src/domain/image/lifecycle.ts";
import { DAY_MS, MINUTE_MS } from "../../../../src/domain/time.ts";
import type { Schedule } from "../../../../src/ports/index.ts";
import { silentLog } from "../../../support/run/log.ts";
import { openTestRedis, serverUrl } from "../../../support/servers/redis/redis.ts";
import { SettableClock } from "../../../support/world/clock.ts";
import { PERIODS, START } from "../../../support/world/world.ts";

const REGION = "eu-west-1";
const AMI = "ami-00000000000000001";
const UPLOAD = {
  region: REGION,
  amiId: AMI,
  composeId: "Fedora-Rawhide-20261124.n.0",
  imageName: "name",
  arch: "x86_64",
  uploadedAt: START,
};
const DELETE: Decision = { kind: "delete", rule: "nightly", reason: "a nightly" };
const DUE = START + PERIODS.privateAfterMs;

async function open(t: Test) {
  const connection = await openTestRedis(t);
  const clock = new SettableClock(START);
  const schedule = redisSchedule(connection, clock, PERIODS);
  return { ...connection, connection, clock, schedule };
}

async function claimOne(schedule: Schedule, token: string, now = DUE) {
  const [image] = await schedule.claim(REGION, "private", { token, now, until: now + PERIODS.leaseMs }, 10);
  if (image === undefined) throw new Error("nothing was claimed");
  return image;
}

const MADE_PRIVATE: Change = {
  stage: "private",
  wait: null,
  fields: { madePrivateAt: DUE },
  event: draft("made-private", DUE, "ticker", "due"),
};
const DELETED: Change = { stage: "deleted", wait: null, fields: {}, event: draft("deleted", DUE, "ticker", "due") };

t.test("two tickers that claim at once share what is due, and neither gets what the other has", async (t) => {
  const { schedule } = await open(t);
  for (let number = 1; number <= 9; number += 1)
    await schedule.add({ ...UPLOAD, amiId: `ami-0000000000000000${number}` }, DELETE, "test");
  const lease = (token: string) => ({ token, now: DUE, until: DUE + MINUTE_MS });
  const [one, two] = await Promise.all([
    schedule.claim(REGION, "private", lease("one"), 6),
    schedule.claim(REGION, "private", lease("two"), 6),
  ]);
  const ids = [...one, ...two].map((image) => image.amiId);
  t.same([ids.length, new Set(ids).size], [9, 9]);
});

t.test("a deadline in the middle of a second is due only when that second is over", async (t) => {
  const { schedule } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const lease = { token: "one", until: DUE + MINUTE_MS };
  t.same(await schedule.claim(REGION, "private", { ...lease, now: DUE - 1 }, 10), []);
  t.equal((await schedule.claim(REGION, "private", { ...lease, now: DUE }, 10)).length, 1);
});

t.test(
  "what is due in all regions is counted once for all regions that ask in one turn, however many they are",
  async (t) => {
    const { schedule, redis } = await open(t);
    const regions = ["eu-west-1", "us-east-1", "us-west-2", "sa-east-1"];
    for (const region of regions) await schedule.add({ ...UPLOAD, region }, DELETE, "test");
    const count = redis.zcount.bind(redis);
    let asked = 0;
    redis.zcount = (...args: Parameters<typeof count>) => {
      asked += 1;
      return count(...args);
    };
    const due = await Promise.all([
      ...regions.map(() => schedule.countDue("private", DUE)),
      schedule.countDue("delete", DUE),
      schedule.countDue("private", DUE - 1000),
      schedule.countDue("private", DUE, "us-east-1"),
    ]);
    t.same(due, [4, 4, 4, 4, 0, 0, 1]);
    t.equal(asked, 3 * regions.length + 1);
  },
);

t.test("a claim whose process died is due again when its lease has run out, and not before", async (t) => {
  const { schedule } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  await claimOne(schedule, "dead");
  const early = { token: "two", now: DUE + PERIODS.leaseMs - 1000, until: DUE + 2 * PERIODS.leaseMs };
  t.same(await schedule.claim(REGION, "private", early, 10), []);
  t.equal((await claimOne(schedule, "two", DUE + PERIODS.leaseMs)).token, "two");
});

t.test("a settle with a claim that was lost writes nothing and tells nothing", async (t) => {
  const { schedule, redis, keys } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const old = await claimOne(schedule, "old");
  const current = await claimOne(schedule, "new", DUE + PERIODS.leaseMs);
  t.equal(await schedule.mayAct(old), false);
  t.equal(await schedule.settle(old, MADE_PRIVATE), false);
  t.equal((await schedule.get(REGION, AMI))?.stage, "public");
  t.equal(await schedule.settle(current, MADE_PRIVATE), true);
  t.equal(await schedule.settle(current, MADE_PRIVATE), false, "and a settle that is repeated settles once");
  t.equal(await redis.xlen(keys.events(REGION)), 2);
});

t.test("what cannot be undone is settled even when the claim was lost, and told once", async (t) => {
  const { schedule, redis, keys } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const old = await claimOne(schedule, "old");
  const current = await claimOne(schedule, "new", DUE + PERIODS.leaseMs);
  t.equal(await schedule.settle(old, DELETED, { irreversible: true }), true);
  t.equal(await schedule.settle(current, DELETED, { irreversible: true }), false);
  t.equal(await redis.xlen(keys.events(REGION)), 2);
  t.equal(await redis.zcard(keys.queue(REGION, "private")), 0);
});

t.test("a pause stops every claim that is under way, and lifting it lets them go on", async (t) => {
  const { schedule, redis, keys } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const image = await claimOne(schedule, "one");
  t.equal(await schedule.mayAct(image), true);
  await redis.set(keys.control("paused"), "because");
  t.equal(await schedule.mayAct(image), false);
  await redis.del(keys.control("paused"));
  t.equal(await schedule.mayAct(image), true);
});

t.test("what was taken away is written once, and never overwritten", async (t) => {
  const { schedule } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const image = await claimOne(schedule, "one");
  const first = { image: true, snapshots: ["snap-1"] };
  t.same(await schedule.recordTakenAway(image, first), first);
  t.same(await schedule.recordTakenAway(image, { image: false, snapshots: [] }), first);
  const stranger = { ...image, token: "other" };
  t.equal(await schedule.recordTakenAway(stranger, first), null);
});

t.test("a notice sets the deadline once, and only for a private image", async (t) => {
  const { schedule, redis, keys } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const event = draft("noticed", DUE, "reporter", "url");
  const image = await claimOne(schedule, "one");
  t.equal(await schedule.notice(image, DUE, DUE + DAY_MS, event), false, "public");
  await schedule.settle(image, MADE_PRIVATE);
  t.equal(await schedule.notice(image, DUE, DUE + DAY_MS, event), false, "made from a stale reading");
  const settled = (await schedule.get(REGION, AMI)) ?? image;
  t.equal(await schedule.notice(settled, DUE, DUE + DAY_MS, event), true);
  const noticed = (await schedule.get(REGION, AMI)) ?? image;
  t.equal(await schedule.notice(noticed, DUE, DUE + 9 * DAY_MS, event), false, "again");
  t.equal(await redis.zscore(keys.queue(REGION, "delete"), AMI), String((DUE + DAY_MS) / 1000));
  t.equal((await schedule.get(REGION, AMI))?.deleteAt, DUE + DAY_MS);
});

t.test("a change made from a stale reading is refused; one from a fresh reading ends the claim", async (t) => {
  const { schedule } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const stale = await schedule.get(REGION, AMI);
  const claimed = await claimOne(schedule, "one");
  if (stale === null) throw new Error("not there");
  t.equal(await schedule.change(stale, MADE_PRIVATE), false);
  t.equal(await schedule.change(claimed, { ...MADE_PRIVATE, stage: "kept" }), true);
  t.equal(await schedule.mayAct(claimed), false);
});

t.test("an image stands in at most one queue, whatever happens to it", async (t) => {
  const { schedule, redis, keys } = await open(t);
  await schedule.add(UPLOAD, DELETE, "test");
  const queues = ["unresolved", "private", "delete", "restore", "held"] as const;
  for (const queue of queues) {
    const image = await schedule.get(REGION, AMI);
    if (image === null) throw new Error("not there");
    await schedule.change(image, { stage: "public", wait: { queue, wakeAt: Infinity }, fields: {}, event: null });
    const scores = await Promise.all(queues.map((name) => redis.zscore(keys.queue(REGION, name), AMI)));
    t.same(
      scores,
      queues.map((name) => (name === queue ? "inf" : null)),
      queue,
    );
  }
});

t.test("a source's first word on a compose stands, and a different one is remembered as a contradiction", async (t) => {
  const { connection } = await open(t);
  const facts = redisFacts(connection);
  const composeId = "Fedora-Cloud-43-20261124.0";
  const claim = { composeId, source: "pungi", type: "production", at: START, by: "m1" } as const;
  t.equal(await facts.remember({ ...claim, label: "RC-20261124.0" }), true);
  t.equal(await facts.remember({ ...claim, label: "RC-20261124.0" }), false);
  t.equal(await facts.remember({ ...claim, label: "RC-1.2" }), true);
  await facts.remember({ composeId, source: "pungi", released: true, at: START, by: "m2" });
  const [known] = await facts.recall([composeId]);
  t.match(known, {
    types: [{ source: "pungi", value: "production" }],
    labels: [{ source: "pungi", value: "RC-20261124.0" }],
    contradiction: 'pungi.label was "RC-20261124.0", then "RC-1.2"',
    released: true,
  });
});

t.test("one reporter at a time holds the lease, and another gets it when it is released", async (t) => {
  const { connection } = await open(t);
  const journal = redisJournal(connection, "pagure", silentLog);
  const lease = await journal.reporterLease();
  t.not(lease, null);
  t.equal(await journal.reporterLease(), null);
  await lease?.end();
  const next = await journal.reporterLease();
  t.not(next, null);
  await next?.end();
});

t.test("every replica gets the same queue name, a UUID", async (t) => {
  const { connection } = await open(t);
  const names = await Promise.all([1, 2, 3].map(() => sharedQueueName(connection)));
  t.equal(new Set(names).size, 1);
  t.match(names[0], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

t.test("a Redis that a newer clean-amis wrote is not touched", async (t) => {
  const { redis, keys } = await open(t);
  await redis.set(keys.format, "2");
  const prefix = keys.format.replace(/:format$/, "");
  await t.rejects(openRedis(serverUrl("TEST_REDIS_URL"), prefix, silentLog), {
    name: "ConfigError",
    message: /format is 2/,
  });
});

t.test("keys of a region share one hash tag, so that each script touches one slot of a cluster", async (t) => {
  const { keys } = await open(t);
  const all = [
    ...(["unresolved", "private", "delete", "restore", "held"] as const).map((queue) => keys.queue(REGION, queue)),
    ...[keys.image(REGION, AMI), keys.composeImages(REGION, "c"), keys.events(REGION)],
  ];
  t.same(new Set(all.map((key) => /\{(.+)\}/.exec(key)?.[1])), new Set([REGION]));
});
