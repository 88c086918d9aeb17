import { type Decider, changeImage } from "./change.ts";
import { wordNow, wordsNow, type Word } from "./word.ts";
import type { Decision } from "../domain/compose/classify.ts";
import { holdOfCompose } from "../domain/image/holding.ts";
import type { Image } from "../domain/image/image.ts";
import {
  isTouched,
  keep,
  redecide,
  restoreAndKeep,
  saveIfThere,
  type Change,
  type Periods,
} from "../domain/image/lifecycle.ts";
import { identified, isUnknown } from "../domain/plan/identify.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Instant } from "../domain/time.ts";
import { isForeign, unreadableCompose } from "../errors.ts";
import type { Announced } from "../ports/index.ts";

/** What became of an upload: "known", or a new image's rule; an error when something in Redis cannot be read. */
export type Fate = string | Error;

/**
 * Decides on uploads together, each by itself. A fact and a schedule live in different slots, so no script covers both: whoever
 * writes second must see the first. So the facts are read again after the images are written; a fact does the reverse. Throws
 * `UpstreamError`: all are to be put through again.
 */
export async function ingestUploads(uploads: readonly Upload[], decider: Decider): Promise<readonly Fate[]> {
  if (uploads.length === 0) return [];
  const { schedule } = decider;
  const fates = new Array<Fate>(uploads.length);
  const before = await wordsNow(uploads, decider);
  const decided: (Announced & { readonly place: number })[] = [];
  for (const [place, upload] of uploads.entries()) {
    const word = before.get(upload.composeId);
    if (word === undefined) fates[place] = unreadableCompose(upload.composeId);
    else decided.push({ place, upload, decision: word.decision });
  }
  const standing = await schedule.addAll(decided, "ingest");
  const after = await wordsNow(uploads, decider);
  const followed: Promise<void>[] = [];
  for (const [index, { place, upload, decision }] of decided.entries()) {
    const now = after.get(upload.composeId);
    const image = standing[index] ?? "new";
    if (image instanceof Error) fates[place] = image;
    else if (now === undefined) fates[place] = unreadableCompose(upload.composeId);
    else if (image === "new" && now.hold === null && now.decision.kind === decision.kind) fates[place] = ruleOf(now);
    else
      followed.push(
        orForeign(() => follow(upload, image, decision, now, decider)).then((fate) => {
          fates[place] = fate;
        }),
      );
  }
  await Promise.all(followed);
  return fates;
}

async function orForeign(work: () => Promise<string>): Promise<Fate> {
  try {
    return await work();
  } catch (error) {
    if (isForeign(error)) return error;
    throw error;
  }
}

function ruleOf({ decision }: Pick<Word, "decision">): string {
  return decision.kind === "unresolved" ? "unresolved" : decision.rule;
}

/** What an upload means for an image that was known, or whose compose was spoken of in between. */
async function follow(
  upload: Upload,
  standing: "new" | Image,
  before: Decision,
  word: Word,
  decider: Decider,
): Promise<string> {
  const { schedule, periods } = decider;
  const isIdentified = standing !== "new" && isUnknown(standing) && !isUnknown(upload);
  const known = isIdentified ? await identify(standing, upload, before, decider) : standing;
  // Until then it was none of this compose, and whoever learnt of the compose has passed it over.
  const { decision, hold } = isIdentified ? await wordNow(upload.composeId, decider) : word;
  if (known !== "new" && known.composeId !== upload.composeId) {
    await changeImage(known, (image, now) => conflictOf(image, upload, periods, now), { schedule });
    return "known";
  }
  const image = known === "new" ? await schedule.get(upload.region, upload.amiId) : known;
  if (image !== null) {
    await changeImage(image, (current, now) => redecide(current, decision, periods, now, "ingest"), { schedule });
    if (hold !== null) await changeImage(image, (current, now) => holdOfCompose(current, hold, now), { schedule });
  }
  return known === "new" ? ruleOf({ decision }) : "known";
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
      return saveIfThere(image, decision, periods, now);
    case "deleted":
    case "gone":
      return null;
  }
}
