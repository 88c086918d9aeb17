import t, { type Test } from "tap";
import { redisSchedule } from "../../../../src/adapters/redis/images/schedule.ts";
import type { RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import type { Replaceable } from "../../../../src/domain/image/replacement.ts";
import { DAY_MS, MINUTE_MS } from "../../../../src/domain/time.ts";
import type { Schedule } from "../../../../src/ports/index.ts";
import { openTestRedis } from "../../../support/servers/redis/redis.ts";
import { SettableClock, withClock } from "../../../support/world/clock.ts";
import { PERIODS } from "../../../support/world/image.ts";

const NOW = Date.parse("2026-11-24T08:00:00Z");
const PRODUCT = "Fedora-Cloud-Base-AmazonEC2";
const GIVEN = { now: NOW, keepNewest: 0 };

interface Scene {
  readonly connection: RedisConnection;
  readonly schedule: Schedule;
  /** Hears of an image of the Rawhide of that day; resolves to its id. */
  readonly add: (day: number, change?: { readonly region?: string; readonly arch?: string }) => Promise<string>;
}

async function open(t: Test): Promise<Scene> {
  const connection = await openTestRedis(t);
  const clock = new SettableClock(NOW);
  const schedule = withClock(redisSchedule(connection, clock, PERIODS), clock);
  let images = 0;
  return {
    connection,
    schedule,
    add: async (day, { region = "us-east-1", arch = "x86_64" } = {}) => {
      images += 1;
      const amiId = `ami-${String(images).padStart(17, "0")}`;
      const uploadedAt = Date.parse(`2026-11-${String(day).padStart(2, "0")}T06:00:00Z`);
      const image = { ...wanted(day, arch), region, amiId, arch, uploadedAt };
      await schedule.add(image, { kind: "delete", rule: "nightly", reason: "" }, "ingest");
      return amiId;
    },
  };
}

function wanted(day: number, arch = "x86_64", region = "us-east-1"): Replaceable {
  const date = `202611${String(day).padStart(2, "0")}`;
  return { region, composeId: `Fedora-Rawhide-${date}.n.0`, imageName: `${PRODUCT}.${arch}-Rawhide-${date}.0` };
}

t.test(
  "the newest is found behind newer ones that will not do, in each region and of each architecture by itself",
  async (t) => {
    const { schedule, add, connection } = await open(t);
    await add(19);
    const [best, other] = [await add(22), await add(22, { region: "eu-west-1" })];
    const arm = await add(23, { arch: "aarch64" });
    const newest = await add(24);
    await connection.redis.hset(connection.keys.image("us-east-1", newest), { last_error: "missing: x" });
    const asked = [
      wanted(19),
      wanted(19, "x86_64", "eu-west-1"),
      wanted(19, "aarch64"),
      wanted(22),
      wanted(24),
      wanted(19, "i386"),
    ];
    const found = await schedule.replacements([...asked, { ...wanted(19), imageName: "" }], GIVEN);
    t.same(
      found.map((image) => image?.amiId ?? null),
      [best, other, arm, null, null, null, null],
    );
    t.match(found[0], { ...wanted(22), amiId: best });
    t.same(await schedule.replacements([], GIVEN), []);
  },
);

t.test("what goes within a day is named only where the policy keeps it as one of the newest", async (t) => {
  const { schedule, add } = await open(t);
  const last = await add(20);
  const at = { now: NOW + MINUTE_MS };
  t.same(await schedule.replacements([wanted(19)], { ...at, keepNewest: 0 }), [null]);
  t.match(await schedule.replacements([wanted(19)], { now: NOW + 3 * DAY_MS, keepNewest: 1 }), [{ amiId: last }]);
});

t.test("how many images are asked for makes no question more, and no stream is searched to its end", async (t) => {
  const { schedule, add, connection } = await open(t);
  for (let day = 1; day <= 24; day += 1) {
    const amiId = await add(day);
    await connection.redis.hset(connection.keys.image("us-east-1", amiId), { last_error: "refused: x" });
  }
  const { redis } = connection;
  const send = redis.sendCommand.bind(redis);
  let sent = 0;
  redis.sendCommand = (...args: Parameters<typeof send>) => {
    sent += 1;
    return send(...args);
  };
  const costOf = async (images: readonly Replaceable[]): Promise<number> => {
    sent = 0;
    await schedule.replacements(images, GIVEN);
    return sent;
  };
  const one = await costOf([wanted(1)]);
  t.equal(one, 11, "the stream, and of its five newest composes the set and the image");
  t.equal(await costOf(Array.from({ length: 1000 }, () => wanted(1))), one);
  t.equal(await costOf([wanted(24)]), 1, "nothing is newer than the newest");
});

t.test("a stream that somebody else wrote over leads to no image, and stops nobody", async (t) => {
  const { schedule, add, connection } = await open(t);
  await add(23);
  await connection.redis.set(connection.keys.stream("us-east-1", "Fedora-Rawhide.nightly.x86_64"), "x");
  t.same(await schedule.replacements([wanted(19)], GIVEN), [null]);
});
