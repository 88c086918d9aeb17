import { type ActParts, type Acted, stepsOf } from "./steps.ts";
import type { Hold } from "../domain/hold.ts";
import { holdEnded } from "../domain/image/holding.ts";
import type { Image } from "../domain/image/image.ts";
import { reset, type Change } from "../domain/image/lifecycle.ts";
import type { Seen } from "../domain/plan/look.ts";
import { holdTag, HOLD_TAG } from "../domain/plan/tags.ts";
import { ceilSecond } from "../domain/time.ts";

/** Writes the hold to EC2, where it outlives a lost Redis. Throws `UpstreamError`, `RefusedError`. */
export async function tagHold(image: Image, hold: Hold, parts: ActParts): Promise<Acted> {
  const { images, schedule } = parts;
  const step = stepsOf(image, parts);
  if (!(await step((mayCall) => images.tag(image.region, [image.amiId], { [HOLD_TAG]: holdTag(hold) }, mayCall))))
    return "lost";
  const wait = { queue: "held" as const, wakeAt: hold.until ?? Infinity };
  const change: Change = { stage: "held", wait, fields: reset({ hold }), event: null };
  return (await schedule.settle(image, change)) ? "settled" : "lost";
}

/** Ends a hold: its tag goes first, for it protects the image as well; then the clock runs again. Throws `UpstreamError`, `RefusedError`. */
export async function endHold(image: Image, seen: Seen, parts: ActParts): Promise<Acted> {
  const { images, schedule, clock, periods } = parts;
  const step = stepsOf(image, parts);
  if (
    seen.tags[HOLD_TAG] !== undefined &&
    !(await step((mayCall) => images.untag(image.region, [image.amiId], [HOLD_TAG], mayCall)))
  )
    return "lost";
  const by = image.hold?.by ?? "ticker";
  const why = image.hold?.why ?? "";
  const change = holdEnded(image, seen.isPublic, by, why, periods, ceilSecond(clock.now()));
  return (await schedule.settle(image, change)) ? "settled" : "lost";
}
