import { randomUUID } from "node:crypto";
import { makePrivate, remove, restore, type Acted, type ActParts } from "./act.ts";
import { classify, type Decision } from "./domain/classify.ts";
import type { Image } from "./domain/image.ts";
import { draft, redecide, takeBack, type Change, type Periods, type Queue } from "./domain/lifecycle.ts";
import type { Seen } from "./domain/look.ts";
import { planFor, type Guards, type Look, type Planned } from "./domain/plan.ts";
import { afterFailure, afterMiss, afterRefusal } from "./domain/setback.ts";
import { MINUTE_MS, type Instant } from "./domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "./errors.ts";
import type { Clock, Facts, Images, Lease, Log, Schedule } from "./ports.ts";

/** How far the service may go: print what it would do, make private, or delete as well. */
export type Act = "nothing" | "private" | "delete";

export interface TickParts {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly images: Images;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
  readonly guards: Guards;
  readonly act: Act;
}

/** How many images ended in which outcome. */
export type TickCounts = Record<string, number>;

/** No more than one lease can serve: EC2's buckets give five mutating calls a second, an image takes about five. */
const BATCH = 50;
const LARGEST_SKEW_MS = MINUTE_MS;
/** Fewer missing images than this are not yet a sick region. */
const FEW = 3;

const QUEUES_OF: Readonly<Record<Act, readonly Queue[]>> = {
  nothing: [],
  private: ["restore", "private"],
  delete: ["restore", "private", "delete"],
};

/** One pass over a region: claim what is due, look, plan, act, settle. Throws `UpstreamError` when Redis or EC2 is away. */
export async function tickRegion(region: string, parts: TickParts): Promise<TickCounts> {
  const counts: TickCounts = {};
  for (const queue of QUEUES_OF[parts.act]) {
    const now = await safeNow(parts);
    const lease = { token: randomUUID(), now, until: now + parts.periods.leaseMs };
    const claimed = await parts.schedule.claim(region, queue, lease, BATCH);
    const { planned, failures } = await planAll(region, claimed, now, parts);
    const outcomes = await withoutMassacre(planned, async (each) => actOn(each, lease, parts), parts);
    for (const { image, error } of failures) outcomes.push(await setBack(image, error, lease, parts));
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

/** What a pass would do now, without claiming or changing anything. Throws `UpstreamError`. */
export async function planRegion(region: string, parts: TickParts, limit = 10_000): Promise<readonly Planned[]> {
  const now = await safeNow(parts);
  const due = await Promise.all(QUEUES_OF.delete.map((queue) => parts.schedule.due(region, queue, now, limit)));
  const { planned } = await planAll(region, due.flat(), now, parts);
  return planned;
}

async function safeNow({ schedule }: TickParts): Promise<Instant> {
  const { at, skewMs } = await schedule.now();
  if (skewMs > LARGEST_SKEW_MS)
    throw new UpstreamError(
      "redis",
      "clock-skew",
      `this machine's clock and redis' are ${Math.round(skewMs / 1000)} s apart: nothing is acted on until they agree`,
    );
  return at;
}

/** Reads facts and EC2 for a batch, and plans each image. An image whose look fails is a failure of its own. */
async function planAll(
  region: string,
  batch: readonly Image[],
  now: Instant,
  parts: TickParts,
): Promise<{ planned: Planned[]; failures: { image: Image; error: unknown }[] }> {
  const planned: Planned[] = [];
  const failures: { image: Image; error: unknown }[] = [];
  if (batch.length === 0) return { planned, failures };
  try {
    const [decisions, seen] = await Promise.all([
      decisionsFor(batch, parts),
      parts.images.look(
        region,
        batch.map((image) => image.amiId),
      ),
    ]);
    const isWayBackOpen = batch.some((image) => image.stage === "public") && (await parts.images.isWayBackOpen(region));
    for (const image of batch) {
      const decision = decisions.get(image.composeId);
      if (decision === undefined) continue;
      try {
        const look = await lookAt(image, seen.get(image.amiId) ?? null, isWayBackOpen, parts);
        planned.push({
          image,
          plan: planFor(image, decision, look, { now, periods: parts.periods, guards: parts.guards }),
        });
      } catch (error) {
        failures.push({ image, error });
      }
    }
    return { planned, failures };
  } catch (error) {
    return { planned: [], failures: batch.map((image) => ({ image, error })) };
  }
}

async function decisionsFor(batch: readonly Image[], { facts }: TickParts): Promise<Map<string, Decision>> {
  const known = await facts.recall([...new Set(batch.map((image) => image.composeId))]);
  return new Map(known.map((each) => [each.composeId, classify(each)]));
}

async function lookAt(image: Image, seen: Seen | null, isWayBackOpen: boolean, { images }: TickParts): Promise<Look> {
  const isTaken = image.stage === "public" && seen !== null && image.takenAway === null;
  const publicSnapshotIds = isTaken ? await images.publicSnapshots(image.region, seen.snapshotIds) : [];
  return { seen, publicSnapshotIds, isWayBackOpen };
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
async function actOn({ image, plan }: Planned, lease: Lease, parts: TickParts): Promise<string> {
  try {
    const outcome = await execute({ image, plan }, lease, parts);
    parts.log.info(
      { region: image.region, ami: image.amiId, compose: image.composeId, plan: plan.do, outcome },
      "image worked",
    );
    return outcome === "lost" ? "lost" : plan.do;
  } catch (error) {
    return setBack(image, error, lease, parts);
  }
}

async function execute({ image, plan }: Planned, lease: Lease, parts: TickParts): Promise<Acted> {
  const { schedule, periods } = parts;
  const acting: ActParts = { images: parts.images, schedule, clock: parts.clock, lease };
  const settle = async (change: Change): Promise<Acted> =>
    (await schedule.settle(image, change)) ? "settled" : "lost";
  switch (plan.do) {
    case "make-private":
      return makePrivate(image, plan.seen, plan.takeAway, acting);
    case "delete":
      return remove(image, plan.seen, plan.snapshotIds, acting);
    case "restore":
      return restore(image, plan.seen, plan.takenAway, acting);
    case "keep": {
      // The claim is ours and nothing is under way, so what has to be given back may be given back at once.
      const idle = { ...image, token: "" };
      const change =
        image.stage === "deleting"
          ? takeBack(idle, plan.decision, periods, lease.now, "ticker")
          : redecide(idle, plan.decision, periods, lease.now, "ticker");
      return change === null ? "lost" : settle(change);
    }
    case "hold":
      return settle({
        stage: "held",
        wait: { queue: "held", wakeAt: Infinity },
        fields: { reason: plan.reason },
        event: draft("held", lease.now, "ticker", plan.reason),
      });
    case "wait":
      return settle({
        stage: image.stage,
        wait: { queue: queueOf(image), wakeAt: plan.until },
        fields: {},
        event: null,
      });
    case "refuse":
      return settle(afterRefusal(image, queueOf(image), plan.code, plan.reason, lease.now));
    case "miss":
      return settle(afterMiss(image, queueOf(image), lease.now));
  }
}

/** Records why an image could not be worked, and when it is tried again. */
async function setBack(worked: Image, error: unknown, lease: Lease, { schedule, log }: TickParts): Promise<string> {
  if (error instanceof UpstreamError && error.service === "redis") throw error;
  // The act may have moved the image to `deleting` before it failed, and it must not move back; the claim stays the one we had.
  const image = { ...((await schedule.get(worked.region, worked.amiId)) ?? worked), token: worked.token };
  const isRefused = error instanceof RefusedError;
  const why = describeError(error);
  const data = { region: image.region, ami: image.amiId, error: why, attempts: image.attempts };
  if (error instanceof UpstreamError || isRefused) log.warn(data, "image not worked, trying again later");
  else log.error({ ...data, stack: error instanceof Error ? error.stack : undefined }, "bug while working on an image");
  const change = isRefused
    ? afterRefusal(image, queueOf(image), "permission", why, lease.now)
    : afterFailure(image, queueOf(image), why, lease.now);
  await schedule.settle(image, change);
  return isRefused ? "refused" : "failed";
}

function queueOf(image: Image): Queue {
  switch (image.stage) {
    case "public":
      return "private";
    case "restoring":
      return "restore";
    case "unresolved":
      return "unresolved";
    case "held":
      return "held";
    case "private":
    case "deleting":
    case "kept":
    case "deleted":
    case "gone":
      return "delete";
  }
}
