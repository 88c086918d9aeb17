import { askUsage } from "../act/asking/elsewhere.ts";
import { guardReleased } from "../act/asking/guardian.ts";
import { planRegion } from "../act/survey.ts";
import { tickRegion } from "../act/tick.ts";
import type { UseCases } from "./service.ts";
import { withinBound } from "./life/watch.ts";
import { wantedSignal } from "../adapters/abandon.ts";
import { resolveRegion } from "../decide/resolve.ts";
import { breakerStateOf, describeTrouble } from "../domain/limits/breaker.ts";
import type { ActKind } from "../domain/limits/budget.ts";
import type { Planned } from "../domain/plan/describe.ts";
import { DEAFNESS_WORDS } from "../domain/limits/deaf.ts";
import { formatInstant, MINUTE_MS, SECOND_MS } from "../domain/time.ts";
import { describeError, isOfNeighbour, orUnreadable, RefusedError, UpstreamError } from "../errors.ts";
import { HearingRounds } from "../hear/hearing-rounds.ts";
import { readCommentsOrTell } from "../operate/comments.ts";
import { carryOutOrders } from "../operate/orders.ts";
import type { Clock } from "../ports/index.ts";
import { announceOnce } from "../tell/bulletins.ts";
import { reportOnce } from "../tell/report.ts";

/** Told a line for people. */
type Print = (line: string) => Promise<void>;

/** Another process that reads the archive is waited for so long. */
const WAIT_MS = 5 * MINUTE_MS;
/** Nothing waits for the long stretch, and what does not move for so long is left to the next pass. */
const STILL_MS = 10 * MINUTE_MS;

/** Said in place of a list of nothing. */
export const NO_IMAGE = "nothing is due: no image is known yet";

const PLAN_OF = { private: "make-private", delete: "delete" } as const;

/**
 * What one pass would do, told image by image in order of regions; nothing is changed. `only`: that kind of act alone. Resolves
 * to whether every region could be looked at; what failed is printed.
 */
export async function planPass(
  app: UseCases,
  only: ActKind | null,
  tell: (planned: Planned) => Promise<void>,
  print: Print,
): Promise<boolean> {
  return inEveryRegion(app, print, async (region) => {
    const plans = await planRegion(region, { ...app.tick, images: app.ec2 });
    const wanted = plans.filter(({ plan }) => only === null || plan.do === PLAN_OF[only]);
    return async () => {
      for (const each of wanted) await tell(each);
    };
  });
}

/**
 * One pass of everything, for cron: orders, what was missed, comments, what is due in every region, the report. Prints a line a
 * region and one for the report; resolves to whether all of it could be done. Throws `UpstreamError` when Redis is away.
 */
export async function runPass(app: UseCases, only: ActKind | null, print: Print): Promise<boolean> {
  await orUnreadable(() => app.heartbeat.joinOnce(), undefined, app.tick);
  // All of them: while one waits, nothing is taken.
  while ((await orUnreadable(() => carryOutOrders(app.clerk), 0, app.tick)) > 0);
  const rounds = new HearingRounds(app.ears);
  const isHeard = await orUnreadable(() => hearOrTell(rounds, app.tick.clock, print), false, app.tick);
  for (const reader of app.commentReaders) await readCommentsOrTell(reader);
  await app.placeKeeper.finish();
  await guardOrTell(app, print);
  await askUsageOrTell(app, print);
  const troubled: string[] = [];
  const isDone = await inEveryRegion(app, print, async (region) => {
    await orUnreadable(() => resolveRegion(region, app.tick), 0, app.tick);
    const counts = await tickRegion(region, app.tick, only);
    if (counts["yielded"] !== undefined) troubled.push(region);
    return () => print(`${region}: ${JSON.stringify(counts)}`);
  });
  if ((await app.tick.schedule.regions()).length === 0) await print(NO_IMAGE);
  await tellDeafness(app, print);
  await print(`report: ${JSON.stringify(await reportOnce(app.report))}`);
  const isAnnounced = await announceOrTell(app, print);
  const isTroubled = await tellTroubles(app, print, troubled);
  const isAllHeard = await orUnreadable(() => hearAgainOrTell(rounds, app.tick, print), false, app.tick);
  return !isTroubled && isDone && isHeard && isAllHeard && isAnnounced;
}

/**
 * An archive that fails keeps nothing from being restored, nor the report from telling it; whether something may be taken is
 * asked later.
 */
async function hearOrTell(rounds: HearingRounds, clock: Clock, print: Print): Promise<boolean> {
  const waitUntil = clock.now() + WAIT_MS;
  try {
    while ((await rounds.pass()) === "elsewhere") {
      if (clock.now() >= waitUntil) {
        await print("not heard what was missed: another process reads the archive, and has not ended");
        return false;
      }
      await clock.sleep(SECOND_MS);
    }
    return true;
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    await print(`not heard what was missed: ${describeError(error)}`);
    return false;
  }
}

/** A line on what the bus was told, where it is told anything; a broker that fails keeps nothing else from being done. */
async function announceOrTell({ announcer }: Pick<UseCases, "announcer">, print: Print): Promise<boolean> {
  if (announcer === null) return true;
  try {
    await print(`bus: ${JSON.stringify({ told: await announceOnce(announcer) })}`);
    return true;
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    await print(`the bus was not told: ${describeError(error)}`);
    return false;
  }
}

/** Last of all, since nothing waits for it; what is left of it is for the next pass. */
async function hearAgainOrTell(
  rounds: HearingRounds,
  { clock, log }: Pick<UseCases["tick"], "clock" | "log">,
  print: Print,
): Promise<boolean> {
  const heartbeat = { hangs: () => undefined, endedWell: () => undefined };
  const giveUp = wantedSignal() ?? new AbortController().signal;
  const watch = { clock, log, heartbeat, giveUp };
  try {
    await withinBound("hear again", STILL_MS, (step) => rounds.again({ step }), watch);
    return true;
  } catch (error) {
    if (giveUp.aborted || !(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
    await print(`the first window was not heard again: ${describeError(error)}`);
    return false;
  }
}

/** Works in all regions side by side and tells what came of it in order; a region that fails ends no other one's work. */
async function inEveryRegion(
  { tick }: Pick<UseCases, "tick">,
  print: Print,
  work: (region: string) => Promise<() => Promise<void>>,
): Promise<boolean> {
  const regions = await tick.schedule.regions();
  const ended = await Promise.allSettled(regions.map(work));
  let isDone = true;
  for (const [index, result] of ended.entries()) {
    if (result.status === "fulfilled") await result.value();
    else {
      const isOver = result.reason instanceof UpstreamError && result.reason.service === "clean-amis";
      // What was given up failed nowhere.
      if (isOver || !(result.reason instanceof UpstreamError || result.reason instanceof RefusedError))
        throw result.reason;
      await print(`${regions[index] ?? ""}: not done: ${describeError(result.reason)}`);
      isDone = false;
    }
  }
  return isDone;
}

/** Released images are looked at when it is time; what cannot be looked at is looked at by the next pass. */
async function guardOrTell({ guardian }: Pick<UseCases, "guardian">, print: Print): Promise<void> {
  if (guardian === null) return;
  try {
    await print(`released images: ${JSON.stringify(await guardReleased(guardian))}`);
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    await print(`released images not looked at: ${describeError(error)}`);
  }
}

/** What EC2 has not answered by then keeps its images public until the next pass. */
async function askUsageOrTell(
  { usageAsker, tick }: Pick<UseCases, "usageAsker" | "tick">,
  print: Print,
): Promise<void> {
  if (usageAsker === null || tick.act === "nothing") return;
  try {
    await print(`used elsewhere: ${JSON.stringify(await askUsage(usageAsker))}`);
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    await print(`who uses images elsewhere was not asked: ${describeError(error)}`);
  }
}

/** A line that says why nothing may be made private or deleted, and what to do; none where everything is heard. */
export async function tellDeafness({ tick, ears }: Pick<UseCases, "tick" | "ears">, print: Print): Promise<void> {
  const { deafness } = await tick.listen(tick.clock.now());
  if (deafness === null) return;
  const remedy =
    ears.listener === null
      ? "set sources.datagrepper: without it nobody knows what was missed"
      : "clean-amis consume, or tick --once, hears it; clean-amis doctor says what keeps it from that";
  await print(`deaf, nothing is made private or deleted: ${DEAFNESS_WORDS[deafness]}: ${remedy}`);
}

/** A line for each region in which EC2 failed, or is not asked for now; resolves to whether one fails, as against being shut. */
async function tellTroubles(
  { breakers, tick: { clock } }: Pick<UseCases, "breakers" | "tick">,
  print: Print,
  troubled: readonly string[],
): Promise<boolean> {
  const all = await breakers.all();
  const open = [...all].filter(([, breaker]) => breakerStateOf(breaker, clock.now()) === "open");
  for (const [region, breaker] of open)
    await print(`${region}: not asked before ${formatInstant(breaker.askAgainAt)}: ${describeTrouble(breaker)}`);
  const fresh = troubled.filter((region) => !open.some(([name]) => name === region));
  for (const region of fresh) await print(`${region}: EC2 failed there: what was claimed there is due again`);
  return fresh.length > 0 || open.some(([, { trouble }]) => trouble !== "shut");
}
