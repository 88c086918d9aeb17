import { type ActParts, type Acted, stepsOf } from "./steps.ts";
import { held } from "../domain/image/holding.ts";
import type { Image, TakenAway } from "../domain/image/image.ts";
import { draft, reset, type Change } from "../domain/image/lifecycle.ts";
import type { Seen } from "../domain/plan/look.ts";
import type { Plan } from "../domain/plan/plan.ts";
import { holdTag, ACT_TAGS, HOLD_TAG, OUR_TAGS } from "../domain/plan/tags.ts";
import type { Instant } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";

/**
 * Gives back exactly what was taken, reads it back, drops our tags last, and settles. A hold is tagged first, so that it
 * outlives a Redis that is lost in between. Throws `UpstreamError`, `RefusedError`.
 */
export async function giveAllBack(image: Image, plan: Plan & { do: "restore" }, parts: ActParts): Promise<Acted> {
  const { seen, takenAway, tagged } = plan;
  const { images, schedule, clock } = parts;
  const { region, amiId } = image;
  const step = stepsOf(image, parts);
  const hold = image.becomes === "held" && image.hold !== null ? holdTag(image.hold) : null;
  if (hold !== null && !(await step((mayCall) => images.tag(region, [amiId], { [HOLD_TAG]: hold }, mayCall))))
    return "lost";
  if (takenAway.image && !(await step((mayCall) => images.openImage(region, amiId, mayCall)))) return "lost";
  for (const snapshotId of takenAway.snapshots)
    if (!(await step((mayCall) => images.openSnapshot(region, snapshotId, mayCall)))) return "lost";
  if (takenAway.image) {
    const now = await images.look(region, [amiId]);
    if (now.get(amiId)?.isPublic !== true)
      throw new UpstreamError(
        "ec2",
        "not-public-yet",
        `${region} ${amiId} does not read as public after it was given back`,
      );
  }
  // What is kept from now on needs no hold any more.
  const keys = image.becomes === "held" ? ACT_TAGS : OUR_TAGS;
  if (tagged.length > 0 && !(await step((mayCall) => images.untag(region, tagged, keys, mayCall)))) return "lost";
  return (await schedule.settle(image, restoredChange(image, seen, takenAway, clock.now()))) ? "settled" : "lost";
}

function restoredChange(image: Image, seen: Seen, takenAway: TakenAway, now: Instant): Change {
  let event = draft("restored", now, "ticker", image.reason, {
    ec2_name: seen.name,
    snapshots: String(takenAway.snapshots.length),
  });
  const cleared = { takenAway: null, madePrivateAt: null, noticedAt: null, deleteAt: null };
  if (image.becomes === "held" && image.hold !== null) {
    const { hold } = image;
    const change = held({ ...hold, since: now }, "public");
    const details = { ...event.details, by: hold.by, until: change.event?.details["until"] ?? "" };
    return { ...change, fields: { ...change.fields, ...cleared }, event: { ...event, why: hold.why, details } };
  }
  // A keep that came while the first tags were written: nobody lost anything, so nothing was given back.
  const details = { stage: "kept", rule: image.rule ?? "" };
  if (image.takenAway === null && seen.isPublic) event = draft("decided", now, "ticker", image.reason, details);
  const fields = reset({ ...cleared, becomes: null, hold: null, heldFrom: null });
  return { stage: "kept", wait: null, fields, event };
}
