import type { Image } from "../domain/image/image.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import { situationOf } from "../domain/plan/situation.ts";
import { DAY_MS, type Instant } from "../domain/time.ts";
import type { Schedule, SoonTold } from "../ports/index.ts";

/** Of one region; what comes after them in the queue is nearer when these are over. */
const MOST = 2000;

/** The images of a region that are to be made private within a day, and of which that was not told yet. Throws `UpstreamError`. */
export async function untoldSoon(
  region: string,
  now: Instant,
  {
    schedule,
    soonTold,
  }: { readonly schedule: Pick<Schedule, "between">; readonly soonTold: Pick<SoonTold, "areTold"> },
): Promise<readonly Image[]> {
  const waiting = await schedule.between(region, "private", now, now + DAY_MS, MOST);
  const images = waiting.filter((image) => isSoon(image, now));
  const amiIds = images.map(({ amiId }) => amiId);
  const told = await soonTold.areTold(region, amiIds);
  return images.filter((_, index) => told[index] !== true);
}

/** What is overdue waits for something that nobody knows the end of. */
function isSoon(image: Image, now: Instant): boolean {
  return image.stage === "public" && image.privateAt > now && refusalOf(image) === null && situationOf(image) === null;
}
