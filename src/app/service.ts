import { setMaxListeners } from "node:events";
import type { PlaceKeeper } from "../act/places.ts";
import type { UsageAsker } from "../act/asking/elsewhere.ts";
import type { Guardian } from "../act/asking/guardian.ts";
import type { Ticker } from "../act/tick.ts";
import { whileWanted } from "../adapters/abandon.ts";
import { Bus } from "../adapters/amqp/bus.ts";
import { tellAccount } from "./life/account.ts";
import type { Heartbeat } from "./life/heartbeat.ts";
import { Outages } from "./life/outages.ts";
import { regionPasses, type Keepers } from "./life/region-passes.ts";
import { loopsOf } from "./loops.ts";
import type { Store } from "./store.ts";
import type { Watch } from "./life/watch.ts";
import type { Config } from "../config/config.ts";
import type { HeardQueue } from "../config/queues.ts";
import type { Resolver } from "../decide/resolve.ts";
import { SECOND_MS } from "../domain/time.ts";
import { describeError, isForeign, UpstreamError } from "../errors.ts";
import type { Ears } from "../hear/hearing-rounds.ts";
import { Consumer, type Tap } from "../hear/consume.ts";
import type { Ingester } from "../hear/ingest.ts";
import { CommentRounds, type CommentPlace } from "../operate/comment-rounds.ts";
import type { CommentReader } from "../operate/comments.ts";
import type { Clerk } from "../operate/orders.ts";
import type { Self } from "../monitoring/ready.ts";
import type { Breakers, Delivery, Images, Log, Meter } from "../ports/index.ts";
import type { Announcer } from "../tell/bulletins.ts";
import type { Reporter } from "../tell/reporter.ts";

/** Each loop waits for the stop, and each batch that is held; more would be a leak, and is warned of. */
const MOST_WAITING = 24;

/** How long a stop waits for what is under way; then it is given up, and delivered, or due, again. */
const STOP_WITHIN_MS = 4 * SECOND_MS;

/** What the use cases are given, wired once. */
export interface UseCases {
  readonly ingester: Ingester;
  readonly tick: Ticker & Resolver;
  readonly report: Reporter;
  /** Null: the bus is told nothing. */
  readonly announcer: Announcer | null;
  readonly clerk: Clerk;
  /** None: nobody can object where the reports go. */
  readonly commentReaders: readonly (CommentReader & { readonly place: CommentPlace })[];
  readonly ears: Ears;
  readonly breakers: Breakers;
  readonly placeKeeper: Pick<PlaceKeeper, "step" | "finish">;
  /** Null: nobody looks after released images. */
  readonly guardian: Guardian | null;
  /** Null: nobody asks who uses images elsewhere. */
  readonly usageAsker: UsageAsker | null;
  /** EC2 past the breakers, for a person who asks for a plan: nothing is remembered of its failures. */
  readonly ec2: Images;
  /** Says that this process lives, and how many others do. */
  readonly heartbeat: Heartbeat;
}

/** Everything that is open. */
export interface App extends UseCases {
  /** Hears the bus, ticks and reports until `stop`; resolves when everything under way has ended. Throws `ConfigError`. */
  consume(stop: AbortSignal): Promise<void>;
  /** Closes what was opened, in reverse. */
  close(): Promise<void>;
}

/** By whom the service is told to end, counted and shown. */
export interface Attended {
  readonly stop: AbortSignal;
  readonly meter: Meter;
  /** Shows what the service does, until it is closed. Throws `ConfigError`. */
  readonly serve: (self: Self) => Promise<Closable>;
}

/** What is closed in the end. */
export interface Closable {
  close(): Promise<void>;
}

/** Hears the bus, ticks, reports and carries out orders until `stop`. Throws the bug that ended one of these loops. */
export async function runService(
  config: Config,
  store: Store,
  cases: UseCases,
  { stop, meter, serve }: Attended,
): Promise<void> {
  const { ingester, tick, heartbeat } = cases;
  const { clock, log } = tick;
  const [ending, giveUp] = [new AbortController(), new AbortController()];
  setMaxListeners(MOST_WAITING, ending.signal);
  const consumer = new Consumer(ingester, { stop: ending.signal, giveUp: giveUp.signal }, store.keeping);
  const rounds = roundsOf(config, cases);
  const deliver = deliverer({ consumer, rounds, heartbeat, giveUp: giveUp.signal });
  const bus = new Bus(config.amqp, { queues: await queuesOf(config, store), deliver, clock, meter, log });
  consumer.useTap(tapOf(bus));
  const watch: Watch = { clock, log, heartbeat, giveUp: giveUp.signal };
  const keepers: Keepers = { watch, heartbeat, outages: new Outages({ clock, log }) };
  const passes = regionPasses(config.periods, tick, keepers);
  let lastResort: NodeJS.Timeout | undefined;
  let running = { isEnding: false, since: clock.now() };
  const end = (): void => {
    if (!running.isEnding) running = { isEnding: true, since: clock.now() };
    ending.abort();
    // Whoever does not answer must not keep the process.
    lastResort ??= setTimeout(() => {
      giveUp.abort(new UpstreamError("clean-amis", "abandoned", "given up, since the service ends: it is due again"));
      store.abandon();
    }, STOP_WITHIN_MS);
  };
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  const served = await serve({ running: () => running, consuming: () => bus.consuming });
  // One loop that ends with a bug ends the others: a service that lives half is worse than one that is restarted.
  const loops = [bus.run(ending.signal), ...loopsOf(config, cases, { ...keepers, passes, rounds }, ending.signal)].map(
    (loop) => loop.finally(end),
  );
  const told = config.act === "nothing" ? Promise.resolve() : tellAccount(tick, watch);
  const underWay = Promise.allSettled([...loops, told]);
  log.info({ act: config.act, config: config.file }, "clean-amis is running");
  if (cases.ears.listener === null)
    log.warn({}, "without datagrepper nobody knows what was missed: nothing will be acted on");
  await aborted(ending.signal);
  // First of all: what came after this would be for nobody.
  const stopped = bus.stopDeliveries();
  const ended = await underWay;
  stop.removeEventListener("abort", end);
  await stopped;
  await consumer.idle();
  const passed = await Promise.allSettled([passes.idle()]);
  await whileWanted(giveUp.signal, () => lastBeat(heartbeat, log));
  clearTimeout(lastResort);
  await bus.close();
  await served.close();
  log.info({ ...consumer.counts }, "clean-amis has stopped");
  for (const result of [...ended, ...passed]) if (result.status === "rejected") throw result.reason;
}

/** What is done with each delivery. */
function deliverer({
  consumer,
  rounds,
  heartbeat,
  giveUp,
}: {
  readonly consumer: Consumer;
  readonly rounds: readonly CommentRounds[];
  readonly heartbeat: Heartbeat;
  readonly giveUp: AbortSignal;
}): (delivery: Delivery) => void {
  return (delivery) => {
    heartbeat.mark("message");
    for (const round of rounds) round.hear(delivery.message);
    whileWanted(giveUp, () => {
      consumer.deliver(delivery);
    });
  };
}

function roundsOf(
  { report: { readEveryMs } }: Pick<Config, "report">,
  { commentReaders }: Pick<UseCases, "commentReaders">,
): readonly CommentRounds[] {
  return commentReaders.map((reader) => new CommentRounds(reader, readEveryMs, reader.place));
}

function tapOf(bus: Bus): Tap {
  return {
    close: () => {
      bus.pause();
    },
    rest: () => {
      bus.rest();
    },
    open: () => {
      bus.resume();
    },
  };
}

/** What is heard; a queue of the name `auto` is called as the replicas agreed. */
async function queuesOf({ amqp }: Pick<Config, "amqp">, store: Pick<Store, "queueName">): Promise<HeardQueue[]> {
  return await Promise.all(
    amqp.queues.map(async (queue) => (queue.name === "auto" ? { ...queue, name: await store.queueName() } : queue)),
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}

/** A replica that could not say that it ends is forgotten after a day. */
async function lastBeat(heartbeat: Heartbeat, log: Log): Promise<void> {
  try {
    await heartbeat.end();
  } catch (error) {
    if (!(error instanceof UpstreamError || isForeign(error))) throw error;
    log.debug({ error: describeError(error) }, "the last sign of life was not written");
  }
}
