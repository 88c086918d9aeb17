import { safeNow } from "../act/safety.ts";
import { changeImage } from "../decide/change.ts";
import { classify, type Policy } from "../domain/compose/classify.ts";
import { holdOfCompose } from "../domain/image/holding.ts";
import { redecide, type Periods } from "../domain/image/lifecycle.ts";
import { unrecorded } from "../domain/plan/differences.ts";
import { composeByTags, entryOfFound, type Found, type FoundEntry } from "../domain/plan/found.ts";
import type { Seen } from "../domain/plan/look.ts";
import { announcementsOf, type Announcements } from "./announcements.ts";
import type { Archive, Facts, Log, Schedule } from "../ports/index.ts";
import { orTell, type Tell } from "./told.ts";

/** Who gives images without a record one. */
export interface Enterer {
  readonly schedule: Schedule;
  readonly facts: Facts;
  /** Null: nobody can be asked for the composes of images that carry no tag with it. */
  readonly archive: Archive | null;
  readonly environments: readonly string[];
  readonly periods: Periods;
  readonly policy: Policy;
  readonly log: Log;
  /** Whether found images get a record; otherwise nothing is written anywhere. */
  readonly isApplied: boolean;
}

/** An image of EC2 without a record, before the archive was asked about it. */
export type Lost = Omit<Found, "announced">;

/** Gives images of a region without a record one, or tells what it would be. Throws `UpstreamError`. */
export async function enter(
  region: string,
  lost: readonly Lost[],
  { archive, environments, ...enterer }: Enterer,
  tell: Tell,
): Promise<void> {
  const { schedule, periods, isApplied } = enterer;
  const nameless = lost.filter((found) => composeByTags(found) === null).map(({ seen }) => seen);
  const announcements =
    archive === null || nameless.length === 0
      ? null
      : await askArchive(region, nameless, { archive, environments }, tell);
  for (const found of lost) {
    const { amiId } = found.seen;
    const at = await safeNow({ schedule });
    const entry = entryOfFound({ ...found, announced: announcements?.get(amiId) ?? null }, periods, at);
    const difference = unrecorded(region, amiId, entry);
    if (entry === null || !isApplied) await tell({ ...difference, isMended: false });
    else if (await adopt(entry, enterer)) await tell({ ...difference, isMended: true });
  }
}

async function askArchive(
  region: string,
  images: readonly Seen[],
  asked: { readonly archive: Archive; readonly environments: readonly string[] },
  tell: Tell,
): Promise<Announcements | null> {
  let found: Announcements | null = null;
  await orTell(
    region,
    async () => {
      found = await announcementsOf(region, images, asked);
    },
    tell,
  );
  return found;
}

/** False when a record has appeared meanwhile. Facts may be there already, and whoever writes second must see the first. */
async function adopt(
  { upload, entry }: FoundEntry,
  { schedule, facts, periods, policy, log }: Pick<Enterer, "schedule" | "facts" | "periods" | "policy" | "log">,
): Promise<boolean> {
  const { region, amiId, composeId } = upload;
  if (!(await schedule.adopt(upload, entry))) return false;
  log.info({ region, ami: amiId, compose: composeId, stage: entry.stage }, "image entered again");
  // What is kept for a person has no compose that facts could be of.
  if (entry.fields.rule === "unresolved") return true;
  const [[known], image] = await Promise.all([facts.recall([composeId]), schedule.get(region, amiId)]);
  if (known === undefined || image === null) return true;
  const decision = classify(known, policy);
  await changeImage(image, (current, now) => redecide(current, decision, periods, now, "reconcile"), { schedule });
  await changeImage(image, (current, now) => holdOfCompose(current, known.hold, now), { schedule });
  return true;
}
