import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import t from "tap";
import type { Outgoing } from "../../../src/demo/cast/messages.ts";
import { Publisher } from "../../../src/demo/publisher.ts";
import type { ServiceProcess } from "../../../src/demo/service.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import type { Ingester } from "../../../src/hear/ingest.ts";
import type { Schedule } from "../../../src/ports/index.ts";
import { limitFor } from "../../support/run/limit.ts";
import { openBench, outgoing, until, uploads } from "../../support/servers/broker/bus.ts";
import { openWayIn, WayIn } from "../../support/servers/broker/way-in.ts";
import { openWorld } from "../../support/world/world.ts";

const MIB = 1024 * 1024;
const IS_LONG = process.env["CHAOS_FLOOD"] !== undefined;
/** RabbitMQ 3.10 takes no larger body (`max_message_size`). */
const LARGEST_MIB = IS_LONG ? 128 : 12;
/** Bad messages of one publisher, so large that they are more than Redis keeps of them. */
const FLOOD = IS_LONG ? 2_000 : 800;
const BODY_BYTES = 100 * 1024;
/** After so many bad ones comes a good one. */
const GOOD_AFTER = 40;
/** What is worked together, at the most. */
const TOGETHER = 100;

limitFor(t, "CHAOS_FLOOD");

/** JSON that takes fifty times as much when it is read. */
function deepBody(bytes: number): Buffer {
  const [head, tail] = ['{"compose_id":"Fedora-Rawhide-20261124.n.0","regions":[', "[]]}"];
  const count = Math.floor((bytes - head.length - tail.length) / 3);
  return Buffer.from(`${head}${"[],".repeat(count)}${tail}`.padEnd(bytes, " "));
}

function bad(body: Buffer, number: number): Outgoing {
  return { ...outgoing("fedimg.image.publish", "x"), messageId: `bad-${number}`, body };
}

t.test(
  "a body as large as the broker takes is rejected unread, with a line, and what stands behind it is taken",
  async (t) => {
    const world = await openWorld(t);
    const lines: string[] = [];
    const log = {
      ...world.ingester.log,
      warn: (data: object, words: string) => void lines.push(`${words} ${JSON.stringify(data)}`),
    };
    const { way, publisher, queue } = await openWayIn(t, { ...world.ingester, log });
    const [first, last] = uploads(2);
    if (first === undefined || last === undefined) throw new Error("two uploads are wanted");
    const before = process.memoryUsage();
    await publisher.send([first, bad(deepBody(LARGEST_MIB * MIB), 0), last]);
    await way.taken(3);
    const heapMib = Math.round((process.memoryUsage().heapUsed - before.heapUsed) / MIB);
    t.comment(
      `${LARGEST_MIB} MiB: ${heapMib} MiB of heap more, at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB in all`,
    );
    t.match(way.consumer.counts, { received: 3, uploads: 2, rejected: 1 });
    const rejected = redisRejected(world.connection);
    const entry = await rejected.get((await rejected.lastId()) ?? "");
    t.match(entry, { bytes: LARGEST_MIB * MIB, reason: /the body has \d+ bytes: more than 1048576 are not read/ });
    t.equal(entry?.body.length, 256 * 1024, "of which the beginning is kept");
    t.equal(lines.filter((line) => line.startsWith("message rejected")).length, 1);
    t.equal(await publisher.waiting(queue), 0, "and it does not come again");
  },
);

t.test(
  "a flood of one bad publisher takes so much and no more, what is lost is counted, and good ones are not held up",
  async (t) => {
    const world = await openWorld(t);
    const { redis, keys } = world.connection;
    /** How many bad ones had been taken when a good one was scheduled. */
    const takenWhen = new Map<string, number>();
    const addAll: Schedule["addAll"] = (announced, who) => {
      for (const { upload } of announced) takenWhen.set(upload.amiId, way.consumer.counts.rejected);
      return world.ingester.schedule.addAll(announced, who);
    };
    const schedule = new Proxy(world.ingester.schedule, {
      get: (target, name) => (name === "addAll" ? addAll : (Reflect.get(target, name) as unknown)),
    });
    const ingester: Ingester = { ...world.ingester, schedule };
    const { way: first, publisher, config } = await openWayIn(t, ingester);
    await first.close();
    const goods = uploads(FLOOD / GOOD_AFTER);
    const body = Buffer.alloc(BODY_BYTES, "x");
    for (const [index, good] of goods.entries()) {
      await publisher.send(Array.from({ length: GOOD_AFTER }, (_, each) => bad(body, index * GOOD_AFTER + each)));
      await publisher.send([good]);
    }
    // All of it waits in the queue.
    const way = await WayIn.open(config, ingester);
    t.teardown(() => way.close());
    await way.taken(FLOOD + goods.length);
    t.match(way.consumer.counts, { rejected: FLOOD, new: goods.length });
    t.same(
      goods
        .map(amiOf)
        .filter((amiId, index) => (takenWhen.get(amiId) ?? Infinity) > GOOD_AFTER * (index + 1) + TOGETHER),
      [],
      "no good one waited for the bad ones behind it",
    );
    const bytes = (await redis.memory("USAGE", keys.rejected, "SAMPLES", 0)) ?? 0;
    t.ok(bytes <= 64 * MIB, `${Math.round(bytes / MIB)} MiB are kept`);
    const rejected = redisRejected(world.connection);
    const [left, removed] = [await rejected.count(), await rejected.removed()];
    t.ok(removed > 0);
    t.equal(left + removed, FLOOD, "what is gone is counted");
    t.match(world.connection.strangers.list(), [
      { problem: /would take more than 64 MiB: the oldest messages in it are removed/ },
    ]);
  },
);

t.test("a flood is told in the log line by line a hundred times, and not more often", async (t) => {
  const bench = await openBench(t);
  const { publisher, at } = bench;
  const service = await bench.start();
  const redis = new Redis(at.redisUrl);
  t.teardown(() => {
    redis.disconnect();
  });
  await publisher.send(Array.from({ length: 150 }, (_, number) => bad(Buffer.from("no JSON"), number)));
  await until("all are rejected", async () => (await redis.xlen(`${at.prefix}:rejected`)) === 150);
  t.equal(await service.end(), 0);
  t.equal(service.lines.filter(({ msg }) => msg === "message rejected").length, 100);
});

/** So small a heap that a body which is read ends the process. */
const HEAP = { NODE_OPTIONS: "--max-old-space-size=192" };
const FLOOD_MS = 20_000;
/** Fedora's whole bus has a few dozen messages a second. */
const FLOOD_A_SECOND = 2_000;
const BEAT_MS = 100;

/** A bad publisher's own connection, for so long; resolves to how many it sent. */
async function flood(flooder: Publisher): Promise<number> {
  let flooded = 0;
  const start = Date.now();
  for (let beat = 0; beat * BEAT_MS < FLOOD_MS; beat += 1) {
    const many = Array.from({ length: (FLOOD_A_SECOND * BEAT_MS) / 1000 }, () =>
      bad(Buffer.from("no JSON"), (flooded += 1)),
    );
    await flooder.send(many);
    await pause(Math.max(0, start + (beat + 1) * BEAT_MS - Date.now()));
  }
  return flooded;
}

if (IS_LONG)
  t.test(
    "the service outlives the largest bodies with a small heap, and schedules good ones within a second under a flood",
    async (t) => {
      const bench = await openBench(t);
      const { publisher, at } = bench;
      const service = await bench.start(HEAP);
      const flooder = await Publisher.open(at.amqpUrl, at.exchange);
      t.teardown(() => flooder.close());
      const redis = new Redis(at.redisUrl);
      t.teardown(() => {
        redis.disconnect();
      });
      const scheduled = async (good: Outgoing): Promise<number> => {
        const [region = ""] = /"destination":"([^"]+)"/.exec(good.body.toString())?.slice(1) ?? [];
        await publisher.send([good]);
        const since = performance.now();
        while ((await redis.exists(`${at.prefix}:{${region}}:image:${amiOf(good)}`)) === 0) await pause(2);
        return performance.now() - since;
      };
      let isOver = false;
      const flooding = flood(flooder).finally(() => (isOver = true));
      const waiting: Promise<number>[] = [];
      // Each on its own: one that waits holds up none of the others, and the flood lasts as long as they come.
      for (const good of uploads(100)) {
        waiting.push(scheduled(good));
        await pause(FLOOD_MS / 110);
      }
      t.notOk(isOver, "all of them came while the flood lasted");
      const sorted = (await Promise.all(waiting)).toSorted((one, other) => one - other);
      const flooded = await flooding;
      const [median = Infinity, worst = Infinity] = [sorted[50], sorted.at(-1)];
      const words = `beside ${flooded} bad ones in ${FLOOD_MS / 1000} s: ${median.toFixed(0)} ms in the middle, ${worst.toFixed(0)} ms at the most`;
      process.stderr.write(`${words}\n`);
      t.ok(worst < 1000, words);
      for (let number = 1; number <= 4; number += 1) await publisher.send([bad(deepBody(LARGEST_MIB * MIB), -number)]);
      const unread = async (): Promise<number> => {
        const entries = await redis.xrevrange(`${at.prefix}:rejected`, "+", "-", "COUNT", 4);
        return entries.filter(([, fields]) => fields.some((field) => /are not read$/.test(field))).length;
      };
      await until("the largest are rejected", async () => (await unread()) === 4);
      const told = service.lines.filter(({ msg }) => msg === "message rejected").length;
      t.ok(told > 0 && told < flooded / 100, `${told} of them in the log, one by one`);
      t.comment(`with ${LARGEST_MIB} MiB bodies the process took ${peakMib(service)} MiB at the most`);
      t.ok(service.isRunning && peakMib(service) <= 1024);
    },
  );

function amiOf({ body }: Outgoing): string {
  return /ami-\w+/.exec(body.toString())?.[0] ?? "";
}

/** The most that a process ever had in memory (proc_pid_status(5)). */
function peakMib({ pid }: ServiceProcess): number {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
}
