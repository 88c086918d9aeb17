import { parseComposeId, stampOf } from "../compose/compose.ts";
import type { TakenAway } from "../image/image.ts";
import type { Instant } from "../time.ts";

/** An image's true state, as EC2 tells it right now. */
export interface Seen {
  readonly amiId: string;
  readonly name: string;
  readonly ownerId: string;
  /** `available`, `pending`, `failed`, `disabled`, … */
  readonly state: string;
  readonly isPublic: boolean;
  readonly createdAt: Instant | null;
  /** When anybody last launched it, a day late; null: not since 2017, or EC2 does not say (API_Image, LastLaunchedTime). */
  readonly lastLaunchedAt: Instant | null;
  /** Every snapshot of every block device, in mapping order, without repeats. */
  readonly snapshotIds: readonly string[];
  readonly sizeGiB: number;
  readonly tags: Readonly<Record<string, string>>;
  /** EC2's free string; null when EC2 does not say. */
  readonly deregistrationProtection: string | null;
}

/** A snapshot, as EC2 tells it right now. */
export interface SeenSnapshot {
  readonly snapshotId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly sizeGiB: number;
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

/** What our tags say was taken from an image and its snapshots: what a lost record held. */
export function takenByTags(seen: Seen, snapshotTags: Readonly<Record<string, Tags>>): TakenAway {
  const hadAll = (tags: Tags | undefined): boolean => tags?.[INTENT_TAG]?.endsWith(" all") ?? false;
  return {
    image: hadAll(seen.tags) || seen.tags[OLD_TAG] !== undefined,
    snapshots: seen.snapshotIds.filter((id) => hadAll(snapshotTags[id])),
  };
}

/**
 * Why an image's name in EC2 does not belong to its compose, or null when it does. The name must carry the id's own date,
 * type and respin and nothing like a release's X.Y, so that a forged or mistaken message cannot reach a released image.
 * Names: fedimg's `Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0`, the uploader's
 * `Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0`; a Beta spells `Prerelease`.
 */
export function nameMismatch(name: string, composeId: string): string | null {
  const id = parseComposeId(composeId);
  if (!id.ok) return id.reason;
  const stamp = stampOf(id.value);
  const at = name.search(new RegExp(`(?<![0-9.])${stamp.replaceAll(".", "\\.")}(?!\\.?[0-9])`));
  if (at < 0) return `its name in EC2 does not contain ${stamp} of its compose`;
  const rest = `${name.slice(0, at)} ${name.slice(at + stamp.length)}`;
  if (/prerelease/i.test(rest)) return "its name in EC2 says Prerelease";
  const release = /\d+\.\d+/.exec(rest)?.[0];
  return release === undefined ? null : `its name in EC2 contains ${release}, as a release's does`;
}
