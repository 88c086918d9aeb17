import { ClaimLost } from "./claim.ts";
import { safeNow } from "../safety.ts";
import { restoreSnapshots, sharersOf } from "./sharing.ts";
import type { Image, TakenAway } from "../../domain/image/image.ts";
import { draft, reset, type Change, type Periods } from "../../domain/image/lifecycle.ts";
import type { Plan } from "../../domain/plan/plan.ts";
import { COMPOSE_TAG, IMAGE_TAG, INTENT_TAG, PRIVATE_AT_TAG, wasOpen } from "../../domain/plan/tags.ts";
import { ceilSecond, formatInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";
import type { Clock, Images, MayCall, Schedule } from "../../ports/index.ts";

const READ_BACKS = 6;
const MOST_NAMED = 3;

/** Who makes images private. */
interface Taker {
  readonly images: Images;
  readonly schedule: Pick<Schedule, "now" | "recordTakenAway" | "get">;
  readonly clock: Clock;
}

/**
 * Makes an image and its snapshots private: tags first, so that no crash leaves an image private and unknown; records what is
 * taken before it is taken; reads back; tags that it is done. Every step may be repeated. A snapshot on which another image
 * stands that is not private itself is not touched: it is closed with the last of them. Throws `UpstreamError`, `RefusedError`,
 * `ClaimLost`.
 */
export async function makePrivate(
  image: Image,
  { seen, takeAway, usedBy }: Plan & { do: "make-private" },
  mayCall: MayCall,
  taker: Taker & { readonly periods: Pick<Periods, "afterHoldMs"> },
): Promise<Change> {
  const { region, amiId } = image;
  const { images, schedule, periods } = taker;
  let ours = await ownOf(image, seen.snapshotIds, taker);
  const spared = seen.snapshotIds.filter((id) => !ours.includes(id));
  await restoreSnapshots(image, spared, mayCall, images);
  let taken = await take(image, ours, takeAway, mayCall, taker);
  // Who made the other image on a snapshot private meanwhile has spared it for this one: whoever looks last sees both.
  const left = await ownOf(image, spared, taker);
  if (left.length > 0) {
    ours = [...ours, ...left];
    taken = await take(image, ours, takeAway, mayCall, taker);
  }
  const madePrivateAt = ceilSecond(await safeNow({ schedule }));
  const tags = { [PRIVATE_AT_TAG]: formatInstant(madePrivateAt) };
  await images.tag(region, [amiId, ...ours], tags, mayCall);
  return {
    stage: "private",
    wait: null,
    fields: reset({
      // Those that nothing is taken from for this image are known by no tag of it, should it vanish.
      snapshotIds: seen.snapshotIds.filter((id) => !taken.snapshots.includes(id)),
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
      ...(usedBy !== undefined && { used_by: String(usedBy) }),
    }),
  };
}

/** Those of the snapshots that no other image needs as open as they are. */
async function ownOf(
  image: Image,
  snapshotIds: readonly string[],
  { images, schedule }: Pick<Taker, "images" | "schedule">,
): Promise<readonly string[]> {
  const sharers = await sharersOf(image, snapshotIds, { images, schedule });
  return snapshotIds.filter((id) => sharers.get(id)?.some(({ needsOpen }) => needsOpen) !== true);
}

/** Tags, records, takes, and reads back. Resolves to what is on record as taken. */
async function take(
  image: Image,
  snapshotIds: readonly string[],
  takeAway: TakenAway,
  mayCall: MayCall,
  { images, schedule, clock }: Taker,
): Promise<TakenAway> {
  const { region, amiId } = image;
  const seen = await images.snapshots(region, snapshotIds);
  const marked = new Map(seen.map(({ snapshotId, tags }) => [snapshotId, tags]));
  const isTaken = (id: string): boolean => takeAway.snapshots.includes(id) || wasOpen(marked.get(id) ?? {});
  const taking = { image: takeAway.image, snapshots: snapshotIds.filter(isTaken) };
  for (const [ids, tags] of intentTags(image, snapshotIds, marked, taking, clock.now()))
    await images.tag(region, ids, tags, mayCall);
  const taken = await schedule.recordTakenAway(image, taking);
  if (taken === null) throw new ClaimLost();
  if (taken.image) await images.closeImage(region, amiId, mayCall);
  for (const snapshotId of taking.snapshots) await images.closeSnapshot(region, snapshotId, mayCall);
  await readBack(image, snapshotIds, { images, clock });
  return taken;
}

/**
 * The intent, per resource, with a word on what was there to take, and the names that a lost memory is rebuilt from. It is
 * written once: what another image wrote on a snapshot stands, unless it says that there was nothing to take, and now there is.
 */
function intentTags(
  { amiId, composeId }: Pick<Image, "amiId" | "composeId">,
  snapshotIds: readonly string[],
  marked: ReadonlyMap<string, Readonly<Record<string, string>>>,
  taking: TakenAway,
  now: Instant,
): readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] {
  const at = formatInstant(ceilSecond(now));
  const isTaken = (id: string): boolean => taking.snapshots.includes(id);
  const isUnmarked = (id: string): boolean => marked.get(id)?.[INTENT_TAG] === undefined;
  const tagsOf = (hadAll: boolean): Readonly<Record<string, string>> => ({
    [INTENT_TAG]: `${at} ${hadAll ? "all" : "nothing"}`,
    [IMAGE_TAG]: amiId,
    [COMPOSE_TAG]: composeId,
  });
  const groups = [
    // Snapshots before their image: the image's own tag is what says that all of them carry theirs.
    [snapshotIds.filter((id) => isTaken(id) && !wasOpen(marked.get(id) ?? {})), tagsOf(true)],
    [snapshotIds.filter((id) => !isTaken(id) && isUnmarked(id)), tagsOf(false)],
    [[amiId], tagsOf(taking.image)],
  ] as const;
  return groups.filter(([ids]) => ids.length > 0);
}

/** DescribeImages is eventually consistent: what was changed is believed only when it was read. */
async function readBack(
  image: Image,
  snapshotIds: readonly string[],
  {
    images,
    clock,
  }: { readonly images: Pick<Images, "look" | "publicSnapshots">; readonly clock: Pick<Clock, "sleep"> },
): Promise<void> {
  let stillOpen: readonly string[] = [];
  for (let reading = 0; reading < READ_BACKS; reading += 1) {
    const [now, open] = await Promise.all([
      images.look(image.region, [image.amiId]),
      images.publicSnapshots(image.region, snapshotIds),
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
