import type { Hold } from "../hold.ts";
import type { TakenAway } from "../image/image.ts";
import type { Seen } from "./look.ts";
import { formatInstant, parseInstant, type Instant } from "../time.ts";

/** The value of the tag `clean-amis:hold`, in the characters and length that EC2 takes (at most 256). */
export function holdTag(hold: Hold): string {
  const by = hold.by.replaceAll(/[^\p{L}\p{N} +\-=._:/@]/gu, "_");
  return `${hold.until === null ? "no-end" : formatInstant(hold.until)} by ${by}`.slice(0, 256);
}

/** A hold that only EC2 remembers: our own tag after a lost Redis, or one that a person wrote. */
export function holdByTag(value: string, now: Instant): Hold {
  const [, until = "", by = ""] = /^(\S+) by (.+)$/.exec(value) ?? [];
  return { by: by === "" ? "tag" : by, why: `its tag ${HOLD_TAG} says so`, since: now, until: parseInstant(until) };
}

/** Written before the first change to an image or a snapshot; its value says what was there to take. */
export const INTENT_TAG = "clean-amis:intent";
/** Written when the image was read back as private; without it nothing is deleted. */
export const PRIVATE_AT_TAG = "clean-amis:private-at";
/** The old script's mark on what it made private, with the day as ddmmYYYY; it left snapshots alone. */
export const OLD_TAG = "LaunchPermissionRevoked";
/** On an image that a person holds: until when, and who. */
export const HOLD_TAG = "clean-amis:hold";
/** On an image: the compose that it was announced for. */
export const COMPOSE_TAG = "clean-amis:compose";
/** On a snapshot: the image that it belongs to. */
export const IMAGE_TAG = "clean-amis:image";

/** What making an image private writes, and giving it back removes. */
export const ACT_TAGS = [PRIVATE_AT_TAG, INTENT_TAG, IMAGE_TAG, COMPOSE_TAG, OLD_TAG] as const;
/** Every tag by which we remember something in EC2. */
export const OUR_TAGS = [...ACT_TAGS, HOLD_TAG] as const;

type Tags = Readonly<Record<string, string>>;

/** Whether our tags say that everybody could use the image or snapshot before us. */
export function wasOpen(tags: Tags): boolean {
  return tags[INTENT_TAG]?.endsWith(" all") ?? false;
}

/** What our tags say was taken from an image and its snapshots: what a lost record held, and what was taken for another image. */
export function takenByTags(seen: Seen, snapshotTags: Readonly<Record<string, Tags>>): TakenAway {
  return {
    image: wasOpen(seen.tags) || seen.tags[OLD_TAG] !== undefined,
    snapshots: seen.snapshotIds.filter((id) => wasOpen(snapshotTags[id] ?? {})),
  };
}
