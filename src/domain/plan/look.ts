import type { Elsewhere } from "../elsewhere/usage.ts";
import type { Hold } from "../hold.ts";
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
  /** From when on EC2 calls it deprecated; null: never (API_Image, DeprecationTime). */
  readonly deprecatedAt: Instant | null;
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

/** Everything that was read right before acting. */
export interface Look {
  /** Null: EC2 does not show the image. */
  readonly seen: Seen | null;
  /** Those of its snapshots that everybody may use. */
  readonly publicSnapshotIds: readonly string[];
  /** The tags of its snapshots, where something is given back, or our own memory of what was taken is missing. */
  readonly snapshotTags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Block Public Access is off: what is taken away can be restored. */
  readonly isWayBackOpen: boolean;
  /** The sources that a decision by label still has to hear. */
  readonly unanswered: readonly string[];
  /** The compose is among the newest of its stream, which the policy keeps. */
  readonly isNewest: boolean;
  /** A person's hold on the image's compose; it may be over. */
  readonly composeHold: Hold | null;
  /** What of ours uses the image, as EC2 names it. */
  readonly users: readonly string[];
  /** Who uses it in other accounts; null: nobody asks. */
  readonly elsewhere: Elsewhere | null;
  /** A guard that the credentials may not use, as a sentence; null: every guard was used, or may be passed over. */
  readonly unusableGuard: string | null;
}
