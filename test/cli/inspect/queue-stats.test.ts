import t from "tap";
import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import { redisOrders } from "../../../src/adapters/redis/control/orders.ts";
import { redisBudgets } from "../../../src/adapters/redis/control/budgets.ts";
import { redisPulse } from "../../../src/adapters/redis/control/pulse.ts";
import { DAY_MS, dayOf, floorSecond, formatInstant, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { addDue, linesOf, runOver } from "../../support/program/listing.ts";
import { openTestRedis, rememberHeard } from "../../support/servers/redis/redis.ts";
import { SettableClock } from "../../support/world/clock.ts";
import { keeperOver } from "../../support/world/keeper.ts";

interface Figures {
  readonly regions: readonly { readonly region: string; readonly stages: Record<string, number> }[];
  readonly days: readonly { readonly day: string; readonly private: number; readonly delete: number }[];
  readonly overdue: readonly { readonly queue: string; readonly images: number; readonly oldest: object | null }[];
  readonly acts: { readonly delete: number; readonly delete_budget: number };
}

const NOW = floorSecond(Date.now());
const LIMITS = { maxDeletesPerDay: 500, maxPrivatePerDay: 1000, maxShareOfRegion: 0.2 };

t.test("the figures of a schedule: by region and stage, by day, overdue, spent, stopped, and who lives", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const [oldest = ""] = await addDue(connection, "us-east-1", [NOW - 2 * HOUR_MS, NOW - HOUR_MS, NOW + 3 * DAY_MS]);
  await addDue(connection, "eu-west-1", [NOW + 3 * DAY_MS, NOW + 40 * DAY_MS]);
  await redis.zadd(keys.queue("eu-west-1", "delete"), (NOW + 3 * DAY_MS) / 1000, "ami-0123456789abcdef0");
  const budgets = redisBudgets(connection, LIMITS);
  await budgets.reserve("delete", { region: "eu-west-1", amiId: "ami-0123456789abcdef0" }, 100, NOW);
  await budgets.pause("relengbot", "release day", NOW - HOUR_MS);
  await redis.hset(
    keys.control("stopped"),
    "delete",
    JSON.stringify({ since: "2026-11-24T08:00:00Z", reason: "much" }),
  );
  const order = { verb: "hold", by: "tester", why: "in use", until: null, at: NOW, images: [] } as const;
  await redisOrders(connection).add({ ...order, composeId: "Fedora-Rawhide-20261121.n.0" });
  await rememberHeard(connection, NOW - 10 * MINUTE_MS);
  const pulse = redisPulse(connection);
  await pulse.beat("host-1", NOW - 5 * MINUTE_MS, { tick: NOW - MINUTE_MS, message: NOW - 30 * MINUTE_MS });
  await pulse.beat("host-2", NOW, {});
  await redis.hset(
    keys.control("breakers"),
    "me-south-1",
    JSON.stringify({ trouble: "failing", since: "2026-11-24T08:00:00Z", code: "ECONNREFUSED" }),
  );

  const { code, out, err } = await runOver(t, connection, "queue", "stats", "--json");
  t.same([code, err], [0, ""]);
  const [figures] = linesOf(t, out, "queue-stats.json") as readonly Figures[];
  if (figures === undefined) throw new Error("no line");
  t.same(
    figures.regions.map(({ region, stages }) => [region, stages]),
    [
      ["eu-west-1", { public: 2 }],
      ["us-east-1", { public: 3 }],
    ],
  );
  t.equal(figures.days.length, 14);
  t.equal(figures.days[0]?.day, dayOf(NOW));
  t.match(
    figures.days.find(({ day }) => day === dayOf(NOW + 3 * DAY_MS)),
    { private: 2, delete: 1 },
  );
  t.equal(
    figures.days.reduce((sum, day) => sum + day.private + day.delete, 0),
    3,
    "neither what is overdue nor what lies beyond",
  );
  t.match(
    figures.overdue.find(({ queue }) => queue === "private"),
    { images: 2, oldest: { region: "us-east-1", ami: oldest } },
  );
  t.match(figures, {
    acts: { delete: 1, delete_budget: 500 },
    paused: { by: "relengbot", why: "release day" },
    stopped: [{ kind: "delete", why: "much" }],
    orders_waiting: 1,
    deaf: false,
    last_notice: null,
    replicas: [
      { id: "host-2", silent: false },
      { id: "host-1", silent: true },
    ],
    breakers: [
      { region: "me-south-1", since: "2026-11-24T08:00:00Z", why: /^EC2 fails there again and again \(ECONNREFUSED\)/ },
    ],
  });

  const text = (await runOver(t, connection, "queue", "stats")).out;
  t.match(text, /^5 live images in 2 regions[^]*\nall +5 [^]*\neu-west-1 +2 [^]*\nus-east-1 +3 /);
  t.match(text, new RegExp(`\n {2}${dayOf(NOW + 3 * DAY_MS).slice(5)} +2 #+ +1 #+\n`));
  t.match(text, new RegExp(`overdue\n {2}private +2; the oldest us-east-1 ${oldest} since`));
  t.match(text, /paused +since \S+ \(1h.*ago\) by relengbot: release day;\s+clean-amis resume ends it/);
  t.match(text, /stopped +delete, since \S+ \(.+\): much/);
  t.match(text, /orders wait +1; nothing is acted on before\s+consume/);
  t.match(text, /last tick +\S+Z \(\S+ ago\)\n {2}last message +\S+Z[^]*last notice +never\n {2}replicas +host-2\n/);
  t.match(text, /silent +host-1, last seen[^]*left alone +me-south-1, since 2026-11-24T08:00:00Z/);
});

t.test(
  "images that are not counted yet are told as such, and shown as what they are once a walk has come by",
  async (t) => {
    const connection = await openTestRedis(t);
    const { redis, keys } = connection;
    const [first = "", second = ""] = await addDue(connection, "us-east-1", [NOW + DAY_MS, NOW + DAY_MS, NOW + DAY_MS]);
    await redis.hset(
      keys.image("us-east-1", first),
      "last_error",
      "in-use: by i-0123456789abcdef0",
      "stage",
      "private",
    );
    // As an older version leaves them.
    await redis.del(keys.counts("us-east-1"));
    for (const amiId of [first, second]) await redis.hdel(keys.image("us-east-1", amiId), "counted");
    const counts = redisCounts(connection);
    await counts.count("us-east-1", [second]);
    const text = (await runOver(t, connection, "queue", "stats")).out;
    t.match(text, /^3 live images in 1 regions[^]*\n {2}us-east-1: being counted: 1 of 3\n/);
    const figures = async () => {
      const { code, out } = await runOver(t, connection, "queue", "stats", "--json");
      t.equal(code, 0);
      return (linesOf(t, out, "queue-stats.json") as readonly Figures[])[0]?.regions;
    };
    t.match(await figures(), [{ images: 3, counted: 1, stages: { public: 1, "?": 2 }, refused: 0 }]);
    await keeperOver(connection, new SettableClock(NOW)).finish();
    t.same(await figures(), [
      {
        region: "us-east-1",
        images: 3,
        counted: 3,
        stages: { public: 2, private: 1 },
        refused: 1,
        missing: 0,
        altered: 0,
        untold: 1,
      },
    ]);
    t.notMatch((await runOver(t, connection, "queue", "stats")).out, "being counted");
  },
);

t.test("a first window that is not read again for days is named", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  await rememberHeard(connection, NOW - 10 * MINUTE_MS);
  const at = formatInstant(NOW - 4 * DAY_MS);
  const stats = async (): Promise<string> => (await runOver(t, connection, "queue", "stats")).out;
  t.notMatch(await stats(), "not heard");
  await redis.hset(keys.control("ears"), "whole_at", at);
  t.match(await stats(), /not heard +since \S+Z[^]*what\s+came\s+late\s+to\s+the\s+archive/);
  const { out } = await runOver(t, connection, "queue", "stats", "--json");
  t.match(linesOf(t, out, "queue-stats.json"), [{ deaf: false, late_since: at }]);
});

t.test("an empty Redis has figures too: nothing, and that nobody hears", async (t) => {
  const { code, out, err } = await runOver(t, await openTestRedis(t), "queue", "stats");
  t.same([code, err], [0, ""]);
  t.match(
    out,
    /^0 live images in 0 regions[^]*no image is known[^]*overdue\n {2}nothing\n[^]*heard until +never; nothing is/,
  );
  t.match(out, /replicas +none runs\n/);
});
