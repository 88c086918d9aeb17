import { isKeySafeComposeId, type Parsed } from "../compose/compose.ts";
import { untilText, type Hold } from "../hold.ts";
import type { EventDraft } from "../image/event.ts";
import { held } from "../image/holding.ts";
import type { HeldFrom, Stage, TakenAway } from "../image/image.ts";
import { draft, keep, type Entry, type Periods } from "../image/lifecycle.ts";
import type { Upload } from "../image/upload.ts";
import type { Seen } from "./look.ts";
import { likeliestCompose, nameMismatch } from "./name.ts";
import { holdByTag, COMPOSE_TAG, HOLD_TAG, INTENT_TAG, OLD_TAG, PRIVATE_AT_TAG, takenByTags } from "./tags.ts";
import { ceilSecond, parseInstant, type Instant } from "../time.ts";
import { quote } from "../words.ts";

/** An image that EC2 shows with our tags, or the old script's, and that nobody remembers. */
export interface Found {
  readonly region: string;
  readonly seen: Seen;
  /** The tags of its snapshots, of those that carry our tag with its id. */
  readonly snapshotTags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The messages about it in the archive; null: the archive was not asked, or gave no answer. */
  readonly announced: readonly Upload[] | null;
}

/** How an image enters that was found. */
export interface FoundEntry {
  readonly upload: Upload;
  readonly entry: Entry;
}

/** The compose of an image that is kept because nobody knows it: no compose id, so that no fact ever makes it deletable. */
export const UNKNOWN_COMPOSE = "unknown";
const WHO = "reconcile";
const FOUND = "its record was lost, and is made again from its tags in EC2";

/**
 * The compose that the tags of an image and of its snapshots name; a refusal where they contradict each other, and null where
 * none does: the old script named none, and neither does a hold.
 */
export function composeByTags({ seen, snapshotTags }: Pick<Found, "seen" | "snapshotTags">): Parsed<string> | null {
  const named = [seen.tags, ...Object.values(snapshotTags)].flatMap((tags) => tags[COMPOSE_TAG] ?? []);
  const [first, second] = new Set(named);
  if (first === undefined) return null;
  if (second !== undefined)
    return { ok: false, reason: `the tags of it and its snapshots name ${quote(first)} and ${quote(second)}` };
  if (!isKeySafeComposeId(first))
    return { ok: false, reason: `its tag ${COMPOSE_TAG} is ${quote(first)}, no compose id` };
  return { ok: true, value: first };
}

/** The compose for which the archive's messages announced the image, if its name in EC2 agrees with all that they say. */
function composeByMessages(name: string, announced: readonly Upload[]): Parsed<string> {
  const refuse = (reason: string): Parsed<never> => ({ ok: false, reason });
  const [first, second] = new Set(announced.map(({ composeId }) => composeId));
  if (first === undefined) return refuse(`no message of the days after its creation names it${likeness(name)}`);
  if (second !== undefined) return refuse(`messages announced it for ${quote(first)} and for ${quote(second)}`);
  for (const { imageName } of announced) {
    const mismatch = nameMismatch(name, first, imageName);
    if (mismatch !== null) return refuse(`a message announced it for ${first}, but ${mismatch}`);
  }
  return { ok: true, value: first };
}

/** For people: the compose that a name looks like. */
function likeness(name: string): string {
  const compose = likeliestCompose(name);
  return compose === null ? "" : `; by its name it could be of ${compose}`;
}

/**
 * How a found image enters: where its tags say that it stood, and with all of its days anew; null when its compose could be
 * found in the archive, but that was not asked. Every doubt keeps it.
 */
export function entryOfFound(found: Found, periods: Periods, at: Instant): FoundEntry | null {
  const now = ceilSecond(at);
  const { seen, region, announced } = found;
  const compose = composeByTags(found) ?? (announced === null ? null : composeByMessages(seen.name, announced));
  if (compose === null) return null;
  const said = announced?.[0];
  const upload: Upload = {
    region,
    amiId: seen.amiId,
    composeId: compose.ok ? compose.value : UNKNOWN_COMPOSE,
    imageName: seen.name,
    arch: said?.arch ?? null,
    uploadedAt: now,
  };
  if (!compose.ok) return { upload, entry: doubtfulEntry(found, compose.reason, now) };
  return { upload, entry: entryByTags(found, (said?.uploadedAt ?? now) + periods.privateAfterMs, now) };
}

/** What the tags say of an image. */
interface Marks {
  readonly isBegun: boolean;
  readonly wasPrivate: boolean;
  /** When our own tag says that it was read back as private. */
  readonly privateAt: Instant | null;
  readonly isOld: boolean;
}

function marksOf({ seen, snapshotTags }: Found): Marks {
  const isBegun = [seen.tags, ...Object.values(snapshotTags)].some((tags) => tags[INTENT_TAG] !== undefined);
  const isOld = seen.tags[OLD_TAG] !== undefined && !isBegun;
  const tag = seen.tags[PRIVATE_AT_TAG];
  return { isBegun, isOld, privateAt: parseInstant(tag ?? ""), wasPrivate: tag !== undefined || isOld };
}

function entryByTags(found: Found, duePrivateAt: Instant, now: Instant): Entry {
  const { seen } = found;
  const marks = marksOf(found);
  const { isBegun, isOld, privateAt } = marks;
  const from = stageOf(seen, marks);
  const takenAway = isBegun || isOld ? takenByTags(seen, found.snapshotTags) : null;
  const madePrivateAt = from === "private" ? Math.min(privateAt ?? now, now) : null;
  const known = { takenAway, reason: FOUND, madePrivateAt };
  const hold = holdOf(seen, marks, now);
  // The hold is tagged before anything is restored: so a person had asked for it, and it goes on.
  if (hold !== null && seen.isPublic && privateAt !== null && seen.tags[HOLD_TAG] !== undefined)
    return {
      stage: "restoring",
      wait: { queue: "restore", wakeAt: now },
      privateAt: now,
      fields: { ...known, hold, becomes: "held", heldFrom: "public" },
      event: draft("restoring", now, hold.by, hold.why, { until: untilText(hold) }),
    };
  if (hold !== null) {
    const { fields, event, ...change } = held(hold, from);
    const entry = { ...change, fields: { ...fields, ...known }, privateAt: isBegun ? now : duePrivateAt };
    return { ...entry, event: event ?? scheduled("held", now) };
  }
  if (from === "private")
    return { stage: from, wait: null, fields: known, privateAt: now, event: foundAgain(found, takenAway, now) };
  // What was begun is finished; what the old script did needs its compose's facts first.
  const queue = isBegun ? "private" : "unresolved";
  const entry = { stage: from, wait: { queue, wakeAt: now }, fields: known, privateAt: now } as const;
  if (isBegun || isOld) return { ...entry, event: scheduled(from, now) };
  return doubtfulEntry(found, "it carries tags of ours, but none that says what was done to it", now);
}

/** A hold that a tag tells; and what was private, and is public, was restored, or somebody wants it public: held as well. */
function holdOf({ tags, isPublic }: Seen, { wasPrivate }: Marks, now: Instant): Hold | null {
  const tag = tags[HOLD_TAG];
  if (tag !== undefined) return holdByTag(tag, now);
  const why = "found public again after it was private, and its record lost";
  return isPublic && wasPrivate ? { by: WHO, why, since: now, until: null } : null;
}

/** The stage that the tags tell, or that a hold has paused. */
function stageOf({ isPublic }: Seen, { isBegun, privateAt }: Marks): Exclude<HeldFrom, "kept"> {
  if (!isBegun) return "unresolved";
  return privateAt !== null && !isPublic ? "private" : "public";
}

function scheduled(stage: Stage, now: Instant): EventDraft {
  return draft("scheduled", now, WHO, FOUND, { stage, rule: "" });
}

/** Kept for a person, who can have it restored, and held as well where a tag says so. */
function doubtfulEntry(found: Found, doubt: string, now: Instant): Entry {
  const { tags } = found.seen;
  const { isBegun, isOld } = marksOf(found);
  const takenAway = isBegun || isOld ? takenByTags(found.seen, found.snapshotTags) : null;
  const keeping = keep({ rule: "unresolved", reason: `found in EC2 without a record, and ${doubt}` }, now, WHO);
  const kept = { ...keeping, fields: { ...keeping.fields, takenAway } };
  const tag = tags[HOLD_TAG];
  if (tag === undefined) return { ...kept, privateAt: now };
  const change = held(holdByTag(tag, now), "kept");
  return { ...change, fields: { ...kept.fields, ...change.fields }, privateAt: now, event: change.event ?? kept.event };
}

function foundAgain({ seen }: Found, takenAway: TakenAway | null, now: Instant): EventDraft {
  return draft("found-again", now, WHO, FOUND, {
    ec2_name: seen.name,
    gib: String(seen.sizeGiB),
    snapshots: String(seen.snapshotIds.length),
    taken_away: JSON.stringify(takenAway),
  });
}
