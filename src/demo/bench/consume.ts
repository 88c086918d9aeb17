import { setTimeout } from "node:timers/promises";
import type { Bench, Figure } from "./figure.ts";
import { median } from "./figure.ts";
import { inTurns } from "./rounds.ts";
import type { Scene } from "./scene.ts";
import { startWatched, type Watched } from "./watched.ts";
import type { Outgoing } from "../cast/messages.ts";
import { Publisher } from "../publisher.ts";
import { routingKeys } from "../../domain/topics.ts";

const ONE = ["us-east-1"] as const;
/** Those that Fedora's uploader copies to. */
const ALL = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
  ...["eu-north-1", "eu-south-1", "ap-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
  ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "sa-east-1", "ca-central-1", "af-south-1", "me-south-1"],
];
const MESSAGES_OF_ONE = 20_000;
const MESSAGES_OF_ALL = 2_000;
/** A compose has four images. */
const IMAGES_OF_A_COMPOSE = 4;
const EXCHANGE = "amq.topic";
const TOPIC = "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.rawhide.cloud_base";
const PREFIX = "bench";
const LOOK_EVERY_MS = 5;

/** What one side did between the first tenth of the messages and the last. */
interface Run {
  readonly messagesASecond: number;
  readonly cpuSecondsAMessage: number;
}

/** Uploads as the uploader announces them, each one message for all `regions`. */
function uploads(count: number, regions: readonly string[]): Outgoing[] {
  const now = Date.now();
  const day = new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
  return Array.from({ length: count }, (_, index) => ({
    topic: TOPIC,
    messageId: `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
    headers: {
      fedora_messaging_schema: "fedora_image_uploader.published.v1.aws",
      fedora_messaging_severity: 20,
      "sent-at": new Date(now).toISOString().replace(/\.\d+Z$/, "+00:00"),
    },
    body: Buffer.from(
      JSON.stringify({
        architecture: "x86_64",
        compose_id: `Fedora-Rawhide-${day}.n.${Math.floor(index / IMAGES_OF_A_COMPOSE)}`,
        image_name: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.n.${index}`,
        regions: Object.fromEntries(
          regions.map((region, place) => [
            region,
            `ami-${(index * ALL.length + place).toString(16).padStart(17, "0")}`,
          ]),
        ),
        release: "rawhide",
        subvariant: "Cloud_Base",
      }),
    ),
  }));
}

/** The shipped configuration at private servers. */
function configOf({ amqpUrl, redisUrl, archiveUrl }: Scene, queue: string): string {
  return `amqp_url = "${amqpUrl}"
[queues.${queue}]
durable = true
auto_delete = false
exclusive = false
arguments = {}
[[bindings]]
queue = "${queue}"
exchange = "${EXCHANGE}"
routing_keys = ${JSON.stringify(routingKeys())}
[qos]
prefetch_count = 250
[consumer_config]
redis_url = "${redisUrl}"
redis_prefix = "${PREFIX}"
[consumer_config.sources]
compose_host = ""
datagrepper = "${archiveUrl}"
`;
}

/** Watches from a tenth of the work to its end. */
async function measure(
  count: number,
  program: Watched,
  tenth: () => Promise<number>,
  end: () => Promise<number>,
): Promise<Run> {
  const early = await tenth();
  const [from, cpuFrom] = [performance.now(), await program.cpuSeconds()];
  const late = await end();
  const [to, cpuTo] = [performance.now(), await program.cpuSeconds()];
  const done = late - early;
  if (late !== count) throw new Error(`${late} of ${count} messages were consumed`);
  return { messagesASecond: (done * 1000) / (to - from), cpuSecondsAMessage: (cpuTo - cpuFrom) / done };
}

/** The service consumes what waits for it, as shipped. */
async function ours(scene: Scene, publisher: Publisher, messages: readonly Outgoing[], regions: readonly string[]) {
  const queue = "bench-ours";
  await scene.redis.flushall();
  await publisher.fill(queue, EXCHANGE, TOPIC, messages);
  const config = await scene.write("config.toml", configOf(scene, queue));
  const program = startWatched("../../main.js", ["consume", "--config", config], {});
  const last = regions.at(-1) ?? "";
  const scheduled = (atLeast: number) => async (): Promise<number> => {
    for (;;) {
      const count = await scene.redis.scard(`${PREFIX}:{${last}}:images`);
      if (count >= atLeast) return count;
      // Asked seldom, for the asking costs what is measured.
      await setTimeout(LOOK_EVERY_MS);
    }
  };
  const run = await measure(messages.length, program, scheduled(messages.length / 10), scheduled(messages.length));
  await program.stop();
  await publisher.deleteQueue(queue);
  return run;
}

/** The client alone takes the same messages from a queue, and does nothing with them. */
async function bare({ amqpUrl }: Scene, publisher: Publisher, messages: readonly Outgoing[]): Promise<Run> {
  const queue = "bench-bare";
  await publisher.fill(queue, EXCHANGE, TOPIC, messages);
  const program = startWatched("./baseline-amqp.js", [amqpUrl, queue, String(messages.length)], {});
  const seen = (count: number): Promise<number> => program.nextLine((line) => Number(line) === count).then(Number);
  const [tenth, end] = [seen(messages.length / 10), seen(messages.length)];
  const run = await measure(
    messages.length,
    program,
    () => tenth,
    () => end,
  );
  await program.stop();
  await publisher.deleteQueue(queue);
  return run;
}

/** How fast the bus is heard, and what it costs. */
export const consume: Bench = {
  name: "consume",
  figures: async (scene) => {
    const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
    const one = uploads(MESSAGES_OF_ONE, ONE);
    const all = uploads(MESSAGES_OF_ALL, ALL);
    const rounds = await inTurns({
      one: () => ours(scene, publisher, one, ONE),
      bare: () => bare(scene, publisher, one),
      all: () => ours(scene, publisher, all, ALL),
    });
    await publisher.close();
    return [rateOf(rounds), cpuOf(rounds), imagesOf(rounds)];
  },
};

type Rounds = readonly Readonly<Record<"one" | "bare" | "all", Run>>[];

/** The medians of a rate on both sides, and of their ratio. */
function compared(
  rounds: Rounds,
  our: (round: Rounds[number]) => number,
  their: (round: Rounds[number]) => number,
): Pick<Figure, "ratio" | "ours" | "theirs"> {
  return {
    ratio: median(rounds.map((round) => our(round) / their(round))),
    ours: Math.round(median(rounds.map(our))),
    theirs: Math.round(median(rounds.map(their))),
  };
}

function rateOf(rounds: Rounds): Figure {
  return {
    what: "one-image messages: on the queue → scheduled, acknowledged",
    against: "bare amqplib",
    unit: "messages a second",
    goal: { atLeast: 0.6 },
    ...compared(
      rounds,
      ({ one }) => one.messagesASecond,
      (round) => round.bare.messagesASecond,
    ),
  };
}

function cpuOf(rounds: Rounds): Figure {
  return {
    what: "CPU a message of one image",
    against: "bare amqplib",
    unit: "µs",
    goal: { atMost: 2.5 },
    ...compared(
      rounds,
      ({ one }) => one.cpuSecondsAMessage * 1e6,
      (round) => round.bare.cpuSecondsAMessage * 1e6,
    ),
  };
}

function imagesOf(rounds: Rounds): Figure {
  return {
    what: "22-region messages, images a second",
    against: "one-image messages",
    unit: "images a second",
    goal: { atLeast: 3 },
    ...compared(
      rounds,
      (round) => round.all.messagesASecond * ALL.length,
      ({ one }) => one.messagesASecond,
    ),
  };
}
