import { findServers } from "../../servers/find.ts";
import { startRedis } from "../../servers/redis.ts";
import { startDatagrepper } from "../../outside/datagrepper/double.ts";
import type { ArchivedMessage } from "../../outside/datagrepper/archive.ts";
import type { Outgoing } from "../../cast/messages.ts";
import { Publisher } from "../../publisher.ts";
import { DAY_MS, dayOf, formatInstant } from "../../../domain/time.ts";
import { announcements, EXCHANGE, TOPIC } from "../announcements.ts";
import { figureOf, type Bench } from "../figure.ts";
import { inTurns } from "../rounds.ts";
import { PREFIX, startService, type Scene } from "../scene.ts";
import { startWatched } from "../watched.ts";
import { rateOf } from "./rate.ts";

const MESSAGES = 10_000;
const REGION = "us-east-1";
const QUEUE = "bench-ways";

/** What the archive has of these messages: all of yesterday. */
function archived(messages: readonly Outgoing[], start: number): readonly ArchivedMessage[] {
  return messages.map(({ topic, messageId, headers, body }, index) => ({
    topic,
    id: messageId,
    at: start + Math.floor((index * DAY_MS) / messages.length),
    headers,
    body: JSON.parse(body.toString()) as unknown,
  }));
}

/** Messages a second of the service, as shipped, from a full queue. */
async function consumed(scene: Scene, publisher: Publisher, messages: readonly Outgoing[]): Promise<number> {
  await scene.redis.flushall();
  await publisher.fill(QUEUE, EXCHANGE, TOPIC, messages);
  const program = await startService(scene, QUEUE);
  const rate = await rateOf(scene, REGION, messages.length);
  await program.stop();
  await publisher.deleteQueue(QUEUE);
  return rate;
}

/** The same by a backfill, with nothing but the archive's own pace. */
async function backfilled(scene: Scene, archiveUrl: string, count: number, start: number): Promise<number> {
  await scene.redis.flushall();
  const config = await scene.write(
    "backfill.toml",
    `[consumer_config]\nredis_url = "${scene.redisUrl}"\nredis_prefix = "${PREFIX}"\n` +
      `[consumer_config.sources]\ncompose_host = ""\ndatagrepper = "${archiveUrl}"\n`,
  );
  const days = ["--start", formatInstant(start), "--end", formatInstant(start + DAY_MS)];
  const program = startWatched("../../main.js", ["backfill", ...days, "--rate", "1000", "--config", config], {});
  const ended = program.ended();
  // Who fails brings nothing.
  const rate = await Promise.race([rateOf(scene, REGION, count), ended.then(() => NaN)]);
  await ended;
  return rate;
}

/** What it costs to read the archive instead of the bus, and that Redis writes down all it is told. */
export const waysIn: Bench = {
  name: "ways-in",
  figures: async (scene, count) => {
    const messages = announcements(count ?? MESSAGES, [REGION]);
    const start = Date.parse(dayOf(Date.now() - DAY_MS));
    const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
    const archive = await startDatagrepper({ messages: archived(messages, start) });
    const everysec = await startRedis(
      (await findServers({ env: { ...process.env, REDIS_URL: "", AMQP_URL: "" } })).redis,
      {
        appendOnly: true,
      },
    );
    const lasting = scene.redis.duplicate({ ...hostOf(everysec.url) });
    const rounds = await inTurns({
      bus: () => consumed(scene, publisher, messages),
      lasting: () => consumed({ ...scene, redis: lasting, redisUrl: everysec.url }, publisher, messages),
      archive: () => backfilled(scene, archive.url, messages.length, start),
    });
    lasting.disconnect();
    await Promise.all([publisher.close(), archive.close(), everysec.stop()]);
    return [
      figureOf(
        rounds,
        {
          what: "backfill from an archive in memory",
          against: "consume",
          unit: "messages a second",
          goal: { atLeast: 0.9 },
        },
        (round) => round.archive,
        ({ bus }) => bus,
      ),
      figureOf(
        rounds,
        {
          what: "consume, Redis with AOF everysec",
          against: "without AOF",
          unit: "messages a second",
          goal: { atLeast: 0.85 },
        },
        (round) => round.lasting,
        ({ bus }) => bus,
      ),
    ];
  },
};

function hostOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
