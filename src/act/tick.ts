import { randomUUID } from "node:crypto";
import type { RegionBreakers } from "./breakers.ts";
import { deleteImage } from "./delete.ts";
import { endHold, tagHold } from "./hold.ts";
import { makePrivate } from "./make-private.ts";
import { giveAllBack } from "./restore.ts";
import { checkAccount, safeNow } from "./safety.ts";
import { yieldClaim, queueOf, recordSetback } from "./setback.ts";
import type { Acted, ActParts } from "./steps.ts";
import { consultFor, survey, type SurveyParts } from "./survey.ts";
import { wordNow } from "../decide/word.ts";
import { isInForce } from "../domain/hold.ts";
import { restoreAndHold, held } from "../domain/image/holding.ts";
import type { Image } from "../domain/image/image.ts";
import { redecide, restoreAndKeep, type Change, type Queue } from "../domain/image/lifecycle.ts";
import type { Act } from "../domain/limits/budget.ts";
import { isDeaf } from "../domain/limits/deaf.ts";
import type { Plan, Planned } from "../domain/plan/plan.ts";
import { afterHiddenLook, afterMiss, afterRefusal } from "../domain/plan/setback.ts";
import { formatInstant, MINUTE_MS, type Instant } from "../domain/time.ts";
import { describeError } from "../errors.ts";
import type { Budgets, Clock, Hearing, Lease, Log, Random } from "../ports/index.ts";

export interface TickParts extends SurveyParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly hearing: Pick<Hearing, "memory">;
  readonly act: Act;
  readonly budgets: Pick<Budgets, "reserve" | "checkDemand" | "paused">;
  readonly breakers: Pick<RegionBreakers, "enter" | "isOpen" | "close">;
  /** How many images a claim takes; see `batchOf` in domain/pace.ts. */
  readonly batch: number;
  readonly random?: Random;
}

/** How many images ended in which outcome. */
export type TickCounts = Record<string, number>;

/** Fewer missing images than this are not yet a sick region. */
const FEW = 3;

const QUEUES_OF: Readonly<Record<Act, readonly Queue[]>> = {
  nothing: [],
  private: ["held", "restore", "private"],
  delete: ["held", "restore", "private", "delete"],
};

/** One pass over a region: claim what is due, look, plan, act, settle. Throws `UpstreamError` when Redis or EC2 is away. */
export async function tickRegion(
  region: string,
  parts: TickParts,
  only: "private" | "delete" | null = null,
): Promise<TickCounts> {
  const counts: TickCounts = {};
  const count = (outcome: string): void => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  for (const queue of QUEUES_OF[parts.act]) {
    if ((await parts.budgets.paused()) !== null) {
      count("paused");
      break;
    }
    const takesNothing = queue === "restore" || queue === "held";
    if (only !== null && queue !== only && !takesNothing) continue;
    const now = await safeNow(parts);
    // No ears, no act: but what was taken may always be given back, and a hold be kept.
    if (!takesNothing && isDeaf((await parts.hearing.memory()).heardUntil, now)) {
      count("deaf");
      continue;
    }
    // A stop lets in nothing new; what was begun is finished, and what turns out to be kept is given back.
    if (isBudgeted(queue)) await tellStop(queue, now, parts);
    if ((await parts.schedule.countDue(queue, now, region)) === 0) continue;
    const standing = await parts.breakers.enter(region);
    if (standing === "open") {
      count("breaker-open");
      break;
    }
    await checkAccount(parts);
    const outcomes = await workOn(region, queue, now, standing === "half-open" ? 1 : parts.batch, parts);
    outcomes.forEach(count);
  }
  return counts;
}

/** Claims up to `most` images that are due, looks, plans, acts, settles; each ends with an outcome. Throws `UpstreamError`. */
async function workOn(
  region: string,
  queue: Queue,
  now: Instant,
  most: number,
  parts: TickParts,
): Promise<readonly string[]> {
  const lease = { token: randomUUID(), now, until: now + parts.periods.leaseMs };
  const claimed = await parts.schedule.claim(region, queue, lease, most);
  if (claimed.length === 0) return [];
  await consultFor(claimed, now, parts);
  const { planned, failures } = await survey(region, claimed, now, parts);
  const outcomes = await withoutMassacre(planned, async (each) => actOn(each, lease, parts), parts);
  const shared = failures.find(({ isShared }) => isShared);
  if (shared !== undefined)
    parts.log.warn(
      { region, images: failures.length, error: describeError(shared.error) },
      "a region was not looked at",
    );
  for (const { image, error, isShared } of failures)
    outcomes.push(await recordSetback(image, error, lease, parts, isShared));
  await parts.breakers.close(region);
  return outcomes;
}

function isBudgeted(queue: Queue): queue is "private" | "delete" {
  return queue === "private" || queue === "delete";
}

/** Stops a kind of act that wants too much today, and tells any stop that is in force: each reservation meets it. */
async function tellStop(kind: "private" | "delete", now: Instant, parts: TickParts): Promise<void> {
  const stop = await parts.budgets.checkDemand(kind, await parts.schedule.countDue(kind, now), now);
  if (stop !== null) parts.log.warn({ kind, since: formatInstant(stop.since) }, `stopped: ${stop.reason}`);
}

/** Many images missing at once are a sick region, not a massacre: then no miss counts. */
async function withoutMassacre(
  planned: readonly Planned[],
  act: (each: Planned) => Promise<string>,
  { log }: TickParts,
): Promise<string[]> {
  const missing = planned.filter(({ plan }) => plan.do === "miss").length;
  const isSick = missing > FEW && missing * 2 > planned.length;
  if (isSick)
    log.warn(
      { region: planned[0]?.image.region, missing, of: planned.length },
      "many images missing at once: is the region sick?",
    );
  const outcomes: string[] = [];
  for (const each of planned) outcomes.push(isSick && each.plan.do === "miss" ? "sick-region" : await act(each));
  return outcomes;
}

/** Carries out a plan. Every failure ends in the image's own record; only Redis' failures are thrown. */
async function actOn({ image, plan: surveyed }: Planned, lease: Lease, parts: TickParts): Promise<string> {
  if (parts.breakers.isOpen(image.region))
    return yieldClaim(image, "EC2 fails in the region, and its breaker has opened", lease, parts);
  try {
    const plan = await withinBudget(image, await stillWanted(image, surveyed, parts), lease.now, parts);
    const outcome = await execute({ image, plan }, lease, parts);
    parts.log.info(
      { region: image.region, ami: image.amiId, compose: image.composeId, plan: plan.do, outcome },
      "image worked",
    );
    return outcome === "lost" ? "lost" : plan.do;
  } catch (error) {
    return recordSetback(image, error, lease, parts);
  }
}

/** A survey covers a batch; by an image's turn a fact may have come that keeps it. */
async function stillWanted(image: Image, plan: Plan, parts: TickParts): Promise<Plan> {
  if (plan.do !== "make-private" && plan.do !== "delete") return plan;
  // What is already deregistered cannot be kept any more; its snapshots must not be left behind.
  if (plan.do === "delete" && plan.seen?.state !== "available") return plan;
  const { decision, hold } = await wordNow(image.composeId, parts);
  if (decision.kind === "keep") return { do: "keep", decision };
  if (!isInForce(hold, parts.clock.now())) return plan;
  return { do: "hold", hold, from: plan.do === "delete" ? "private" : "public" };
}

/** When an image that the budget held back is looked at again. */
const BUDGET_AGAIN_MS = 10 * MINUTE_MS;

/** One act is reserved before it begins; what was begun is finished. */
async function withinBudget(image: Image, plan: Plan, now: Instant, { budgets, schedule }: TickParts): Promise<Plan> {
  if (plan.do !== "make-private" && plan.do !== "delete") return plan;
  const isBegun = image.takenAway !== null && image.madePrivateAt === null;
  if (image.stage === "deleting" || (plan.do === "make-private" && isBegun)) return plan;
  const kind = plan.do === "delete" ? "delete" : "private";
  const stop = await budgets.reserve(kind, image, await schedule.countLive(image.region), now);
  return stop === null ? plan : { do: "wait", until: now + BUDGET_AGAIN_MS, reason: stop.reason };
}

async function execute({ image, plan }: Planned, lease: Lease, parts: TickParts): Promise<Acted> {
  const { schedule, periods } = parts;
  const acting: ActParts = { images: parts.images, schedule, clock: parts.clock, lease, periods };
  const settle = async (change: Change): Promise<Acted> =>
    (await schedule.settle(image, change)) ? "settled" : "lost";
  switch (plan.do) {
    case "make-private":
      return makePrivate(image, plan.seen, plan.takeAway, acting);
    case "delete":
      return deleteImage(image, plan.seen, plan.snapshotIds, acting);
    case "restore":
      return giveAllBack(image, plan, acting);
    case "keep": {
      // The claim is ours and nothing is under way, so what has to be given back may be given back at once.
      const idle = { ...image, token: "" };
      const change =
        image.stage === "deleting"
          ? restoreAndKeep(idle, plan.decision, periods, lease.now, "ticker")
          : redecide(idle, plan.decision, periods, lease.now, "ticker");
      return change === null ? "lost" : settle(change);
    }
    case "hold":
      return settle(held(plan.hold, plan.from));
    case "tag-hold":
      return tagHold(image, plan.hold, acting);
    case "end-hold":
      return endHold(image, plan.seen, acting);
    case "restore-and-hold":
      return settle(restoreAndHold(image, plan.hold, periods, lease.now));
    case "wait":
      return settle({
        stage: image.stage,
        wait: { queue: queueOf(image), wakeAt: plan.until },
        fields: { lastError: `waiting: ${plan.reason}` },
        event: null,
      });
    case "refuse":
      return settle(afterRefusal(image, queueOf(image), plan.code, plan.reason, lease.now));
    case "miss":
      return settle(await missed(image, lease, parts));
  }
}

/** Before an image counts as gone, EC2 is asked by its id; and what it leaves behind is said, or nobody would ever know. */
async function missed(image: Image, lease: Lease, { images }: TickParts): Promise<Change> {
  const change = afterMiss(image, queueOf(image), lease.now);
  if (change.stage !== "gone" || change.event === null) return change;
  if (await images.isKnown(image.region, image.amiId)) return afterHiddenLook(image, queueOf(image), lease.now);
  const left = (await images.snapshotsOf(image.region, image.amiId)).map(({ snapshotId }) => snapshotId);
  const why = left.length === 0 ? change.event.why : `${change.event.why}; it left ${left.join(", ")} behind`;
  return { ...change, event: { ...change.event, why, details: { left: left.join(" ") } } };
}
