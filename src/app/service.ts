import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { RegionPasses } from "../act/passes.ts";
import type { PlaceKeeper } from "../act/places.ts";
import { checkAccount } from "../act/safety.ts";
import type { Ticker } from "../act/tick.ts";
import { openBus } from "../adapters/amqp/bus.ts";
import { Heartbeat } from "./heartbeat.ts";
import { runLoop } from "./loop.ts";
import type { Store } from "./store.ts";
import type { Config } from "../config/config.ts";
import type { Resolver } from "../decide/resolve.ts";
import { SECOND_MS } from "../domain/time.ts";
import { describeError, isForeign, RefusedError, UpstreamError } from "../errors.ts";
import { Hearkening, type Ears } from "../hear/ears.ts";
import { Consumer } from "../hear/consume.ts";
import type { Ingester } from "../hear/ingest.ts";
import { CommentRounds } from "../operate/comment-rounds.ts";
import type { CommentReader } from "../operate/comments.ts";
import { carryOutOrders, type Clerk } from "../operate/orders.ts";
import type { Breakers, Images, Log } from "../ports/index.ts";
import type { Reporter } from "../tell/reporter.ts";
import { reportOnce } from "../tell/report.ts";

/** How long a stop waits for Redis to take what was already delivered. */
const STOP_WITHIN_MS = 5 * SECOND_MS;
/** How often it is looked whether all is still heard: a Redis that came back poorer must not wait for the next reading. */
const LISTEN_MS = 15 * SECOND_MS;
/** How often signs of life are written. */
const BEAT_MS = 5 * SECOND_MS;

/** What the use cases are given, wired once. */
export interface UseCases {
  readonly ingester: Ingester;
  readonly tick: Ticker & Resolver;
  readonly report: Reporter;
  readonly clerk: Clerk;
  /** Null: nobody can object where the reports go. */
  readonly commentReader: CommentReader | null;
  readonly ears: Ears;
  readonly breakers: Breakers;
  readonly placeKeeper: PlaceKeeper;
  /** EC2 past the breakers, for a person who asks for a plan: nothing is remembered of its failures. */
  readonly ec2: Images;
}

/** Everything that is open. */
export interface App extends UseCases {
  /** Hears the bus, ticks and reports until `stop`; resolves when everything under way has ended. */
  consume(stop: AbortSignal): Promise<void>;
  /** Closes what was opened, in reverse. */
  close(): Promise<void>;
}

/** Hears the bus, ticks, reports and carries out orders until `stop`. Throws the bug that ended one of these loops. */
export async function runService(config: Config, store: Store, cases: UseCases, stop: AbortSignal): Promise<void> {
  const { ingester, tick } = cases;
  const { clock, log } = tick;
  const giveUp = new AbortController();
  const ending = new AbortController();
  const consumer = new Consumer(ingester, { stop: ending.signal, giveUp: giveUp.signal });
  const heartbeat = new Heartbeat(store.pulse, clock, `${hostname()}-${randomUUID().slice(0, 8)}`);
  const { name } = config.amqp.queue;
  const bus = await openBus(config.amqp, {
    queueName: name === "auto" ? await store.queueName() : name,
    deliver: (delivery) => {
      heartbeat.mark("message");
      consumer.deliver(delivery);
    },
    now: () => clock.now(),
    log,
  });
  const passes = new RegionPasses(tick);
  let lastResort: NodeJS.Timeout | undefined;
  const end = (): void => {
    ending.abort();
    // A Redis that does not answer must not keep the process: what it did not take will be delivered, or due, again.
    lastResort ??= setTimeout(() => {
      giveUp.abort();
      store.abandon();
    }, STOP_WITHIN_MS);
  };
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  const loops = loopsOf(config, cases, { passes, heartbeat }, ending.signal).map((loop) => loop.finally(end));
  log.info({ act: config.act, config: config.file }, "clean-amis is running");
  if (config.act !== "nothing") await tellAccount(tick);
  if (cases.ears.listener === null)
    log.warn({}, "without datagrepper nobody knows what was missed: nothing will be acted on");
  // One loop that ends with a bug ends the others: a service that lives half is worse than one that is restarted.
  const ended = await Promise.allSettled(loops);
  stop.removeEventListener("abort", end);
  await bus.stopDeliveries();
  await consumer.idle();
  const passed = await Promise.allSettled([passes.idle()]);
  await lastBeat(heartbeat, log);
  clearTimeout(lastResort);
  await bus.close();
  log.info({ ...consumer.counts }, "clean-amis has stopped");
  for (const result of [...ended, ...passed]) if (result.status === "rejected") throw result.reason;
}

/** Everything that is done again and again, until `stop`. */
function loopsOf(
  config: Config,
  { tick, report, clerk, commentReader, ears, placeKeeper }: UseCases,
  { passes, heartbeat }: { readonly passes: RegionPasses; readonly heartbeat: Heartbeat },
  stop: AbortSignal,
): Promise<void>[] {
  const tickAll = async (): Promise<void> => {
    await passes.start();
    heartbeat.mark("tick");
  };
  const tellAll = async (): Promise<void> => {
    if ((await reportOnce(report)).noticed > 0) heartbeat.mark("notice");
  };
  const hearkening = new Hearkening(ears);
  const { readEveryMs } = config.report;
  const rounds = commentReader === null ? null : new CommentRounds(commentReader, readEveryMs);
  return [
    runLoop("heartbeat", BEAT_MS, () => heartbeat.beat(), tick, stop),
    runLoop("orders", SECOND_MS, () => carryOutOrders(clerk), tick, stop),
    runLoop("ticker", config.tickEveryMs, tickAll, tick, stop),
    runLoop("places", config.tickEveryMs, () => placeKeeper.step(), tick, stop),
    runLoop("catch up", Math.min(config.hearEveryMs, LISTEN_MS), () => hearkening.pass(), tick, stop),
    ...(config.act === "nothing" ? [] : [runLoop("reporter", config.reportEveryMs, tellAll, tick, stop)]),
    ...(config.act === "nothing" || rounds === null
      ? []
      : [runLoop("comments", Math.min(readEveryMs, LISTEN_MS), () => rounds.pass(), tick, stop)]),
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

/** Wrong credentials are told at the start, and not only when the first image is due; each pass asks again by itself. */
async function tellAccount({ images, guards, log }: Pick<Ticker, "images" | "guards" | "log">): Promise<void> {
  try {
    await checkAccount({ images, guards });
  } catch (error) {
    if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
    log.error({ code: error.code, error: error.message }, "nothing can be acted on in EC2 as it is");
  }
}
