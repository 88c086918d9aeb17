import t from "tap";
import type { RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { redisCounts } from "../../../../src/adapters/redis/images/counts.ts";
import { redisNames } from "../../../../src/adapters/redis/images/names.ts";
import { redisSchedule } from "../../../../src/adapters/redis/images/schedule.ts";
import { DAY_MS, dayOf } from "../../../../src/domain/time.ts";
import { openCounting } from "../../../support/scenes/counting.ts";
import { openTestRedis } from "../../../support/servers/redis/redis.ts";
import { SettableClock } from "../../../support/world/clock.ts";
import { keeperOver } from "../../../support/world/keeper.ts";
import { PERIODS, REGION, START } from "../../../support/world/world.ts";

const OTHER = "eu-west-1";

function openNames(connection: RedisConnection) {
  const schedule = redisSchedule(connection, new SettableClock(START), PERIODS);
  const names = redisNames(connection);
  /** A nightly of the day `number`, in a region. */
  const add = async (number: number, region = REGION, imageName: string | null = nameOf(number)) => {
    const amiId = `ami-${number.toString(16).padStart(17, "0")}`;
    const upload = { region, amiId, composeId: composeOf(number), arch: "x86_64", uploadedAt: START + number * DAY_MS };
    await schedule.add({ ...upload, imageName }, { kind: "delete", rule: "nightly", reason: "a nightly" }, "test");
    return amiId;
  };
  const find = async (part: string, most = 10) => {
    const { images, isMore } = await names.search(part, most);
    return [images.map(({ region, amiId }) => `${region} ${amiId}`), isMore] as const;
  };
  return { ...connection, schedule, names, add, find };
}

function composeOf(number: number): string {
  return `Fedora-Rawhide-202611${String(10 + number)}.n.0`;
}

function nameOf(number: number): string {
  return `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-202611${String(10 + number)}.0`;
}

t.test("a part of its name, its compose or its id finds an image in every region, the newest first", async (t) => {
  const { names, add, find } = openNames(await openTestRedis(t));
  const [one, two] = [await add(1), await add(2)];
  await add(2, OTHER);
  t.same(await find("cloud-base-AMAZON"), [[`${OTHER} ${two}`, `${REGION} ${two}`, `${REGION} ${one}`], false]);
  t.same(await find("20261111.n"), [[`${REGION} ${one}`], false]);
  t.same(await find(two.slice(-6)), [[`${OTHER} ${two}`, `${REGION} ${two}`], false]);
  t.same(await find("Cloud.Base"), [[], false], "a text is no pattern");
  t.same(await find("%"), [[], false]);
  t.same(await find("rawhide", 2), [[`${OTHER} ${two}`, `${REGION} ${two}`], true], "and that there are more is said");
  t.same((await names.search("20261111.n", 1)).images, [
    { region: REGION, amiId: one, imageName: nameOf(1), composeId: composeOf(1) },
  ]);
});

t.test("an image is found as it is called now: when it gets a name, a compose, or a name with spaces", async (t) => {
  const { add, find, schedule } = openNames(await openTestRedis(t));
  const amiId = await add(1, REGION, null);
  t.same(await find(composeOf(1)), [[`${REGION} ${amiId}`], false]);
  await add(1, REGION, "A name with spaces");
  t.same(await find("with SPACES"), [[`${REGION} ${amiId}`], false]);
  const image = await schedule.get(REGION, amiId);
  if (image === null) throw new Error("no image");
  const upload = { ...image, composeId: composeOf(5), imageName: "Another name" };
  await schedule.identify(image, upload, { stage: "public", wait: null, fields: {}, event: null });
  t.same(await find(composeOf(5)), [[`${REGION} ${amiId}`], false]);
  t.same(await find("another"), [[`${REGION} ${amiId}`], false]);
  t.same(await find("with spaces"), [[], false], "and no more as it was called");
});

t.test("a name goes when the record of its image has expired, and not before", async (t) => {
  const { add, find, names, schedule, redis, keys } = openNames(await openTestRedis(t));
  const [one, two] = [await add(1), await add(2)];
  await add(1, REGION, "x");
  const image = await schedule.get(REGION, one);
  if (image === null) throw new Error("no image");
  await schedule.change(image, { stage: "deleted", wait: null, fields: {}, event: null });
  t.equal(await names.sweep(REGION, 0), 0);
  t.same(await find("rawhide"), [[`${REGION} ${two}`, `${REGION} ${one}`], false], "what was deleted is found");
  await redis.del(keys.image(REGION, one));
  t.same(await find("rawhide"), [[`${REGION} ${two}`], false]);
  await redis.zadd(keys.composes(REGION), 0, "nobody's");
  await names.sweep(REGION, 0);
  t.same(await redis.zrange(keys.composes(REGION), "0", "-1"), [composeOf(2)], "nor what leads to it");
});

t.test(
  "each stretch of the walk sweeps one region's names, the next the next one's, and a whole walk all",
  async (t) => {
    const connection = await openTestRedis(t);
    const { add, redis, keys } = openNames(connection);
    const regions = [REGION, OTHER, "sa-east-1"];
    const litter = async (): Promise<void> => {
      for (const region of regions) await redis.zadd(keys.composes(region), 0, "nobody's");
    };
    const left = async (): Promise<number> => {
      const scores = await Promise.all(regions.map((region) => redis.zscore(keys.composes(region), "nobody's")));
      return scores.filter((score) => score !== null).length;
    };
    for (const [index, region] of regions.entries()) await add(index, region);
    const keeper = keeperOver(connection, new SettableClock(START));
    await litter();
    for (let stretch = 1; stretch <= regions.length; stretch += 1) {
      await keeper.step();
      t.equal(await left(), regions.length - stretch);
    }
    await litter();
    await keeper.finish();
    t.equal(await left(), 0);
  },
);

t.test(
  "of a compose whose images ended long ago nothing is left, of a new one that lost its records its images",
  async (t) => {
    const { names, schedule, redis, keys } = openNames(await openTestRedis(t));
    const [old, recent] = [
      "Fedora-Rawhide-20240101.n.0",
      `Fedora-Rawhide-${dayOf(Date.now()).replaceAll("-", "")}.n.0`,
    ];
    for (const [index, composeId] of [old, recent].entries()) {
      const upload = { region: REGION, amiId: `ami-0000000${index}`, composeId, imageName: null, arch: null };
      const decision = { kind: "delete", rule: "nightly", reason: "a nightly" } as const;
      await schedule.add({ ...upload, uploadedAt: START }, decision, "test");
    }
    await names.sweep(REGION, 0);
    t.equal(await redis.exists(keys.composeImages(REGION, old)), 1, "its image has a record");
    await redis.del(keys.image(REGION, "ami-00000000"), keys.image(REGION, "ami-00000001"));
    await names.sweep(REGION, 0);
    t.equal(await redis.exists(keys.composeImages(REGION, old)), 0);
    t.equal(await redis.exists(keys.composeImages(REGION, recent)), 1, "by which reconcile finds it again");
  },
);

t.test("what leads to the names, when it was lost or never written, comes back with a walk", async (t) => {
  const connection = await openTestRedis(t);
  const { add, find, redis, keys } = openNames(connection);
  const amiId = await add(1);
  await redis.del(keys.composes(REGION), keys.composeImages(REGION, composeOf(1)));
  t.same(await find("rawhide"), [[], false]);
  await openCounting(connection).walk();
  t.same(await find("rawhide"), [[`${REGION} ${amiId}`], false]);
});

t.test("a search takes the same commands however many composes there are, and says that it saw not all", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys, names, add } = openNames(connection);
  await add(1);
  let commands = 0;
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (...args: Parameters<typeof send>) => {
    commands += 1;
    return send(...args);
  };
  const ask = async (): Promise<readonly [commands: number, since: number | null]> => {
    commands = 0;
    const { since } = await names.search("what nobody is called", 10);
    return [commands, since];
  };
  await ask();
  t.same((await ask())[1], null);
  /** Ten thousand composes of one day. */
  const fill = async (day: string): Promise<void> => {
    const entries = Array.from({ length: 10_000 }, (_, at) => [`${day}120000`, `compose-${day}-${at}`]).flat();
    await redis.zadd(keys.composes(REGION), ...entries);
  };
  for (let day = 10; day < 25; day += 1) await fill(`202701${day}`);
  const [many, since] = await ask();
  t.ok(many <= 70, `${many} commands`);
  t.equal(since, Date.parse("2027-01-13T12:00:00Z"), "the newest 120,000");
  for (let day = 25; day < 29; day += 1) await fill(`202701${day}`);
  t.same(await ask(), [many, Date.parse("2027-01-17T12:00:00Z")]);
});

t.test("composes that are not ours to read keep nobody from being heard, counted and acted on", async (t) => {
  const connection = await openTestRedis(t);
  const { add, find, names, schedule, redis, keys } = openNames(connection);
  await redis.set(keys.composes(REGION), "somebody else's");
  const amiId = await add(1);
  t.equal((await schedule.get(REGION, amiId))?.stage, "public");
  t.same(await find("rawhide"), [[], false]);
  t.equal(await names.sweep(REGION, 0), 0);
  t.match(connection.strangers.list(), [{ key: keys.composes(REGION), problem: /redis-cli RENAME/ }]);
  await redis.del(keys.composes(REGION));
  await redisCounts(connection).count(REGION, [amiId]);
  t.same(await find("rawhide"), [[`${REGION} ${amiId}`], false]);
});

t.test(
  "a compose that is larger than any is looked at in part, and one search does not stand still for it",
  async (t) => {
    const connection = await openTestRedis(t);
    const { redis, keys, add, find } = openNames(connection);
    const amiId = await add(1);
    const others = Array.from({ length: 5000 }, (_, at) => `ami-${at}`);
    await redis.sadd(keys.composeImages(REGION, composeOf(2)), ...others);
    await redis.zadd(keys.composes(REGION), "20271113080000", composeOf(2));
    t.same(await find("rawhide"), [[`${REGION} ${amiId}`], false]);
  },
);
