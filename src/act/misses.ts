import type { RegionBreakers } from "./breakers.ts";
import { recordSetback } from "./image/setback.ts";
import type { Planned } from "../domain/plan/describe.ts";
import type { Plan } from "../domain/plan/plan.ts";
import { afterDoubt } from "../domain/plan/setback.ts";
import { RefusedError, UpstreamError } from "../errors.ts";
import type { Images, Lease, Log, Random, Schedule } from "../ports/index.ts";

/** Who weighs what was not found. */
interface Seeker {
  readonly images: Pick<Images, "look" | "isKnown">;
  readonly schedule: Pick<Schedule, "live" | "get" | "settle">;
  readonly breakers: Pick<RegionBreakers, "isOpen" | "isProbed">;
  readonly log: Log;
  readonly random: Random;
}

/** Other live images of a region that are asked for before it counts as sick. */
const MOST_OTHERS = 1000;
/** Missing images that are asked for by their ids. */
const MOST_BY_ID = 5;

/**
 * Puts off the images of a claim that EC2 does not show, if it shows nothing else that must be in the region: then nobody knows
 * whether they are missing or the region is sick. Resolves to the outcomes of those; all others are to be worked. Throws
 * `UpstreamError` for Redis' own failures.
 */
export async function putOffDoubtful(
  region: string,
  planned: readonly Planned[],
  isAnyShown: boolean,
  lease: Lease,
  seeker: Seeker,
): Promise<Map<Planned, string>> {
  const { schedule, log } = seeker;
  const outcomes = new Map<Planned, string>();
  const missing = planned.filter(({ plan }) => plan.do === "miss" || isTakenForGone(plan));
  if (missing.length === 0 || isAnyShown) return outcomes;
  try {
    const amiIds = missing.map(({ image }) => image.amiId);
    if ((await isOtherShown(region, amiIds, seeker)) || (await isAnswered(region, amiIds, seeker))) return outcomes;
  } catch (error) {
    if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
    for (const each of missing)
      outcomes.set(each, await recordSetback(each.image, error, lease, seeker, { isShared: true, isSeen: false }));
    return outcomes;
  }
  log.warn({ region, missing: missing.length }, "nothing can be seen in the region: is it sick? put off by a day");
  for (const each of missing) {
    const isSettled = await schedule.settle(each.image, afterDoubt(each.image, lease.now));
    outcomes.set(each, isSettled ? "sick-region" : "lost");
  }
  return outcomes;
}

/**
 * Whether an image that is being deleted counts as gone for no other reason than that EC2 does not show it. A snapshot of it is
 * an answer: EC2 deletes none on which an image stands, and says of each whether it is there.
 */
function isTakenForGone(plan: Plan): boolean {
  return plan.do === "delete" && plan.seen === null && plan.snapshotIds.length === 0;
}

/** Whether EC2 shows any other image that has to be in the region. */
async function isOtherShown(
  region: string,
  amiIds: readonly string[],
  { images, schedule }: Pick<Seeker, "images" | "schedule">,
): Promise<boolean> {
  let asked = 0;
  for await (const page of schedule.live(region)) {
    const others = page.map(({ amiId }) => amiId).filter((amiId) => !amiIds.includes(amiId));
    if (others.length > 0 && (await images.look(region, others)).size > 0) return true;
    asked += others.length;
    if (asked >= MOST_OTHERS) return false;
  }
  return false;
}

/** Whether EC2, asked for one of them by its id, says that it knows it, or that there is none: a sick region says neither. */
async function isAnswered(
  region: string,
  amiIds: readonly string[],
  { images }: Pick<Seeker, "images">,
): Promise<boolean> {
  for (const amiId of amiIds.slice(0, MOST_BY_ID)) if ((await images.isKnown(region, amiId)) !== null) return true;
  return false;
}
