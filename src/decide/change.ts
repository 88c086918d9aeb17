import type { Policy } from "../domain/compose/classify.ts";
import type { Image } from "../domain/image/image.ts";
import type { Change, Periods } from "../domain/image/lifecycle.ts";
import type { Instant } from "../domain/time.ts";
import type { Clock, Facts, Log, Rejected, Schedule } from "../ports/index.ts";

export interface IngestParts {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly rejected: Rejected;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
  readonly policy: Policy;
  readonly environments: readonly string[];
}

/** A change made from a reading that went stale is made again from a new one, at most so often. */
const MOST_READINGS = 20;

/** Applies a change that is computed from the image as it stands, and again when somebody wrote it meanwhile. */
export async function changeImage(
  image: Image,
  changeOf: (image: Image, now: Instant) => Change | null,
  parts: Pick<IngestParts, "schedule">,
): Promise<boolean> {
  let current: Image | null = image;
  for (let reading = 0; reading < MOST_READINGS && current !== null; reading += 1) {
    // The later of the two clocks: a claim that is under way must have run out on every clock before its act is undone.
    const { at, skewMs } = await parts.schedule.now();
    const change = changeOf(current, at + skewMs);
    if (change === null) return false;
    if (await parts.schedule.change(current, change)) return true;
    current = await parts.schedule.get(current.region, current.amiId);
  }
  if (current === null) return false;
  throw new Error(`${image.region} ${image.amiId}: still written by others after ${MOST_READINGS} readings`);
}
