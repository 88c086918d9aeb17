import { UNKNOWN_COMPOSE } from "./found.ts";
import { nameMismatch } from "./name.ts";
import type { Decision } from "../compose/classify.ts";
import type { Image } from "../image/image.ts";
import { afterClaim, draft, isFinalKeep, redecide, reset, type Change, type Periods } from "../image/lifecycle.ts";
import type { Upload } from "../image/upload.ts";
import type { Instant } from "../time.ts";

const WHO = "ingest";

/** Whether an image is one whose compose nobody knew when it was found. */
export function isUnknown({ composeId }: Pick<Image, "composeId">): boolean {
  return composeId === UNKNOWN_COMPOSE;
}

/**
 * What becomes of an image of an unknown compose when a message names it, with the decision on that; null: nothing, since its
 * name in EC2 is another compose's. A keep does not depend on the name.
 */
export function identified(
  image: Image,
  { composeId, imageName }: Upload,
  decision: Decision,
  periods: Periods,
  now: Instant,
): Change | null {
  // It was found, so the name on record is EC2's.
  if (decision.kind !== "keep" && nameMismatch(image.imageName ?? "", composeId, imageName) !== null) return null;
  return redecide({ ...image, composeId }, decision, periods, now, WHO) ?? unchanged(image, decision, periods, now);
}

/** The same standing with the compose known; what was kept for want of it is asked about. */
function unchanged(image: Image, decision: Decision, periods: Periods, now: Instant): Change | null {
  const { stage, rule } = image;
  const same = (wait: Change["wait"]): Change => ({ stage, wait, fields: {}, event: null });
  switch (stage) {
    case "kept":
      if (decision.kind !== "unresolved" || isFinalKeep(rule)) return same(null);
      return {
        stage: "unresolved",
        wait: { queue: "unresolved", wakeAt: now },
        fields: reset({ rule: null, reason: decision.reason }),
        event: draft("scheduled", now, WHO, decision.reason, { stage: "unresolved", rule: "" }),
      };
    case "unresolved":
    case "held":
      return same({ queue: stage, wakeAt: now });
    case "restoring":
      return same({ queue: "restore", wakeAt: afterClaim(image, periods, now) });
    // A compose is known before an image gets here, or it is over.
    case "public":
    case "private":
    case "deleting":
    case "deleted":
    case "gone":
      return null;
  }
}
