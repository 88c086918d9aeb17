import { UnreadableRecord } from "../strange.ts";
import { plainReason, type Rule } from "../../../domain/compose/classify.ts";
import { parseComposeId } from "../../../domain/compose/compose.ts";
import type { Hold } from "../../../domain/hold.ts";
import type { EventDraft, EventKind, ImageEvent } from "../../../domain/image/event.ts";
import { STAGES, type HeldFrom, type Image, type Stage, type TakenAway } from "../../../domain/image/image.ts";
import type { Change } from "../../../domain/image/lifecycle.ts";
import { orderOf } from "../../../domain/image/stream.ts";
import type { Upload } from "../../../domain/image/upload.ts";
import { jsonOf, textsOf } from "../../../domain/json.ts";
import { formatInstant, isDate, parseInstant, SECOND_MS, toScore, type Instant } from "../../../domain/time.ts";

type Hash = Readonly<Record<string, string>>;

/** Pairs of a flat `field, value, …` answer. */
export function pairsOf(flat: readonly string[]): Hash {
  const pairs: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) pairs[flat[index] ?? ""] = flat[index + 1] ?? "";
  return pairs;
}

/** An image from its hash; null when there is none. Throws `UnreadableRecord` when the hash is not ours to understand. */
export function readImage(region: string, amiId: string, hash: Hash): Image | null {
  if (Object.keys(hash).length === 0) return null;
  const unreadable = (field: string): UnreadableRecord =>
    new UnreadableRecord(`${region} ${amiId}: its ${field} cannot be read: ${JSON.stringify(hash[field] ?? "")}`);
  const stage = STAGES.find((name) => name === hash["stage"]);
  if (stage === undefined) throw unreadable("stage");
  const instant = (field: string): Instant | null => {
    const text = hash[field] ?? "";
    const at = parseInstant(text);
    if (at === null && text !== "") throw unreadable(field);
    return at;
  };
  const count = (field: string): number => {
    const text = hash[field] ?? "0";
    if (!/^\d{1,15}$/.test(text)) throw unreadable(field);
    return Number(text);
  };
  const [uploadedAt, privateAt] = [instant("uploaded_at"), instant("private_at")];
  if (uploadedAt === null) throw unreadable("uploaded_at");
  if (privateAt === null) throw unreadable("private_at");
  const takenAway = readTakenAway(hash["taken_away"]);
  if (takenAway === "unreadable") throw unreadable("taken_away");
  const snapshotIds = hash["snapshot_ids"] ? jsonOf(hash["snapshot_ids"]) : [];
  if (!isTexts(snapshotIds)) throw unreadable("snapshot_ids");
  const rule = (hash["rule"] || null) as Rule | null;
  return {
    region,
    amiId,
    composeId: hash["compose_id"] ?? "",
    imageName: hash["image_name"] || null,
    arch: hash["arch"] || null,
    stage,
    rule,
    reason: hash["reason"] || plainReason(rule),
    uploadedAt,
    privateAt,
    takenAway,
    madePrivateAt: instant("made_private_at"),
    noticedAt: instant("noticed_at"),
    deleteAt: instant("delete_at"),
    earliestDeleteAt: instant("earliest_delete_at"),
    promisedAt: instant("promised_at"),
    releasedAt: instant("released_at"),
    snapshotIds,
    snapshotResults: readResults(stage, snapshotIds, hash["snapshot_results"]),
    becomes: hash["becomes"] === "held" || hash["becomes"] === "kept" ? hash["becomes"] : null,
    hold: readHold(hash),
    heldFrom: HELD_FROM.find((name) => name === hash["held_from"]) ?? null,
    wish: hash["wish"] === "hold" || hash["wish"] === "restore" ? hash["wish"] : null,
    attempts: count("attempts"),
    lastError: hash["last_error"] ?? "",
    missedLooks: count("missed_looks"),
    missedSince: instant("missed_since"),
    missedAt: instant("missed_at"),
    token: hash["token"] ?? "",
    revision: count("revision"),
  };
}

const HELD_FROM: readonly HeldFrom[] = ["unresolved", "public", "private", "kept"];

/** A hold from the fields `hold_by`, `hold_why`, `hold_since` and `hold_until`; an end that cannot be read is none. */
export function readHold(hash: Hash): Hold | null {
  if (!hash["hold_by"]) return null;
  const instant = (field: string): Instant | null => parseInstant(hash[field] ?? "");
  const since = instant("hold_since") ?? 0;
  return { by: hash["hold_by"], why: hash["hold_why"] ?? "", since, until: instant("hold_until") };
}

/** The fields of a hold; empty ones for none. */
export function writeHold(hold: Hold | null): string[] {
  const until = hold?.until == null ? "" : formatInstant(hold.until);
  const since = hold === null ? "" : formatInstant(hold.since);
  return ["hold_by", hold?.by ?? "", "hold_why", hold?.why ?? "", "hold_since", since, "hold_until", until];
}

/** Null: nothing was taken, or nothing is known of it. */
export function readTakenAway(text: string | undefined): TakenAway | null | "unreadable" {
  if (!text) return null;
  const value = jsonOf(text);
  if (typeof value !== "object" || value === null || !("image" in value) || !("snapshots" in value))
    return "unreadable";
  const { image, snapshots } = value;
  return typeof image === "boolean" && isTexts(snapshots) ? { image, snapshots } : "unreadable";
}

/** Results that cannot be read are none: each snapshot is tried again. With a deleted image only what differs is written. */
function readResults(stage: Stage, snapshotIds: readonly string[], text = ""): Image["snapshotResults"] {
  const deleted = stage === "deleted" ? snapshotIds.map((id) => [id, "deleted"] as const) : [];
  return { ...Object.fromEntries(deleted), ...(text === "" ? {} : textsOf(text)) };
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** The hash fields of what an image is, as `field, value, …`. */
export function writeUpload({ composeId, imageName, arch, uploadedAt }: Upload): string[] {
  const words = ["compose_id", composeId, "image_name", imageName ?? "", "arch", arch ?? ""];
  return [...words, "uploaded_at", formatInstant(uploadedAt)];
}

/**
 * The hash fields of a change, as `field, value, …`; an empty value means that the field goes. What a reader takes for granted is
 * not written: nothing, zero, and the reason that the rule gives for every compose alike. What was taken from an image that is
 * deleted stands in its events.
 */
export function writeFields(change: Pick<Change, "stage" | "fields">): string[] {
  const { fields } = change;
  const words = ["stage", change.stage as string];
  const isDeleted = change.stage === "deleted";
  const put = (field: string, value: string | number | null | undefined): void => {
    if (value !== undefined) words.push(field, value === null || value === 0 ? "" : String(value));
  };
  const instant = (value: Instant | null | undefined): string | null | undefined =>
    value === null || value === undefined ? value : formatInstant(value);
  put("rule", fields.rule);
  put("reason", fields.reason === plainReason(fields.rule ?? null) ? "" : fields.reason);
  const takenAway = isDeleted ? null : fields.takenAway;
  put("taken_away", takenAway == null ? takenAway : JSON.stringify(takenAway));
  put("made_private_at", instant(fields.madePrivateAt));
  put("noticed_at", instant(fields.noticedAt));
  put("delete_at", instant(fields.deleteAt));
  put("earliest_delete_at", instant(fields.earliestDeleteAt));
  put("released_at", instant(fields.releasedAt));
  if (fields.hold !== undefined) words.push(...writeHold(fields.hold));
  put("held_from", fields.heldFrom);
  put("wish", fields.wish);
  put("snapshot_ids", fields.snapshotIds && writeJson(fields.snapshotIds));
  const results = Object.entries(fields.snapshotResults ?? {}).filter(
    ([, result]) => !isDeleted || result !== "deleted",
  );
  put("snapshot_results", fields.snapshotResults && writeJson(Object.fromEntries(results)));
  put("becomes", fields.becomes);
  put("attempts", fields.attempts);
  put("last_error", fields.lastError);
  put("missed_looks", fields.missedLooks);
  put("missed_since", instant(fields.missedSince));
  put("missed_at", instant(fields.missedAt));
  return words;
}

/** Empty for what has nothing in it. */
function writeJson(value: object): string {
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
}

type Named = Pick<Image, "amiId" | "composeId" | "imageName">;

/**
 * An event's stream entry, as `field, value, …`. Most events are those of images that enter: of these it does not say anew what
 * the image's record says, its name and the reason that its rule gives for every compose alike.
 */
export function writeEvent(image: Named, event: EventDraft): string[] {
  const { what, at, who, why, details } = event;
  const isEntry = what === "scheduled";
  const reason = isEntry && why === plainReason((details["rule"] ?? null) as Rule | null) ? [] : ["why", why];
  const name = isEntry ? [] : ["name", image.imageName ?? ""];
  const subject = ["ami", image.amiId, "compose", image.composeId, ...name];
  return [
    "what",
    what,
    "when",
    formatInstant(at),
    "who",
    who,
    ...reason,
    ...subject,
    ...Object.entries(details).flat(),
  ];
}

const EVENT_HEAD = new Set(["what", "when", "who", "why", "ami", "compose", "name"]);

/** The name is empty where the image's record has it. */
export function readEvent(region: string, id: string, flat: readonly string[]): ImageEvent {
  const entry = pairsOf(flat);
  return {
    id,
    region,
    amiId: entry["ami"] ?? "",
    composeId: entry["compose"] ?? "",
    imageName: entry["name"] ?? "",
    what: (entry["what"] ?? "") as EventKind,
    // When Redis wrote it is near enough for one that somebody else has put there.
    at: parseInstant(entry["when"] ?? "") ?? writtenAt(id),
    who: entry["who"] ?? "",
    why: entry["why"] ?? plainReason((entry["rule"] ?? null) as Rule | null),
    details: Object.fromEntries(Object.entries(entry).filter(([field]) => !EVENT_HEAD.has(field))),
  };
}

/** By the id that Redis gave it, or somebody who may have chosen any. */
function writtenAt(id: string): Instant {
  const at = Number(id.split("-")[0]);
  return isDate(at) ? at : 0;
}

/** A queue's score: whole seconds, rounded up, so that nothing is due early. */
export function scoreOf(at: Instant): string {
  return at === Infinity ? "+inf" : String(toScore(at));
}

/** Where a compose stands among those of its stream; empty for an id that is none. */
export function orderText(composeId: string): string {
  const id = parseComposeId(composeId);
  return id.ok ? String(orderOf(id.value)) : "";
}

/** Now, as a score: rounded down, so that nothing is due early. */
export function floorScore(at: Instant): number {
  return Math.floor(at / SECOND_MS);
}
