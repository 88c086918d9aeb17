import { setMaxListeners } from "node:events";
import type { RegionPasses } from "../act/passes.ts";
import type { PlaceKeeper } from "../act/places.ts";
import { askUsage, type UsageAsker } from "../act/asking/elsewhere.ts";
import { guardReleased, type Guardian } from "../act/asking/guardian.ts";
import type { Ticker } from "../act/tick.ts";
import { whileWanted } from "../adapters/abandon.ts";
import { Bus } from "../adapters/amqp/bus.ts";
import { tellAccount } from "./life/account.ts";
import type { Heartbeat } from "./life/heartbeat.ts";
import { runLoop } from "./life/loop.ts";
import { Outages } from "./life/outages.ts";
import { regionPasses, type Keepers } from "./life/region-passes.ts";
import type { Store } from "./store.ts";
import { withinBound, type Watch } from "./life/watch.ts";
import type { Config } from "../config/config.ts";
import type { HeardQueue } from "../config/queues.ts";
import type { Resolver } from "../decide/resolve.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../domain/time.ts";
import { describeError, isForeign, UpstreamError } from "../errors.ts";
import { HearingRounds, type Ears } from "../hear/hearing-rounds.ts";
import { Consumer, type Tap } from "../hear/consume.ts";
import type { Ingester } from "../hear/ingest.ts";
import { CommentRounds } from "../operate/comment-rounds.ts";
import type { CommentReader } from "../operate/comments.ts";
import { carryOutOrders, type Clerk } from "../operate/orders.ts";
import type { Self } from "../monitoring/ready.ts";
import type { Breakers, Delivery, Images, Log, Meter } from "../ports/index.ts";
import type { Reporter } from "../tell/reporter.ts";
import { reportOnce } from "../tell/report.ts";

/** Each loop waits for the stop, and each batch that is held; more would be a leak, and is warned of. */
const MOST_WAITING = 24;

/** How long a stop waits for what is under way; then it is given up, and delivered, or due, again. */
const STOP_WITHIN_MS = 4 * SECOND_MS;
/** How often it is looked whether all is still heard: a Redis that came back poorer must not wait for the next reading. */
const LISTEN_MS = 15 * SECOND_MS;
/** How often it is asked who uses images elsewhere: EC2 takes its time with a report. */
const USAGE_MS = 5 * MINUTE_MS;
/** How often signs of life are written. */
const BEAT_MS = 5 * SECOND_MS;
/** Passes that take no more than some calls. */
const SHORT_BOUND_MS = 5 * MINUTE_MS;
/** A pass over many calls; catching up may take longer, as long as it moves. */
const LONG_BOUND_MS = 30 * MINUTE_MS;
/** What the use cases are given, wired once. */
export interface UseCases {
  readonly ingester: Ingester;
  readonly tick: Ticker & Resolver;
  readonly report: Reporter;
  readonly clerk: Clerk;
  /** None: nobody can object where the reports go. */
  readonly commentReaders: readonly CommentReader[];
  readonly ears: Ears;
  readonly breakers: Breakers;
  readonly placeKeeper: PlaceKeeper;
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
  const deliver = (delivery: Delivery): void => {
    heartbeat.mark("message");
    whileWanted(giveUp.signal, () => {
      consumer.deliver(delivery);
    });
  };
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
  const loops = [bus.run(ending.signal), ...loopsOf(config, cases, { ...keepers, passes }, ending.signal)].map((loop) =>
    loop.finally(end),
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

/** Everything that is done again and again, until `stop`. */
function loopsOf(
  config: Config,
  { tick, report, clerk, commentReaders, ears, placeKeeper, guardian, usageAsker }: UseCases,
  { passes, heartbeat, watch, outages }: Keepers & { readonly passes: RegionPasses },
  stop: AbortSignal,
): Promise<void>[] {
  let untilDueMs = Infinity;
  const tickAll = async (): Promise<void> => {
    const started = await passes.start(stop);
    if (started.regions === 0) heartbeat.mark("tick");
    ({ untilDueMs } = started);
  };
  const tellAll = async (): Promise<void> => {
    if ((await reportOnce(report)).noticed > 0) heartbeat.mark("notice");
  };
  const loop = (
    name: string,
    everyMs: number,
    boundMs: number,
    pass: (step: () => void) => Promise<unknown>,
    untilNextMs = () => everyMs,
  ): Promise<void> =>
    runLoop(
      name,
      everyMs,
      () => withinBound(name, boundMs, pass, watch),
      { clock: tick.clock, outages, untilNextMs },
      stop,
    );
  const isActing = config.act !== "nothing";
  const hearing = new HearingRounds(ears);
  const listenMs = Math.min(config.hearEveryMs, LISTEN_MS);
  const { readEveryMs } = config.report;
  const rounds = commentReaders.map((reader) => new CommentRounds(reader, readEveryMs));
  return [
    loop("heartbeat", BEAT_MS, SHORT_BOUND_MS, () => heartbeat.beat()),
    loop("orders", SECOND_MS, SHORT_BOUND_MS, () => carryOutOrders(clerk)),
    loop("ticker", config.tickEveryMs, SHORT_BOUND_MS, tickAll, () => untilDueMs),
    loop("places", config.tickEveryMs, SHORT_BOUND_MS, () => placeKeeper.step()),
    ...(guardian === null ? [] : [loop("guard", HOUR_MS, LONG_BOUND_MS, () => guardReleased(guardian))]),
    ...(isActing && usageAsker !== null ? [loop("usage", USAGE_MS, LONG_BOUND_MS, () => askUsage(usageAsker))] : []),
    loop("catch up", listenMs, LONG_BOUND_MS, (step) => hearing.pass({ step, stop })),
    loop("hear again", listenMs, LONG_BOUND_MS, (step) => hearing.again({ step, stop })),
    ...(isActing ? [loop("reporter", config.reportEveryMs, LONG_BOUND_MS, tellAll)] : []),
    ...(isActing
      ? rounds.map((each) => loop("comments", Math.min(readEveryMs, LISTEN_MS), LONG_BOUND_MS, () => each.pass()))
      : []),
  ];
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
