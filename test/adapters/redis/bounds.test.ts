import t from "tap";
import { RegionPasses } from "../../../src/act/passes.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { DAY_MS, dayOf, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import type { Log } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { addCompose } from "../../support/scenes/proof.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { addNightly, openWorld, REGION, START, UPLOADER } from "../../support/world/world.ts";

const MIB = 1024 * 1024;
const COMPOSE = "Fedora-Rawhide-20261124.n.0";

t.test("what could not be understood takes 64 MiB at most: the oldest goes, and that is told", async (t) => {
  const connection = await openTestRedis(t);
  const rejected = redisRejected(connection);
  const entry = { reason: "x", topic: "t", sentAt: "", at: START, body: Buffer.alloc(256 * 1024, "x") };
  for (let number = 0; number < 320; number += 1) await rejected.add({ ...entry, messageId: `message-${number}` });
  const bytes = (await connection.redis.memory("USAGE", connection.keys.rejected, "SAMPLES", 0)) ?? 0;
  t.ok(bytes <= 64 * MIB && bytes > 48 * MIB, `${Math.round(bytes / MIB)} MiB`);
  const last = await rejected.get((await rejected.lastId()) ?? "");
  t.equal(last?.messageId, "message-319");
  t.match(connection.strangers.list(), [
    { problem: /would take more than 64 MiB: the oldest messages in it are removed/ },
  ]);
});

t.test("what a flood of small rubbish takes is asked of Redis once in a thousand messages", async (t) => {
  const connection = await openTestRedis(t);
  const ask = connection.redis.memory.bind(connection.redis);
  let asked = 0;
  connection.redis.memory = ((...args: Parameters<typeof ask>) => ((asked += 1), ask(...args))) as typeof ask;
  const entry = { reason: "x", topic: "t", sentAt: "", at: START, body: Buffer.from("x") };
  const add = async (from: number, to: number): Promise<void> => {
    const rejected = redisRejected(connection);
    for (let number = from; number < to; number += 1) await rejected.add({ ...entry, messageId: `message-${number}` });
  };
  await add(0, 1_001);
  t.equal(asked, 1);
  await add(1_001, 1_003);
  t.equal(asked, 2, "another process does not know what is there");
});

t.test("events are removed although a kind of report that nobody makes any more has not read them", async (t) => {
  const world = await openWorld(t);
  const { redis, keys } = world.connection;
  await world.hear(UPLOADER, addNightly(world).message);
  const logged = redisJournal(world.connection, "log", silentLog);
  const lease = await logged.reporterLease();
  await lease?.finishPost({ [REGION]: "1-0" }, {});
  await lease?.noteStatus({ state: "ok", since: START, reason: "", checkedAt: START });
  await lease?.end();
  const [newest] = await redis.xrevrange(keys.events(REGION), "+", "-", "COUNT", 1);
  const last = newest?.[0] ?? "";
  const mine = await world.reporter.journal.reporterLease();
  await mine?.finishPost({ [REGION]: last }, {});
  const later = Date.now() + DAY_MS;
  t.equal(await mine?.trim(REGION, later, START + 29 * DAY_MS), 0, "the other kind may still read them");
  t.equal(await mine?.trim(REGION, later, START + 31 * DAY_MS), 0, "its own cursor still holds the last one");
  await mine?.finishPost({ [REGION]: `${Date.now() + HOUR_MS}-0` }, {});
  t.equal(await mine?.trim(REGION, later, START + 31 * DAY_MS), 1);
  await mine?.end();
});

t.test("events are removed although a kind of report was begun once, and never said how it goes", async (t) => {
  const world = await openWorld(t);
  await world.hear(UPLOADER, addNightly(world).message);
  for (const kind of ["log", "forgejo"]) {
    const lease = await redisJournal(world.connection, kind, silentLog).reporterLease();
    const ahead = START + 3650 * DAY_MS;
    if (kind === "forgejo") await lease?.noteStatus({ state: "ok", since: ahead, reason: "", checkedAt: ahead });
    await lease?.end();
  }
  const mine = await world.reporter.journal.reporterLease();
  await mine?.finishPost({ [REGION]: `${Date.now() + HOUR_MS}-0` }, {});
  const later = Date.now() + DAY_MS;
  t.equal(await mine?.trim(REGION, later, START), 0);
  t.equal(await mine?.trim(REGION, later, START + 29 * DAY_MS), 0, "both may come back");
  t.equal(await mine?.trim(REGION, later, START + 31 * DAY_MS), 1);
  await mine?.end();
});

t.test("a region's events take 64 MiB at most: the oldest that may go do, and that is told", async (t) => {
  const { redis, keys, ...connection } = await openTestRedis(t);
  const stream = keys.events(REGION);
  /** The first of seventy days, each with an event of a mebibyte. */
  const first = START - 70 * DAY_MS;
  for (let day = 0; day < 70; day += 1)
    await redis.xadd(stream, `${first + day * DAY_MS}-1`, "what", "refused", "why", "x".repeat(MIB - 4096));
  const lease = await redisJournal({ redis, keys, ...connection }, "log", silentLog).reporterLease();
  if (lease === null) throw new Error("the lease is taken");
  t.teardown(() => lease.end());
  const firstDay = async (): Promise<number> => {
    const [entry] = await redis.xrange(stream, "-", "+", "COUNT", 1);
    return (Number(entry?.[0].split("-")[0]) - first) / DAY_MS;
  };
  const told = (): readonly string[] => connection.strangers.list().map(({ problem }) => problem);
  t.equal(await lease.bound(REGION, START, START), 0, "nobody was told");
  t.match(told(), [/takes more than 64 MiB: what is not told yet, or is of the last weeks, is kept/]);
  await lease.finishPost({ [REGION]: `${first + 3 * DAY_MS}-1` }, {});
  t.equal(await lease.bound(REGION, START, START), 3, "up to what is still to be told");
  t.equal(await firstDay(), 3);
  await lease.finishPost({ [REGION]: `${first + 69 * DAY_MS}-1` }, {});
  t.equal(await lease.bound(REGION, first + 5 * DAY_MS, START), 2, "up to what is spared");
  t.equal(await firstDay(), 5);
  t.ok((await lease.bound(REGION, first + 40 * DAY_MS, START)) > 0);
  const bytes = (await redis.memory("USAGE", stream, "SAMPLES", 0)) ?? 0;
  t.ok(bytes <= 64 * MIB && bytes > 60 * MIB, `no more than it takes: ${bytes / MIB} MiB are left`);
  t.match(told(), [/took more than 64 MiB: the oldest events in it are removed/]);
  t.equal(await lease.bound(REGION, START, START), 0);
});

t.test("a hold on a compose that nobody knows ends by itself, one on a known compose does not", async (t) => {
  const connection = await openTestRedis(t);
  const facts = redisFacts(connection);
  const life = (): Promise<number> => connection.redis.ttl(connection.keys.compose(COMPOSE));
  const hold = { by: "x", why: "y", since: START, until: null };
  await facts.hold(COMPOSE, hold);
  t.ok(Math.abs((await life()) - (90 * DAY_MS) / SECOND_MS) < 60);
  await facts.hold(COMPOSE, { ...hold, until: START + 100 * DAY_MS });
  t.ok(Math.abs((await life()) - (190 * DAY_MS) / SECOND_MS) < 60);
  await facts.remember({ composeId: COMPOSE, source: "pungi", type: "nightly", at: START, by: "test" });
  t.equal(await life(), -1);
  await facts.hold(COMPOSE, hold);
  t.equal(await life(), -1);
});

t.test("a service that may do nothing asks EC2 little, and forgets what it printed with its image", async (t) => {
  const world = await openWorld(t);
  const uploads = Array.from({ length: 40 }, (_, index) =>
    addCompose(world, dayOf(START - index * DAY_MS).replaceAll("-", ""), [REGION]),
  );
  const messages = uploads.flat().map(({ message }) => message);
  for (const { amiId } of uploads.flat().slice(0, 9))
    world.simulator.changeImage(REGION, amiId, { tags: { "clean-amis:intent": "2026-11-01T00:00:00Z all" } });
  for (const message of messages) await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  const printed: string[] = [];
  const log: Log = {
    ...silentLog,
    info: (data, message) => {
      if (message === "would do") printed.push(JSON.stringify(data));
    },
  };
  const passes = new RegionPasses({ ...world.ticker, act: "nothing", log });
  const pass = async (): Promise<number> => {
    const before = world.simulator.journal.entries.length;
    world.clock.advance(MINUTE_MS);
    await passes.start();
    await passes.idle();
    return world.simulator.journal.entries.length - before;
  };
  t.ok((await pass()) > 80, "the first pass asks for every snapshot");
  t.equal(printed.length, 40);
  const again = await pass();
  t.ok(again <= 3, `the next one takes ${again} calls`);
  t.equal(printed.length, 40);
  await world.connection.redis.del(world.connection.keys.queue(REGION, "private"));
  await pass();
  for (const message of messages) await world.hear(UPLOADER, message);
  await pass();
  t.equal(printed.length, 80, "what comes back is news");
});
