import type { RegionBreakers } from "./breakers.ts";
import { checkAccount, safeNow } from "./safety.ts";
import type { Image } from "../domain/image/image.ts";
import { believable } from "../domain/limits/deaf.ts";
import type { Guards } from "../domain/plan/plan.ts";
import { guarded, isReleased, isSettledIn, isToldGone, type Found } from "../domain/released/guard.ts";
import { DAY_MS, type Instant } from "../domain/time.ts";
import { describeError, isOfNeighbour } from "../errors.ts";
import type { GuardRounds, Images, Log, Schedule } from "../ports/index.ts";

/** Who looks after the released images. It can ask EC2, and change nothing there. */
export interface Guardian {
  readonly schedule: Pick<Schedule, "now" | "regions" | "live" | "change">;
  readonly images: Pick<Images, "account" | "look" | "isKnown">;
  readonly breakers: Pick<RegionBreakers, "enter">;
  readonly rounds: GuardRounds;
  readonly guards: Pick<Guards, "account">;
  readonly log: Log;
  /** So long before an image becomes deprecated that is told, in milliseconds. */
  readonly warnBeforeMs: number;
}

/** What a pass found. */
export interface GuardCounts {
  /** Regions that were looked at, and those that could not be, of which nothing is known. */
  readonly regions: number;
  readonly unknown: number;
  readonly looked: number;
  /** Images of which something new was told. */
  readonly told: number;
}

/** A region's images are looked at once in this time. */
const EVERY_MS = DAY_MS;
/** Images that EC2 does not list, and that it is asked for by their ids, in a region and pass. */
const MOST_BY_ID = 50;

/**
 * Looks at the released images of each region that was not looked at for a day: whether they are still there, public, and neither
 * deprecated nor disabled. What changed is told by an event. A region that does not answer is asked again in the next pass, and
 * nothing is concluded. Throws `UpstreamError` when Redis is away, the clocks disagree, or the account is another one.
 */
export async function guardReleased(guardian: Guardian): Promise<GuardCounts> {
  const { schedule, rounds, log } = guardian;
  const now = await safeNow(guardian);
  const last = await rounds.all();
  const due = (await schedule.regions()).filter((region) => {
    const at = believable(last.get(region) ?? null, now);
    return at === null || now - at >= EVERY_MS;
  });
  let [looked, told, unknown] = [0, 0, 0];
  if (due.length > 0) await checkAccount(guardian);
  for (const region of due) {
    const round = await orUnknown(region, guardian, () => roundOf(region, now, guardian));
    if (round === null) unknown += 1;
    else {
      await rounds.note(region, now);
      looked += round.looked;
      told += round.told;
    }
  }
  const counts = { regions: due.length - unknown, unknown, looked, told };
  if (looked + told + unknown > 0) log.info(counts, "released images looked at");
  return counts;
}

type Round = Pick<GuardCounts, "looked" | "told">;

async function orUnknown(
  region: string,
  { breakers, log }: Pick<Guardian, "breakers" | "log">,
  look: () => Promise<Round>,
): Promise<Round | null> {
  try {
    // A region that is in trouble is for its ticker to probe.
    return (await breakers.enter(region)) === "closed" ? await look() : null;
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    log.warn({ region, error: describeError(error) }, "its released images could not be looked at: asked again later");
    return null;
  }
}

async function roundOf(region: string, now: Instant, guardian: Guardian): Promise<Round> {
  const { schedule, images, guards } = guardian;
  const missing: Image[] = [];
  let [looked, told] = [0, 0];
  for await (const page of schedule.live(region)) {
    const released = page.filter((image) => isReleased(image) && isSettledIn(image, now));
    if (released.length === 0) continue;
    const amiIds = released.map(({ amiId }) => amiId);
    const seen = await images.look(region, amiIds);
    looked += released.length;
    for (const image of released) {
      const found = seen.get(image.amiId);
      if (found === undefined) missing.push(image);
      // A mistaken message may have named somebody else's: whatever that becomes is no matter of ours.
      else if (found.ownerId === guards.account && (await note(image, found, now, guardian))) told += 1;
    }
  }
  for (const image of missing.filter((each) => !isToldGone(each)).slice(0, MOST_BY_ID)) {
    // Only a plain no counts: a region that is sick answers neither.
    const isGone = (await images.isKnown(region, image.amiId)) === false;
    if (isGone && (await note(image, "absent", now, guardian))) told += 1;
  }
  return { looked, told };
}

/** Writes what is new; false where nothing is told: nothing changed, or somebody else was quicker. */
async function note(
  image: Image,
  found: Found,
  now: Instant,
  { schedule, warnBeforeMs }: Pick<Guardian, "schedule" | "warnBeforeMs">,
): Promise<boolean> {
  const change = guarded(image, found, { now, warnBeforeMs });
  return change !== null && (await schedule.change(image, change)) && change.event !== null;
}
