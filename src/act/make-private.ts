import { ClaimLost } from "./claim.ts";
import { safeNow } from "./safety.ts";
import type { Image, TakenAway } from "../domain/image/image.ts";
import { draft, reset, type Change, type Periods } from "../domain/image/lifecycle.ts";
import type { Seen } from "../domain/plan/look.ts";
import type { Plan } from "../domain/plan/plan.ts";
import { COMPOSE_TAG, IMAGE_TAG, INTENT_TAG, PRIVATE_AT_TAG } from "../domain/plan/tags.ts";
import { ceilSecond, formatInstant, SECOND_MS, type Instant } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Clock, Images, MayCall, Schedule } from "../ports/index.ts";

const READ_BACKS = 6;
const MOST_NAMED = 3;

/**
 * Makes an image and its snapshots private: tags first, so that no crash leaves an image private and unknown; records what is
 * taken before it is taken; reads back; tags that it is done. Every step may be repeated. Throws `UpstreamError`,
 * `RefusedError`, `ClaimLost`.
 */
export async function makePrivate(
  image: Image,
  { seen, takeAway }: Plan & { do: "make-private" },
  mayCall: MayCall,
  {
    images,
    schedule,
    clock,
    periods,
  }: {
    readonly images: Images;
    readonly schedule: Pick<Schedule, "now" | "recordTakenAway">;
    readonly clock: Clock;
    readonly periods: Pick<Periods, "afterHoldMs">;
  },
): Promise<Change> {
  const { region, amiId } = image;
  for (const [ids, tags] of intentTags(image, seen, takeAway, clock.now()))
    await images.tag(region, ids, tags, mayCall);
  const taken = await schedule.recordTakenAway(image, takeAway);
  if (taken === null) throw new ClaimLost();
  if (taken.image) await images.closeImage(region, amiId, mayCall);
  for (const snapshotId of taken.snapshots) await images.closeSnapshot(region, snapshotId, mayCall);
  await readBack(image, seen, { images, clock });
  const madePrivateAt = ceilSecond(await safeNow({ schedule }));
  const tags = { [PRIVATE_AT_TAG]: formatInstant(madePrivateAt) };
  await images.tag(region, [amiId, ...seen.snapshotIds], tags, mayCall);
  return {
    stage: "private",
    wait: null,
    fields: reset({
      madePrivateAt,
      noticedAt: null,
      deleteAt: null,
      releasedAt: null,
      earliestDeleteAt: image.releasedAt === null ? null : image.releasedAt + periods.afterHoldMs,
    }),
    event: draft("made-private", madePrivateAt, "ticker", image.reason === "" ? "due" : image.reason, {
      ec2_name: seen.name,
      arch: image.arch ?? "",
      gib: String(seen.sizeGiB),
      snapshots: String(seen.snapshotIds.length),
      taken_away: JSON.stringify(taken),
    }),
  };
}

/** The intent, per resource, with a word on what was there to take, and the names that a lost memory is rebuilt from. */
function intentTags(
  image: Image,
  seen: Seen,
  takeAway: TakenAway,
  now: Instant,
): readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] {
  const at = formatInstant(ceilSecond(now));
  const isTaken = (id: string): boolean => takeAway.snapshots.includes(id);
  const tagsOf = (hadAll: boolean): Readonly<Record<string, string>> => ({
    [INTENT_TAG]: `${at} ${hadAll ? "all" : "nothing"}`,
    [IMAGE_TAG]: seen.amiId,
    [COMPOSE_TAG]: image.composeId,
  });
  const groups = [
    // Snapshots before their image: the image's own tag is what says that all of them carry theirs.
    [seen.snapshotIds.filter(isTaken), tagsOf(true)],
    [seen.snapshotIds.filter((id) => !isTaken(id)), tagsOf(false)],
    [[seen.amiId], tagsOf(takeAway.image)],
  ] as const;
  return groups.filter(([ids]) => ids.length > 0);
}

/** DescribeImages is eventually consistent: what was changed is believed only when it was read. */
async function readBack(
  image: Image,
  seen: Seen,
  {
    images,
    clock,
  }: { readonly images: Pick<Images, "look" | "publicSnapshots">; readonly clock: Pick<Clock, "sleep"> },
): Promise<void> {
  let stillOpen: readonly string[] = [];
  for (let reading = 0; reading < READ_BACKS; reading += 1) {
    const [now, open] = await Promise.all([
      images.look(image.region, [image.amiId]),
      images.publicSnapshots(image.region, seen.snapshotIds),
    ]);
    stillOpen = [...(now.get(image.amiId)?.isPublic === false ? [] : ["the image"]), ...open];
    if (stillOpen.length === 0) return;
    await clock.sleep(SECOND_MS / 4 + reading * SECOND_MS);
  }
  throw new UpstreamError(
    "ec2",
    "not-private-yet",
    `${image.region} ${image.amiId}: still reads as public after it was made private: ${named(stillOpen)}`,
  );
}

/** The first few by name; an image has as many snapshots as block devices. */
function named(resources: readonly string[]): string {
  const [shown, more] = [resources.slice(0, MOST_NAMED), resources.length - MOST_NAMED];
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
