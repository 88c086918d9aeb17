import { safeNow } from "../safety.ts";
import type { Hold } from "../../domain/hold.ts";
import { holdEnded } from "../../domain/image/holding.ts";
import type { Image } from "../../domain/image/image.ts";
import { reset, type Change, type Periods } from "../../domain/image/lifecycle.ts";
import type { Seen } from "../../domain/plan/look.ts";
import { holdTag, HOLD_TAG } from "../../domain/plan/tags.ts";
import { ceilSecond } from "../../domain/time.ts";
import type { Images, MayCall, Schedule } from "../../ports/index.ts";

/** Writes the hold to EC2, where it outlives a lost Redis. Throws `UpstreamError`, `RefusedError`, `ClaimLost`. */
export async function tagHold(
  { region, amiId }: Image,
  hold: Hold,
  mayCall: MayCall,
  images: Pick<Images, "tag">,
): Promise<Change> {
  await images.tag(region, [amiId], { [HOLD_TAG]: holdTag(hold) }, mayCall);
  return {
    stage: "held",
    wait: { queue: "held", wakeAt: hold.until ?? Infinity },
    fields: reset({ hold }),
    event: null,
  };
}

/**
 * Ends a hold: its tag goes first, for it protects the image as well; then the clock runs again. Throws `UpstreamError`,
 * `RefusedError`, `ClaimLost`.
 */
export async function endHold(
  image: Image,
  seen: Seen,
  mayCall: MayCall,
  {
    images,
    schedule,
    periods,
  }: { readonly images: Pick<Images, "untag">; readonly schedule: Pick<Schedule, "now">; readonly periods: Periods },
): Promise<Change> {
  if (seen.tags[HOLD_TAG] !== undefined) await images.untag(image.region, [image.amiId], [HOLD_TAG], mayCall);
  const by = image.hold?.by ?? "ticker";
  const why = image.hold?.why ?? "";
  return holdEnded(image, seen.isPublic, by, why, periods, ceilSecond(await safeNow({ schedule })));
}
