import type { RegionBreakers } from "../breakers.ts";
import { ClaimLost, whileClaimed, type ActLease } from "./claim.ts";
import { deleteImage } from "./delete.ts";
import { endHold, tagHold } from "./hold.ts";
import { makePrivate } from "./make-private.ts";
import { restoreImage } from "./restore.ts";
import { recordSetback, yieldClaim } from "./setback.ts";
import { isOrderWaiting } from "../safety.ts";
import { wordNow } from "../../decide/word.ts";
import type { Policy } from "../../domain/compose/classify.ts";
import { isInForce } from "../../domain/hold.ts";
import { restoreAndHold, held } from "../../domain/image/holding.ts";
import type { Image } from "../../domain/image/image.ts";
import {
  NOT_MISSED,
  redecide,
  restoreAndKeep,
  waitOf,
  type Change,
  type Periods,
} from "../../domain/image/lifecycle.ts";
import type { Planned } from "../../domain/plan/describe.ts";
import type { Plan } from "../../domain/plan/plan.ts";
import { afterHiddenLook, afterMiss, afterRefusal, mayBeOurs } from "../../domain/plan/setback.ts";
import { isBegun } from "../../domain/limits/budget.ts";
import { MINUTE_MS, type Instant } from "../../domain/time.ts";
import type { Budgets, Clock, Facts, Images, Log, MayCall, Orders, Random, Schedule } from "../../ports/index.ts";

/** Whoever carries out what is planned. */
export interface Worker {
  readonly schedule: Schedule;
  readonly facts: Pick<Facts, "recall">;
  readonly orders: Pick<Orders, "count">;
  readonly images: Images;
  readonly budgets: Pick<Budgets, "reserve">;
  readonly breakers: Pick<RegionBreakers, "isOpen" | "isProbed" | "working">;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly periods: Periods;
  readonly policy: Policy;
}

/**
 * Carries out the plan of a claimed image, after a last look at budget and facts. Every failure ends in the image's own record;
 * only Redis' failures are thrown. Resolves to the outcome.
 */
export async function workImage({ image, plan: surveyed }: Planned, lease: ActLease, worker: Worker): Promise<string> {
  const { breakers, log } = worker;
  if (breakers.isOpen(image.region))
    return yieldClaim(image, "EC2 fails in the region, and its breaker has opened", lease, worker);
  try {
    if (canBeStopped(surveyed) && (await isOrderWaiting(worker)))
      return await yieldClaim(image, "an order of a person waits", lease, worker);
    const plan = await withinBudget(image, await stillWanted(image, surveyed, lease.now, worker), lease.now, worker);
    const isSettled = await breakers.working(image, () => execute({ image, plan }, lease, worker));
    const data = { region: image.region, ami: image.amiId, compose: image.composeId, plan: plan.do };
    log.info({ ...data, outcome: isSettled ? "settled" : "lost" }, "image worked");
    return isSettled ? plan.do : "lost";
  } catch (error) {
    return recordSetback(image, error, lease, worker, { isShared: false, isSeen: surveyed.do !== "miss" });
  }
}

/** Whether a word of somebody's can keep the image: of what is deregistered already no snapshot must be left behind. */
function canBeStopped(plan: Plan): plan is Extract<Plan, { readonly do: "make-private" | "delete" }> {
  return plan.do === "make-private" || (plan.do === "delete" && plan.seen?.state === "available");
}

/** A survey covers a batch; by an image's turn a fact may have come that keeps it. */
async function stillWanted(
  image: Image,
  plan: Plan,
  now: Instant,
  { facts, policy }: Pick<Worker, "facts" | "policy">,
): Promise<Plan> {
  if (!canBeStopped(plan)) return plan;
  const { decision, hold } = await wordNow(image.composeId, { facts, policy });
  if (decision.kind === "keep") return { do: "keep", decision };
  if (!isInForce(hold, now)) return plan;
  return { do: "hold", hold, from: plan.do === "delete" ? "private" : "public" };
}

/** When an image that the budget stopped is looked at again. */
const BUDGET_AGAIN_MS = 10 * MINUTE_MS;

/** One act is reserved before it begins; what was begun is finished. */
async function withinBudget(
  image: Image,
  plan: Plan,
  now: Instant,
  { budgets, schedule }: Pick<Worker, "budgets" | "schedule">,
): Promise<Plan> {
  if (plan.do !== "make-private" && plan.do !== "delete") return plan;
  const kind = plan.do === "delete" ? "delete" : "private";
  if (isBegun(kind, image)) return plan;
  const stop = await budgets.reserve(kind, image, await schedule.countLive(image.region), now);
  return stop === null ? plan : { do: "wait", until: now + BUDGET_AGAIN_MS, reason: stop.reason };
}

/** Acts, and settles the image; false: the claim was lost, and nothing more was done. */
async function execute(planned: Planned, lease: ActLease, worker: Worker): Promise<boolean> {
  const { image, plan } = planned;
  try {
    const change = withMisses(planned, await changeBy(planned, lease, worker));
    // What is deleted is deleted, whoever has the claim by now.
    return change !== null && (await worker.schedule.settle(image, change, { irreversible: plan.do === "delete" }));
  } catch (error) {
    if (error instanceof ClaimLost) return false;
    throw error;
  }
}

/** Whatever is written of an image that EC2 shows, earlier misses were not in a row with the next one. */
function withMisses({ image, plan }: Planned, change: Change | null): Change | null {
  if (change === null || image.missedLooks === 0 || plan.do === "miss") return change;
  return { ...change, fields: { ...NOT_MISSED, ...change.fields } };
}

/**
 * For the call that nobody can take back: what is said of the compose is written down before it reaches its images, and ends the
 * act from then on; so does an order that waits. Throws `ClaimLost`, `RefusedError`.
 */
function whileUnsaid(
  image: Image,
  { now }: ActLease,
  mayCall: MayCall,
  worker: Pick<Worker, "facts" | "policy" | "orders" | "log">,
): MayCall {
  return async () => {
    if (await isOrderWaiting(worker)) throw new ClaimLost();
    const { decision, hold } = await wordNow(image.composeId, worker);
    if (decision.kind !== "delete" || isInForce(hold, now)) throw new ClaimLost();
    await mayCall();
  };
}

/** Does in EC2 what a plan says; resolves to what it changes of the image, or null when that is nothing any more. */
async function changeBy({ image, plan }: Planned, lease: ActLease, worker: Worker): Promise<Change | null> {
  const { images, clock, periods } = worker;
  const mayCall = whileClaimed(image, lease, worker);
  switch (plan.do) {
    case "make-private":
      return makePrivate(image, plan, mayCall, worker);
    case "delete":
      return deleteImage(image, plan, lease, { mayCall, mayEnd: whileUnsaid(image, lease, mayCall, worker) }, worker);
    case "restore":
      return restoreImage(image, plan, mayCall, { images, clock });
    case "keep": {
      // The claim is ours and nothing is under way, so what has to be restored may be restored at once.
      const idle = { ...image, token: "" };
      const keep = image.stage === "deleting" ? restoreAndKeep : redecide;
      return keep(idle, plan.decision, periods, lease.now, "ticker");
    }
    case "hold":
      return held(plan.hold, plan.from);
    case "tag-hold":
      return tagHold(image, plan.hold, mayCall, images);
    case "end-hold":
      return endHold(image, plan.seen, mayCall, { images, schedule: worker.schedule, periods });
    case "restore-and-hold":
      return restoreAndHold(image, plan.hold, periods, lease.now);
    case "wait":
      return {
        stage: image.stage,
        wait: waitOf(image, plan.until),
        fields: { lastError: `waiting: ${plan.reason}` },
        event: null,
      };
    case "refuse":
      return afterRefusal(image, plan.code, plan.reason, lease.now);
    case "miss":
      return missed(image, lease.now, worker);
  }
}

const LONG_GONE =
  "all of its days were over when it was first missed: it may have been deleted by this service, before records were lost";

/** Before an image counts as gone, EC2 is asked by its id; and what it leaves behind is said, or nobody would ever know. */
async function missed(
  image: Image,
  now: Instant,
  { images, periods }: Pick<Worker, "images" | "periods">,
): Promise<Change> {
  const change = afterMiss(image, now);
  if (change.stage !== "gone" || change.event === null) return change;
  if ((await images.isKnown(image.region, image.amiId)) === true) return afterHiddenLook(image, now);
  const standing = await images.imagesOn(image.region, await snapshotsLeft(image, images));
  // Whoever else stands on a snapshot needs it.
  const left = [...standing].filter(([, on]) => on.every((id) => id === image.amiId)).map(([snapshotId]) => snapshotId);
  if (left.length === 0 && mayBeOurs(image, periods))
    return { ...change, event: { ...change.event, why: LONG_GONE, details: { left: "", hand: "unknown" } } };
  const why = left.length === 0 ? change.event.why : `${change.event.why}; it left ${left.join(", ")} behind`;
  return { ...change, event: { ...change.event, why, details: { left: left.join(" ") } } };
}

/** Its snapshots that EC2 shows, by our tag and by its record: one that it shared carries the tag of the other image. */
async function snapshotsLeft(
  { region, amiId, snapshotIds, takenAway }: Image,
  images: Pick<Images, "snapshotsOf" | "snapshots">,
): Promise<readonly string[]> {
  const tagged = await images.snapshotsOf(region, amiId);
  const recorded = await images.snapshots(region, [...new Set([...snapshotIds, ...(takenAway?.snapshots ?? [])])]);
  return [...new Set([...tagged, ...recorded].map(({ snapshotId }) => snapshotId))];
}
