import { held } from "../../domain/image/holding.ts";
import type { Image, TakenAway } from "../../domain/image/image.ts";
import { draft, reset, type Change } from "../../domain/image/lifecycle.ts";
import type { Seen } from "../../domain/plan/look.ts";
import type { Plan } from "../../domain/plan/plan.ts";
import { holdTag, ACT_TAGS, HOLD_TAG, OUR_TAGS } from "../../domain/plan/tags.ts";
import type { Instant } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";
import type { Clock, Images, MayCall } from "../../ports/index.ts";

/**
 * Restores exactly what was taken, reads it back, and drops our tags last. A hold is tagged first, so that it outlives a Redis
 * that is lost in between. Throws `UpstreamError`, `RefusedError`, `ClaimLost`.
 */
export async function restoreImage(
  image: Image,
  { seen, takenAway, tagged }: Plan & { do: "restore" },
  mayCall: MayCall,
  { images, clock }: { readonly images: Images; readonly clock: Pick<Clock, "now"> },
): Promise<Change> {
  const { region, amiId } = image;
  const hold = image.becomes === "held" && image.hold !== null ? holdTag(image.hold) : null;
  if (hold !== null) await images.tag(region, [amiId], { [HOLD_TAG]: hold }, mayCall);
  if (takenAway.image) await images.openImage(region, amiId, mayCall);
  for (const snapshotId of takenAway.snapshots) await images.openSnapshot(region, snapshotId, mayCall);
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
  if (tagged.length > 0) await images.untag(region, tagged, keys, mayCall);
  return restored(image, seen, takenAway, clock.now());
}

function restored(image: Image, seen: Seen, takenAway: TakenAway, now: Instant): Change {
  const isNothing = !takenAway.image && takenAway.snapshots.length === 0;
  let event = draft("restored", now, "ticker", image.reason, {
    ec2_name: seen.name,
    snapshots: String(takenAway.snapshots.length),
  });
  const cleared = { takenAway: null, madePrivateAt: null, noticedAt: null, deleteAt: null };
  if (image.becomes === "held" && image.hold !== null) {
    const { hold } = image;
    const change = held({ ...hold, since: now }, image.heldFrom ?? "public");
    // A person's order on what a rule keeps: EC2 had to be looked at to know that nothing was taken from it.
    if (isNothing && image.heldFrom !== "public") return { ...change, fields: { ...change.fields, ...cleared } };
    const details = { ...event.details, by: hold.by, until: change.event?.details["until"] ?? "" };
    return { ...change, fields: { ...change.fields, ...cleared }, event: { ...event, why: hold.why, details } };
  }
  // A keep that came while the first tags were written: nobody lost anything, so nothing was restored.
  const details = { stage: "kept", rule: image.rule ?? "" };
  if (isNothing || (image.takenAway === null && seen.isPublic))
    event = draft("decided", now, "ticker", image.reason, details);
  const fields = reset({ ...cleared, becomes: null, hold: null, heldFrom: null });
  return { stage: "kept", wait: null, fields, event };
}
