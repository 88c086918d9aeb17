import { type Decider, changeImage } from "./change.ts";
import { wordNow } from "./word.ts";
import { holdOfCompose } from "../domain/image/holding.ts";
import type { Image } from "../domain/image/image.ts";
import {
  afterClaim,
  isTouched,
  keep,
  redecide,
  restoreAndKeep,
  type Change,
  type Periods,
} from "../domain/image/lifecycle.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Instant } from "../domain/time.ts";

/**
 * A fact and a schedule live in different slots, so no script covers both: whoever writes second must see the first. So the
 * facts are read again after the image is written; a fact does the reverse. Resolves to "known", or a new image's rule.
 */
export async function ingestUpload(upload: Upload, { schedule, facts, periods, policy }: Decider): Promise<string> {
  const { decision: before } = await wordNow(upload.composeId, { facts, policy });
  const known = await schedule.add(upload, before, "ingest");
  if (known !== "new" && known.composeId !== upload.composeId) {
    await changeImage(known, (image, now) => conflictOf(image, upload, periods, now), { schedule });
    return "known";
  }
  const { decision, hold } = await wordNow(upload.composeId, { facts, policy });
  const rule = decision.kind === "unresolved" ? "unresolved" : decision.rule;
  if (known === "new" && decision.kind === before.kind && hold === null) return rule;
  const image = known === "new" ? await schedule.get(upload.region, upload.amiId) : known;
  if (image !== null) {
    await changeImage(image, (current, now) => redecide(current, decision, periods, now, "ingest"), { schedule });
    if (hold !== null) await changeImage(image, (current, now) => holdOfCompose(current, hold, now), { schedule });
  }
  return known === "new" ? rule : "known";
}

/** Two messages name two composes for one AMI: nobody knows which is true, so it is kept for a person. */
function conflictOf(image: Image, { composeId }: Upload, periods: Periods, now: Instant): Change | null {
  if (image.rule === "conflict") return null;
  const reason = `announced for compose ${image.composeId}, and again for ${composeId}`;
  const decision = { rule: "conflict", reason } as const;
  switch (image.stage) {
    case "unresolved":
    case "public":
    case "private":
    case "held":
    case "restoring":
    case "kept":
      return isTouched(image) ? restoreAndKeep(image, decision, periods, now, "ingest") : keep(decision, now, "ingest");
    case "deleting":
      // Its ticker looks whether it is still there, and then restores it.
      return {
        stage: "deleting",
        wait: { queue: "delete", wakeAt: afterClaim(image, periods, now) },
        fields: { rule: "conflict", reason, attempts: 0 },
        event: null,
      };
    case "deleted":
    case "gone":
      return null;
  }
}
