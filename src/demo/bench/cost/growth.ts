import { findServers } from "../../servers/find.ts";
import { startRedis } from "../../servers/redis.ts";
import { Publisher } from "../../publisher.ts";
import type { Schedule } from "../../../ports/index.ts";
import { announcements, EXCHANGE, TOPIC } from "../announcements.ts";
import { figureOf, type Bench, type Figure } from "../figure.ts";
import { addMany } from "../many.ts";
import { inTurns } from "../rounds.ts";
import { startService, type Scene } from "../scene.ts";
import { scheduled } from "./rate.ts";
import { openSchedule } from "./scheduling.ts";

const REGION = "us-east-1";
const QUEUE = "bench-growth";
const FEW = 10_000;
const MANY = 100_000;
const A_ROUND = 5000;

/**
 * What a service takes after many messages against after few, then and at most: one process, that is sent more and more. It takes
 * some 40 MiB more before Node first tidies up what grew old, after 200,000, and gives them back.
 */
async function residentSet(scene: Scene, messages: number): Promise<readonly Figure[]> {
  const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
  await scene.redis.flushall();
  const all = announcements(messages, [REGION]);
  await publisher.fill(QUEUE, EXCHANGE, TOPIC, all.slice(0, FEW));
  const program = await startService(scene, QUEUE);
  await scheduled(scene, REGION, FEW);
  const few = await program.memory();
  for (let at = FEW; at < messages; at += 1000) await publisher.send(all.slice(at, at + 1000));
  await scheduled(scene, REGION, messages);
  const many = await program.memory();
  await program.stop();
  await publisher.deleteQueue(QUEUE);
  await publisher.close();
  const row = { against: `after ${FEW}`, unit: "MiB" } as const;
  return (["now", "largest"] as const).map((which) =>
    figureOf(
      [{ few, many }],
      which === "now"
        ? { ...row, what: `resident set after ${messages} messages`, goal: { atMost: 1.1 } }
        : { ...row, what: "the largest until then", goal: null },
      (round) => round.many[which],
      (round) => round.few[which],
    ),
  );
}

/** What an image costs where many are scheduled, against where few are: on two servers, in turns, each time further images. */
async function costAnImage(scene: Scene, images: number): Promise<Figure> {
  const other = await startRedis((await findServers({ env: { ...process.env, REDIS_URL: "", AMQP_URL: "" } })).redis);
  const full = await openSchedule(other.url, "bench");
  const fresh = await openSchedule(scene.redisUrl, "bench");
  const now = Date.now();
  await scene.redis.flushall();
  await addMany(full.schedule, { from: 0, to: images, now });
  await addMany(fresh.schedule, { from: 0, to: FEW, now });
  let [manyAt, fewAt] = [images, FEW];
  const cost = async (schedule: Pick<Schedule, "add">, from: number): Promise<number> => {
    const since = performance.now();
    await addMany(schedule, { from, to: from + A_ROUND, now });
    return ((performance.now() - since) * 1000) / A_ROUND;
  };
  const rounds = await inTurns({
    many: async () => {
      manyAt += A_ROUND;
      return cost(full.schedule, manyAt - A_ROUND);
    },
    few: async () => {
      fewAt += A_ROUND;
      return cost(fresh.schedule, fewAt - A_ROUND);
    },
  });
  await Promise.all([full.close(), fresh.close()]);
  await other.stop();
  const row = { against: `with ${FEW}`, unit: "µs", goal: { atMost: 1.15 } } as const;
  return figureOf(
    rounds,
    { what: `an image entered with ${images} scheduled`, ...row },
    ({ many }) => many,
    ({ few }) => few,
  );
}

/** Whether it costs more the more there is; with a count, so many messages and twice as many images. */
export const growth: Bench = {
  name: "growth",
  figures: async (scene, count) => [
    ...(await residentSet(scene, count ?? MANY)),
    await costAnImage(scene, 2 * (count ?? MANY)),
  ],
};
