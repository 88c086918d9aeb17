import { type Decider, changeImage } from "./change.ts";
import { wordNow } from "./word.ts";
import type { Decision } from "../domain/compose/classify.ts";
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
import { identified, isUnknown } from "../domain/plan/identify.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Instant } from "../domain/time.ts";

/**
 * A fact and a schedule live in different slots, so no script covers both: whoever writes second must see the first. So the
 * facts are read again after the image is written; a fact does the reverse. Resolves to "known", or a new image's rule.
 */
export async function ingestUpload(upload: Upload, { schedule, facts, periods, policy }: Decider): Promise<string> {
  const { decision: before } = await wordNow(upload.composeId, { facts, policy });
  const standing = await schedule.add(upload, before, "ingest");
  const known =
    standing !== "new" && isUnknown(standing) && !isUnknown(upload)
      ? await identify(standing, upload, before, { schedule, periods })
      : standing;
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

/** An image that was found, and whose compose nobody knew, is one of the compose that names it. Resolves to it as it stands. */
async function identify(
  image: Image,
  upload: Upload,
  decision: Decision,
  { schedule, periods }: Pick<Decider, "schedule" | "periods">,
): Promise<Image> {
  const change = (current: Image, now: Instant): Change | null =>
    isUnknown(current) ? identified(current, upload, decision, periods, now) : null;
  await changeImage(image, change, {
    schedule: {
      now: () => schedule.now(),
      get: (region, amiId) => schedule.get(region, amiId),
      change: (current, wanted) => schedule.identify(current, upload, wanted),
    },
  });
  return (await schedule.get(image.region, image.amiId)) ?? image;
}

/** Two messages name two composes for one AMI: nobody knows which is true, so it is kept for a person. */
function conflictOf(image: Image, { composeId }: Upload, periods: Periods, now: Instant): Change | null {
  // Of a compose that nobody knows, nothing is contradicted.
  if (image.rule === "conflict" || isUnknown(image)) return null;
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
