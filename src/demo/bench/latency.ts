import { setTimeout } from "node:timers/promises";
import { connect, type ChannelModel } from "amqplib";
import { Redis } from "ioredis";
import { announcements, EXCHANGE, TOPIC } from "./announcements.ts";
import { quantile, type Bench, type Figure } from "./figure.ts";
import { PREFIX, startService, type Scene } from "./scene.ts";
import { Publisher } from "../publisher.ts";
import type { Outgoing } from "../cast/messages.ts";

const REGION = "us-east-1";
const MESSAGES = 1_500;
/** So many are not counted: the service warms up. */
const WARM_UP = 500;
/** A hundred messages a second. */
const EVERY_MS = 10;

/** When each message was sent, and when it was where it should be, in milliseconds by message id. */
type Times = Map<string, number>;

/** How long a message takes from being published to being scheduled, when few come; beside it, to the client alone. */
export const latency: Bench = {
  name: "latency",
  figures: async (scene) => {
    // What an earlier bench entered would be known.
    await scene.redis.flushall();
    const messages = announcements(MESSAGES, [REGION]);
    const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
    const sent: Times = new Map();
    const delivered: Times = new Map();
    const scheduled: Times = new Map();
    const program = await startService(scene, "bench-latency");
    await program.nextLine((line) => line.includes('"consuming"'));
    const model = await listen(scene, delivered);
    const watching = watch(scene, messages, scheduled);
    const confirmed: Promise<void>[] = [];
    for (const message of messages) {
      sent.set(message.messageId, performance.now());
      confirmed.push(publisher.send([message]));
      await setTimeout(EVERY_MS);
    }
    await Promise.all([...confirmed, watching]);
    await program.stop();
    await publisher.deleteQueue("bench-latency");
    await Promise.all([model.close(), publisher.close()]);
    const counted = messages.slice(WARM_UP).map(({ messageId }) => messageId);
    const took = (times: Times): number[] => counted.map((id) => (times.get(id) ?? NaN) - (sent.get(id) ?? NaN));
    const [ours, theirs] = [took(scheduled), took(delivered)];
    return [figure("median", 0.5, ours, theirs), figure("99th percentile", 0.99, ours, theirs)];
  },
};

function figure(which: string, share: number, ours: readonly number[], theirs: readonly number[]): Figure {
  const [our, their] = [quantile(ours, share), quantile(theirs, share)];
  return {
    what: `published → scheduled at 100 messages a second, ${which}`,
    against: "published → delivered to bare amqplib",
    unit: "ms",
    goal: null,
    ratio: our / their,
    ours: Number(our.toFixed(1)),
    theirs: Number(their.toFixed(1)),
  };
}

/** Consumes the same messages from a queue of its own, with the client alone. */
async function listen({ amqpUrl }: Scene, delivered: Times): Promise<ChannelModel> {
  const model = await connect(amqpUrl);
  const channel = await model.createChannel();
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, EXCHANGE, TOPIC);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    delivered.set(String(message.properties.messageId), performance.now());
    channel.ack(message);
  });
  return model;
}

/** Waits for the event of each image: it is written with the record. */
async function watch({ redisUrl }: Scene, messages: readonly Outgoing[], scheduled: Times): Promise<void> {
  const idOf = new Map(messages.map(({ messageId, body }) => [amiIn(body), messageId]));
  const redis = new Redis(redisUrl);
  let last = "0-0";
  while (scheduled.size < messages.length) {
    const [[, entries] = ["", []]] =
      (await redis.xread("BLOCK", 0, "STREAMS", `${PREFIX}:{${REGION}}:events`, last)) ?? [];
    const now = performance.now();
    for (const [id, words] of entries) {
      last = id;
      const messageId = idOf.get(words[words.indexOf("ami") + 1] ?? "");
      if (messageId !== undefined) scheduled.set(messageId, now);
    }
  }
  redis.disconnect();
}

function amiIn(body: Buffer): string {
  return (JSON.parse(body.toString()) as { readonly regions: Record<string, string> }).regions[REGION] ?? "";
}
