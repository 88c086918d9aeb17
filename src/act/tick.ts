import { randomUUID } from "node:crypto";
import type { RegionBreakers } from "./breakers.ts";
import { lastStartOf, type ActLease } from "./image/claim.ts";
import { isBudgeted, queuesOf } from "./queues.ts";
import { checkAccount, isOrderWaiting, safeNow } from "./safety.ts";
import { putOffDoubtful } from "./misses.ts";
import { recordSetback, yieldClaim } from "./image/setback.ts";
import { consultFor, survey, type Surveyor } from "./survey.ts";
import { workImage, type Worker } from "./image/work.ts";
import type { Consultation } from "../decide/consult.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import type { Planned } from "../domain/plan/describe.ts";
import { isBegun, type Act, type ActKind } from "../domain/limits/budget.ts";
import { EVERY_REGION } from "../domain/limits/breaker.ts";
import { isLeftAlone } from "../domain/plan/refusal.ts";
import { formatInstant, type Instant } from "../domain/time.ts";
import { describeError, orUnreadable, RefusedError, UpstreamError } from "../errors.ts";
import type { Budgets, Facts, Heard, Images, Listen, Meter, Schedule } from "../ports/index.ts";

/** Whoever passes over regions. */
export interface Ticker extends Surveyor, Worker {
  readonly schedule: Schedule;
  readonly facts: Pick<Facts, "recall">;
  readonly images: Images;
  readonly consultation: Pick<Consultation, "about" | "unanswered">;
  readonly listen: Listen;
  readonly act: Act;
  readonly meter: Pick<Meter, "act">;
  readonly budgets: Pick<Budgets, "reserve" | "checkDemand" | "paused">;
  readonly breakers: Pick<
    RegionBreakers,
    "enter" | "isOpen" | "isProbed" | "close" | "leaveAlone" | "inTurn" | "noteProbe" | "working" | "apart"
  >;
  /** How many images a claim takes; see `batchOf` in domain/limits/pace.ts. */
  readonly batch: () => number;
}

/** How many images ended in which outcome. */
export type TickCounts = Record<string, number>;

/** Images of a region that are looked at one by one before a day is called unusual. */
const MOST_COUNTED = 10_000;

/**
 * One pass over a region: claim what is due, look, plan, act, settle; `only`: that kind of act alone. Throws `UpstreamError`
 * when Redis or EC2 is away.
 */
export async function tickRegion(region: string, ticker: Ticker, only: ActKind | null = null): Promise<TickCounts> {
  const { act, breakers, budgets, listen, schedule } = ticker;
  const counts: TickCounts = {};
  const count = (outcome: string): void => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  for (const queue of breakers.inTurn(region, queuesOf(act, only))) {
    if ((await budgets.paused()) !== null) {
      count("paused");
      break;
    }
    const now = await safeNow(ticker);
    let heard: Heard | null = null;
    if (isBudgeted(queue)) {
      // Nothing is taken on half of what was said; but what was taken may always be restored, and a hold be kept.
      heard = await listen(now);
      if (heard.deafness !== null) {
        count("deaf");
        continue;
      }
      // A stop lets in nothing new; what was begun is finished, and what turns out to be kept is restored.
      await tellStop(queue, now, ticker);
    }
    if ((await schedule.countDue(queue, now, region)) === 0) continue;
    if (isBudgeted(queue) && (await isOrderWaiting(ticker))) {
      count("order-waits");
      continue;
    }
    const state = await breakers.enter(region);
    if (state === "open") {
      count("breaker-open");
      break;
    }
    await checkAccountOrStop(ticker);
    const lease = { token: randomUUID(), now, until: now + ticker.periods.leaseMs, heard };
    const most = state === "half-open" ? 1 : ticker.batch();
    const outcomes = await orUnreadable(() => workOn(region, queue, lease, most, ticker), ["unreadable"], ticker);
    breakers.noteProbe(region, queue);
    for (const outcome of outcomes) {
      count(outcome);
      ticker.meter.act(queue, outcome);
    }
  }
  return counts;
}

/** What keeps us from knowing whose the credentials are concerns every region. Throws `UpstreamError`. */
async function checkAccountOrStop(ticker: Pick<Ticker, "images" | "guards" | "breakers">): Promise<void> {
  try {
    await checkAccount(ticker);
  } catch (error) {
    if (error instanceof UpstreamError || error instanceof RefusedError)
      await ticker.breakers.leaveAlone(EVERY_REGION, error, ticker.images);
    throw error;
  }
}

/** Claims up to `most` images that are due, looks, plans, acts, settles; each ends with an outcome. Throws `UpstreamError`. */
async function workOn(
  region: string,
  queue: Queue,
  lease: ActLease,
  most: number,
  ticker: Ticker,
): Promise<readonly string[]> {
  const { breakers, log, schedule } = ticker;
  const { now } = lease;
  const claimed = await schedule.claim(region, queue, lease, most);
  if (claimed.length === 0) return [];
  await consultFor(claimed, now, ticker);
  const { planned, failures, isAnyShown } = await survey(region, claimed, now, ticker);
  const outcomes = await putOffDoubtful(region, planned, isAnyShown, lease, ticker);
  await workInTime(planned, outcomes, lease, ticker);
  const shared = failures.find(({ isShared }) => isShared);
  if (shared !== undefined)
    log.warn({ region, images: failures.length, error: describeError(shared.error) }, "a region was not looked at");
  // A refusal that all of them share is none of theirs.
  if (shared?.error instanceof RefusedError && !breakers.isOpen(region))
    await breakers.leaveAlone(region, shared.error, ticker.images);
  const setbacks: string[] = [];
  for (const { image, error, isShared } of failures)
    setbacks.push(
      await orUnreadable(
        () => recordSetback(image, error, lease, ticker, { isShared, isSeen: false }),
        "unreadable",
        ticker,
      ),
    );
  await breakers.close(region);
  return [...outcomes.values(), ...setbacks];
}

/**
 * Works on what has no outcome yet, one after the other, as long as the lease has time for one more like the longest so far; what it
 * does not reach to is due again at once.
 */
async function workInTime(
  planned: readonly Planned[],
  outcomes: Map<Planned, string>,
  lease: ActLease,
  ticker: Ticker,
): Promise<void> {
  let longestMs = 0;
  for (const each of planned) {
    if (outcomes.has(each)) continue;
    const start = ticker.clock.now();
    if (start + longestMs > lastStartOf(lease)) {
      const why = "the lease has no time for it";
      outcomes.set(each, await orUnreadable(() => yieldLate(each, why, lease, ticker), "unreadable", ticker));
      continue;
    }
    outcomes.set(each, await orUnreadable(() => workImage(each, lease, ticker), "unreadable", ticker));
    longestMs = Math.max(longestMs, ticker.clock.now() - start);
  }
}

async function yieldLate({ image }: Planned, why: string, lease: ActLease, ticker: Ticker): Promise<"late"> {
  await yieldClaim(image, why, lease, ticker);
  return "late";
}

/** Stops a kind of act that wants too much today, and tells any stop that is in force: each reservation meets it. */
async function tellStop(
  kind: ActKind,
  now: Instant,
  { budgets, schedule, log }: Pick<Ticker, "budgets" | "schedule" | "log">,
): Promise<void> {
  const due = await schedule.countDue(kind, now);
  const stop = await budgets.checkDemand(kind, due, now, async (hasReserved) => {
    const images = await Promise.all(
      (await schedule.regions()).map((region) => schedule.due(region, kind, now, MOST_COUNTED)),
    );
    // What was left alone the last time is most often left alone again; where it is not, it counts when it reserves.
    return images.flat().filter((image) => !isBegun(kind, image) && !hasReserved(image) && !isLeftAlone(image)).length;
  });
  if (stop !== null) log.warn({ kind, since: formatInstant(stop.since) }, `stopped: ${stop.reason}`);
}
