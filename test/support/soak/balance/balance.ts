import type { ImageRecord, SnapshotRecord } from "../../../../src/demo/outside/ec2/state/records.ts";
import { DAY_MS, formatInstant, type Instant } from "../../../../src/domain/time.ts";
import { toldIn, type Told } from "./page.ts";
import type { Published } from "../press.ts";
import { PROJECT } from "../doubles.ts";
import type { Stage } from "../stage.ts";
import type { Lived } from "../year.ts";

/** Private five days after the announcement, deleted ten days after the notice; after a hold three days after another one. */
const PRIVATE_AFTER_MS = 5 * DAY_MS;
const DELETE_AFTER_MS = 10 * DAY_MS;
const AFTER_HOLD_MS = 3 * DAY_MS;

/** What became of all that was published, by the publisher's book, EC2's journal and the forge's page alone. */
export interface Balance {
  readonly published: number;
  /** Deleted, with every snapshot. */
  readonly acted: number;
  /** As on their first day: those that must stay, and those that a release brought back. */
  readonly kept: number;
  /** Younger than what they have to wait for, or held by a person. */
  readonly waiting: number;
  readonly held: number;
  readonly snapshots: number;
  readonly deletedSnapshots: number;
  /** Every way in which what happened differs from what had to happen, a sentence each. */
  readonly wrong: Readonly<Record<Wrong, readonly string[]>>;
}

export const WRONGS = ["lost", "overdue", "orphaned", "early", "touched", "twice", "untold", "told twice"] as const;
export type Wrong = (typeof WRONGS)[number];

/** What EC2's journal says of an image: when it was closed each time after it was open, opened, and deregistered. */
interface Deeds {
  readonly closed: Instant[];
  readonly opened: Instant[];
  readonly deregistered: Instant[];
  readonly snapshots: Instant[];
}

/** All that is known of an image from outside. */
interface Case {
  readonly image: Published;
  readonly deeds: Deeds;
  readonly told: readonly Told[];
  readonly standing: ImageRecord | null;
  readonly snapshots: readonly (SnapshotRecord | null)[];
}

/** By so much the outages of a year, and what follows them, may delay a deletion. */
const GRACE_MS = 10 * DAY_MS;

/** Who has seen it: the clock, EC2 and the forge. */
export type Seen = Pick<Stage, "effects" | "remainsOf"> & {
  readonly time: Pick<Stage["time"], "now">;
  readonly forge: Pick<Stage["forge"], "tracker">;
};

export function balanceOf(stage: Seen, lived: Pick<Lived, "images" | "lostAt">): Balance {
  const now = stage.time.now();
  const deeds = deedsIn(stage.effects, lived.images);
  const told = groupBy(toldIn(stage.forge.tracker.issues(PROJECT)), ({ amiId }) => amiId);
  const wrong = Object.fromEntries(WRONGS.map((name) => [name, [] as string[]])) as Record<Wrong, string[]>;
  const counts = { acted: 0, kept: 0, waiting: 0, held: 0, snapshots: 0, deletedSnapshots: 0 };
  for (const image of lived.images) {
    const { amiId, snapshotIds } = image;
    const remains = stage.remainsOf(image);
    const each: Case = {
      image,
      deeds: deeds.get(amiId) ?? { closed: [], opened: [], deregistered: [], snapshots: [] },
      told: told.get(amiId) ?? [],
      standing: remains.image,
      snapshots: remains.snapshots,
    };
    const end = endOf(each, lived.lostAt, now);
    if (end === "lost" || end === "overdue" || end === "orphaned") wrong[end].push(sentence(each));
    else counts[end] += 1;
    counts.snapshots += snapshotIds.length;
    counts.deletedSnapshots += each.snapshots.filter((snapshot) => snapshot === null).length;
    for (const what of wrongOf(each, lived.lostAt)) wrong[what].push(sentence(each));
  }
  return { published: lived.images.length, ...counts, wrong };
}

/** Where an image stands in the balance; what stands nowhere is lost. */
function endOf(
  each: Case,
  lostAt: readonly Instant[],
  now: Instant,
): "acted" | "kept" | "waiting" | "held" | "lost" | "overdue" | "orphaned" {
  const { image, standing, snapshots, deeds } = each;
  const isGone = standing?.state !== "available";
  if (isGone) {
    if (image.compose.fate === "kept" || deeds.deregistered.length === 0) return "lost";
    return snapshots.every((snapshot) => snapshot === null) ? "acted" : "orphaned";
  }
  if (snapshots.includes(null)) return "lost";
  const hold = image.holds.at(-1);
  if (image.compose.fate === "kept") return isAsBefore(each) ? "kept" : "lost";
  if (hold?.to === null) return "held";
  const begun = Math.max(
    image.compose.at + PRIVATE_AFTER_MS,
    hold === undefined ? 0 : hold.to,
    ...lostAt.filter((at) => at > image.compose.at),
    ...image.compose.says.map(({ afterMs }) => image.compose.at + afterMs + PRIVATE_AFTER_MS),
  );
  return now > begun + DELETE_AFTER_MS + GRACE_MS ? "overdue" : "waiting";
}

/** Public, with public snapshots, and nothing of ours on either. */
function isAsBefore({ standing, snapshots }: Case): boolean {
  return [standing, ...snapshots].every(
    (thing) => thing?.permission.isPublic === true && Object.keys(thing.tags).length === 0,
  );
}

function wrongOf(each: Case, lostAt: readonly Instant[]): readonly Wrong[] {
  const { image, deeds, told } = each;
  const { compose, holds } = image;
  const found = new Set<Wrong>();
  const on = (section: string): readonly Told[] => told.filter((one) => one.section === section);
  const [gone] = deeds.deregistered;
  const closed = deeds.closed.filter((at) => gone === undefined || at <= gone);
  if (closed.some((at) => at < compose.at + PRIVATE_AFTER_MS)) found.add("early");
  const notice = on("Made private").findLast(({ at }) => gone !== undefined && at <= gone);
  if (gone !== undefined && (notice === undefined || !isOldEnough(each, gone))) found.add("early");
  if (holds.some(({ from, to }) => gone !== undefined && from <= gone && gone < (to ?? Infinity) + AFTER_HOLD_MS))
    found.add("touched");
  const isKept = compose.fate === "kept" && compose.releasedAfterMs === null;
  if (isKept && closed.length + deeds.deregistered.length > 0) found.add("touched");
  if (deeds.deregistered.length > 1 || deeds.snapshots.length > image.snapshotIds.length) found.add("twice");
  if (closed.length > 1 + deeds.opened.length) found.add("twice");
  // What is private when Redis forgets it is told once more, and its days begin anew.
  const forgotten = lostAt.filter((at) => closed.some((when) => when < at) && (gone ?? Infinity) > at).length;
  const notices = on("Made private").length;
  if (notices > closed.length + forgotten || on("Deleted").length > deeds.deregistered.length) found.add("told twice");
  if (notices < closed.length || on("Deleted").length < deeds.deregistered.length) found.add("untold");
  if (on("Gone by another hand").length > 0) found.add("told twice");
  return [...found];
}

/** Ten days after the first word since it was closed last. */
function isOldEnough({ deeds, told }: Case, gone: Instant): boolean {
  const closed = deeds.closed.findLast((at) => at <= gone) ?? Infinity;
  const word = told.find(({ section, at }) => section === "Made private" && at >= Math.floor(closed / 1000) * 1000);
  return word !== undefined && gone >= word.at + DELETE_AFTER_MS;
}

function deedsIn(effects: Seen["effects"], images: readonly Published[]): ReadonlyMap<string, Deeds> {
  const ofSnapshot = new Map(images.flatMap(({ amiId, snapshotIds }) => snapshotIds.map((id) => [id, amiId])));
  const found = new Map<string, Deeds>();
  const of = (amiId: string): Deeds => {
    const known = found.get(amiId) ?? { closed: [], opened: [], deregistered: [], snapshots: [] };
    found.set(amiId, known);
    return known;
  };
  for (const { effect, at } of effects)
    if (effect?.kind === "image-permission") of(effect.imageId)[effect.isPublic ? "opened" : "closed"].push(at);
    else if (effect?.kind === "image-deregistered") of(effect.imageId).deregistered.push(at);
    else if (effect?.kind === "snapshot-deleted") of(ofSnapshot.get(effect.snapshotId) ?? "").snapshots.push(at);
  return found;
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

function sentence({ image, deeds, told, standing }: Case): string {
  const { region, amiId, compose, holds } = image;
  const times = (name: string, all: readonly Instant[]): string =>
    all.length === 0 ? "" : `, ${name} ${all.map(formatInstant).join(" ")}`;
  const words = told.map(({ section, at }) => `${section} ${formatInstant(at)}`).join(", ");
  const held = holds.map(({ from, to }) => `${formatInstant(from)} to ${to === null ? "the end" : formatInstant(to)}`);
  return (
    `${region} ${amiId} of ${compose.id} (${compose.fate}) of ${formatInstant(compose.at)}: ${standing?.state ?? "not there"}` +
    times("closed", deeds.closed) +
    times("opened", deeds.opened) +
    times("deregistered", deeds.deregistered) +
    `, told: ${words}; held: ${held.join(", ")}`
  );
}
