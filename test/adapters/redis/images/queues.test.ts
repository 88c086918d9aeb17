import t, { type Test } from "tap";
import { redisQueues } from "../../../../src/adapters/redis/images/queues.ts";
import { MINUTE_MS, SECOND_MS } from "../../../../src/domain/time.ts";
import { listQueues, type QueueFilter } from "../../../../src/inspect/queue.ts";
import type { Place, Queues } from "../../../../src/ports/index.ts";
import { addDue } from "../../../support/program/listing.ts";
import { openTestRedis } from "../../../support/servers/redis/redis.ts";

const REGION = "us-east-1";
const START = Date.parse("2026-11-24T08:00:00Z");
const ALL: QueueFilter = { regions: null, stages: null, composeId: null, dueBy: null, isHeld: false, isRefused: false };

/** A queue of `count` images, a minute apart, or all in the same second. */
async function openQueue(t: Test, count: number, apartMs = MINUTE_MS) {
  const connection = await openTestRedis(t);
  await connection.redis.sadd(connection.keys.regions, REGION);
  const key = connection.keys.queue(REGION, "private");
  const amis = Array.from({ length: count }, (_, index) => `ami-${index.toString(16).padStart(17, "0")}`);
  for (const [index, ami] of amis.entries())
    await connection.redis.zadd(key, (START + index * apartMs) / SECOND_MS, ami);
  return { connection, key, amis, queues: redisQueues(connection) };
}

/** Everything page by page; `between` is called before each further page. */
async function readAll(queues: Queues, size: number, between: (place: Place) => Promise<unknown>): Promise<string[]> {
  const found: string[] = [];
  for (let place: Place | null = null; found.length < 10_000;) {
    const page = await queues.page(REGION, "private", place, size, Infinity);
    found.push(...page.map(({ amiId }) => amiId));
    place = page.at(-1) ?? null;
    if (place === null) return found;
    await between(place);
  }
  throw new Error("no end");
}

t.test(
  "pages follow each other without a hole or a repeat, also where a whole page is due in one second",
  async (t) => {
    for (const apartMs of [MINUTE_MS, 0]) {
      const { queues, amis } = await openQueue(t, 25, apartMs);
      t.same(await readAll(queues, 4, () => Promise.resolve()), amis);
    }
  },
);

t.test("what leaves the queue while it is read, before or at the place, hides nothing that stays", async (t) => {
  const { connection, key, queues, amis } = await openQueue(t, 25, 0);
  const removed: string[] = [];
  const found = await readAll(queues, 4, async ({ amiId }) => {
    const before = amis.filter((ami) => ami < amiId && !removed.includes(ami)).slice(0, 2);
    removed.push(amiId, ...before);
    await connection.redis.zrem(key, amiId, ...before);
  });
  t.same(found, amis, "each was read once, as it was there when its turn came");
});

t.test(
  "an image that is put off again and again neither keeps the list from ending nor hides the others",
  async (t) => {
    const { connection, key, queues, amis } = await openQueue(t, 60);
    const moved = amis[3] ?? "";
    const end = START + 59 * MINUTE_MS;
    const put = async (by: number): Promise<void> => {
      const score = Number(await connection.redis.zscore(key, moved));
      await connection.redis.zadd(key, score + by, moved);
    };
    const hasty: Queues = {
      ...queues,
      page: async (region, queue, place, size, until) => {
        // Always ahead of the reader, by a second: without an end that is fixed at the start this would never end.
        await put(
          place === null
            ? 60
            : (place.wakeAt + SECOND_MS) / SECOND_MS - Number(await connection.redis.zscore(key, moved)),
        );
        return queues.page(region, queue, place, Math.min(size, 2), until);
      },
    };
    const seen = new Map<string, number>();
    const reader = { queues: hasty, schedule: { ofCompose: none, waiting: none } };
    for await (const piece of listQueues(ALL, reader, t.fail.bind(t), false))
      for (const { amiId, wakeAt } of piece) {
        t.ok(wakeAt <= end);
        seen.set(amiId, (seen.get(amiId) ?? 0) + 1);
      }
    t.same([...seen.keys()].sort(), amis);
    t.same(
      [...seen].filter(([ami, times]) => ami !== moved && times > 1),
      [],
      "only the one that moved comes again",
    );
  },
);

const none = (): never => {
  throw new Error("nobody asks");
};

t.test("a queue of thousands is merged with others in order, in pieces, the first of them small", async (t) => {
  const connection = await openTestRedis(t);
  const at = (index: number): number => START + ((index * 7919) % 1000) * MINUTE_MS;
  for (const region of ["us-east-1", "eu-west-1", "ap-south-1"])
    await addDue(
      connection,
      region,
      Array.from({ length: 700 }, (_, index) => at(index)),
    );
  const reader = { queues: redisQueues(connection), schedule: { ofCompose: none, waiting: none } };
  const [sizes, times]: [number[], number[]] = [[], []];
  for await (const piece of listQueues(ALL, reader, t.fail.bind(t))) {
    sizes.push(piece.length);
    times.push(...piece.map(({ wakeAt }) => wakeAt));
    t.ok(piece.every(({ image }) => image?.stage === "public"));
  }
  t.equal(times.length, 2100);
  t.same(
    times,
    times.toSorted((a, b) => a - b),
  );
  t.ok((sizes[0] ?? 0) <= 25 && Math.max(...sizes) <= 500, sizes.join(" "));
});
