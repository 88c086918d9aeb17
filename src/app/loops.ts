import { askUsage, type UsageAsker } from "../act/asking/elsewhere.ts";
import { guardReleased, type Guardian } from "../act/asking/guardian.ts";
import type { RegionPasses } from "../act/passes.ts";
import type { PlaceKeeper } from "../act/places.ts";
import { runLoop } from "./life/loop.ts";
import type { Keepers } from "./life/region-passes.ts";
import { withinBound } from "./life/watch.ts";
import type { Config } from "../config/config.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../domain/time.ts";
import { HearingRounds, type Ears } from "../hear/hearing-rounds.ts";
import type { CommentRounds } from "../operate/comment-rounds.ts";
import { carryOutOrders, type Clerk } from "../operate/orders.ts";
import type { Clock } from "../ports/index.ts";
import { announceOnce, type Announcer } from "../tell/bulletins.ts";
import type { Reporter } from "../tell/reporter.ts";
import { reportOnce } from "../tell/report.ts";

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

/** Who does what is done again and again. */
interface Workers {
  readonly tick: { readonly clock: Clock };
  readonly report: Reporter;
  readonly announcer: Announcer | null;
  readonly clerk: Clerk;
  readonly ears: Ears;
  readonly placeKeeper: Pick<PlaceKeeper, "step">;
  readonly guardian: Guardian | null;
  readonly usageAsker: UsageAsker | null;
}

/** Everything that is done again and again, until `stop`. */
export function loopsOf(
  config: Config,
  { tick, report, announcer, clerk, ears, placeKeeper, guardian, usageAsker }: Workers,
  {
    passes,
    rounds,
    heartbeat,
    watch,
    outages,
  }: Keepers & { readonly passes: RegionPasses; readonly rounds: readonly CommentRounds[] },
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
    ...(isActing && config.announce !== null && announcer !== null
      ? [loop("bus", config.announce.everyMs, LONG_BOUND_MS, (step) => announceOnce(announcer, step))]
      : []),
    ...(isActing
      ? rounds.map((each) => loop("comments", Math.min(readEveryMs, LISTEN_MS), LONG_BOUND_MS, () => each.pass()))
      : []),
  ];
}
