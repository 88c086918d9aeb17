import { type IngestParts, changeImage } from "./change.ts";
import { classify } from "../domain/compose/classify.ts";
import type { Hold } from "../domain/hold.ts";
import { holdOfCompose } from "../domain/image/holding.ts";
import type { Image } from "../domain/image/image.ts";
import { afterClaim, isTouched, keep, redecide, restoreAndKeep, type Change } from "../domain/image/lifecycle.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Instant } from "../domain/time.ts";

/**
 * A fact and a schedule live in different slots, so no script covers both: whoever writes second must see the first. So the
 * facts are read again after the image is written; a fact does the reverse. Resolves to "known", or a new image's rule.
 */
export async function ingestUpload(upload: Upload, parts: IngestParts): Promise<string> {
  const { schedule, facts } = parts;
  const decide = async (): Promise<{ decision: ReturnType<typeof classify>; hold: Hold | null }> => {
    const [known] = await facts.recall([upload.composeId]);
    if (known === undefined) throw new Error(`no facts came back for ${upload.composeId}`);
    return { decision: classify(known, parts.policy), hold: known.hold };
  };
  const { decision: before } = await decide();
  const standing = await schedule.add(upload, before, "ingest");
  if (standing !== "new" && standing.composeId !== upload.composeId) {
    await changeImage(standing, (image, now) => conflictOf(image, upload, parts, now), parts);
    return "known";
  }
  const { decision, hold } = await decide();
  const rule = decision.kind === "unresolved" ? "unresolved" : decision.rule;
  if (standing === "new" && decision.kind === before.kind && hold === null) return rule;
  const image = standing === "new" ? await schedule.get(upload.region, upload.amiId) : standing;
  if (image !== null) {
    await changeImage(image, (current, now) => redecide(current, decision, parts.periods, now, "ingest"), parts);
    if (hold !== null) await changeImage(image, (current, now) => holdOfCompose(current, hold, now), parts);
  }
  return standing === "new" ? rule : "known";
}

/** Two messages name two composes for one AMI: nobody knows which is true, so it is kept for a person. */
function conflictOf(image: Image, upload: Upload, parts: IngestParts, now: Instant): Change | null {
  if (image.rule === "conflict") return null;
  const reason = `announced for compose ${image.composeId}, and again for ${upload.composeId}`;
  const decision = { rule: "conflict", reason } as const;
  switch (image.stage) {
    case "unresolved":
    case "public":
    case "private":
    case "held":
    case "restoring":
    case "kept":
      return isTouched(image)
        ? restoreAndKeep(image, decision, parts.periods, now, "ingest")
        : keep(decision, now, "ingest");
    case "deleting":
      // Its ticker looks whether it still stands, and then gives it back.
      return {
        ...{ stage: "deleting", wait: { queue: "delete", wakeAt: afterClaim(image, parts.periods, now) } },
        ...{ fields: { rule: "conflict", reason, attempts: 0 }, event: null },
      };
    case "deleted":
    case "gone":
      return null;
  }
}
