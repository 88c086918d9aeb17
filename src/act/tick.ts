import { randomUUID } from "node:crypto";
import type { RegionBreakers } from "./breakers.ts";
import type { ActLease } from "./claim.ts";
import { isBudgeted, queuesOf } from "./queues.ts";
import { checkAccount, safeNow } from "./safety.ts";
import { recordSetback } from "./setback.ts";
import { consultFor, survey, type Surveyor } from "./survey.ts";
import { workImage, type Worker } from "./work.ts";
import type { Consultation } from "../decide/consult.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import type { Act, ActKind } from "../domain/limits/budget.ts";
import type { Planned } from "../domain/plan/describe.ts";
import { formatInstant, type Instant } from "../domain/time.ts";
import { describeError, orUnreadable } from "../errors.ts";
import type { Budgets, Facts, Heard, Images, Listen, Log, Schedule } from "../ports/index.ts";

/** Whoever passes over regions. */
export interface Ticker extends Surveyor, Worker {
  readonly schedule: Schedule;
  readonly facts: Pick<Facts, "recall">;
  readonly images: Images;
  readonly consultation: Pick<Consultation, "about" | "unanswered">;
  readonly listen: Listen;
  readonly act: Act;
  readonly budgets: Pick<Budgets, "reserve" | "checkDemand" | "paused">;
  readonly breakers: Pick<RegionBreakers, "enter" | "isOpen" | "close">;
  /** How many images a claim takes; see `batchOf` in domain/limits/pace.ts. */
  readonly batch: number;
}

/** How many images ended in which outcome. */
export type TickCounts = Record<string, number>;

/** Fewer missing images than this are not yet a sick region. */
const FEW = 3;

/**
 * One pass over a region: claim what is due, look, plan, act, settle; `only`: that kind of act alone. Throws `UpstreamError`
 * when Redis or EC2 is away.
 */
export async function tickRegion(region: string, ticker: Ticker, only: ActKind | null = null): Promise<TickCounts> {
  const { act, batch, breakers, budgets, listen, schedule } = ticker;
  const counts: TickCounts = {};
  const count = (outcome: string): void => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  for (const queue of queuesOf(act, only)) {
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
    const state = await breakers.enter(region);
    if (state === "open") {
      count("breaker-open");
      break;
    }
    await checkAccount(ticker);
    const lease = { token: randomUUID(), now, until: now + ticker.periods.leaseMs, heard };
    const most = state === "half-open" ? 1 : batch;
    const outcomes = await orUnreadable(() => workOn(region, queue, lease, most, ticker), ["unreadable"], ticker);
    outcomes.forEach(count);
  }
  return counts;
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
  const { planned, failures } = await survey(region, claimed, now, ticker);
  const outcomes = await withoutMassacre(
    planned,
    async (each) => orUnreadable(() => workImage(each, lease, ticker), "unreadable", ticker),
    log,
  );
  const shared = failures.find(({ isShared }) => isShared);
  if (shared !== undefined)
    log.warn({ region, images: failures.length, error: describeError(shared.error) }, "a region was not looked at");
  for (const { image, error, isShared } of failures)
    outcomes.push(await orUnreadable(() => recordSetback(image, error, lease, ticker, isShared), "unreadable", ticker));
  await breakers.close(region);
  return outcomes;
}

/** Stops a kind of act that wants too much today, and tells any stop that is in force: each reservation meets it. */
async function tellStop(
  kind: ActKind,
  now: Instant,
  { budgets, schedule, log }: Pick<Ticker, "budgets" | "schedule" | "log">,
): Promise<void> {
  const stop = await budgets.checkDemand(kind, await schedule.countDue(kind, now), now);
  if (stop !== null) log.warn({ kind, since: formatInstant(stop.since) }, `stopped: ${stop.reason}`);
}

/** Many images missing at once are a sick region, not a massacre: then no miss counts. */
async function withoutMassacre(
  planned: readonly Planned[],
  work: (each: Planned) => Promise<string>,
  log: Log,
): Promise<string[]> {
  const missing = planned.filter(({ plan }) => plan.do === "miss").length;
  const isSick = missing > FEW && missing * 2 > planned.length;
  if (isSick)
    log.warn(
      { region: planned[0]?.image.region, missing, of: planned.length },
      "many images missing at once: is the region sick?",
    );
  const outcomes: string[] = [];
  for (const each of planned) outcomes.push(isSick && each.plan.do === "miss" ? "sick-region" : await work(each));
  return outcomes;
}
