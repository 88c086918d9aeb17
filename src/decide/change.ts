import type { Policy } from "../domain/compose/classify.ts";
import type { Image } from "../domain/image/image.ts";
import type { Change, Periods } from "../domain/image/lifecycle.ts";
import { later } from "../domain/limits/clocks.ts";
import type { Instant } from "../domain/time.ts";
import type { Facts, Schedule } from "../ports/index.ts";

/** Whoever decides on images by the facts of their composes, and writes down what that changes. */
export interface Decider {
  readonly schedule: Schedule;
  readonly facts: Pick<Facts, "recall" | "remember">;
  readonly periods: Periods;
  readonly policy: Policy;
}

/** A change made from a reading that went stale is made again from a new one, at most so often. */
const MOST_READINGS = 20;

/** Applies a change that is computed from the image as it stands, and again when somebody wrote it meanwhile. */
export async function changeImage(
  image: Image,
  changeOf: (image: Image, now: Instant) => Change | null,
  { schedule }: { readonly schedule: Pick<Schedule, "now" | "get" | "change"> },
): Promise<boolean> {
  let current: Image | null = image;
  for (let reading = 0; reading < MOST_READINGS && current !== null; reading += 1) {
    // The later of the two clocks: a claim that is under way must have run out on every clock before its act is undone.
    const change = changeOf(current, later(await schedule.now()));
    if (change === null) return false;
    if (await schedule.change(current, change)) return true;
    current = await schedule.get(current.region, current.amiId);
  }
  if (current === null) return false;
  throw new Error(`${image.region} ${image.amiId}: still written by others after ${MOST_READINGS} readings`);
}
