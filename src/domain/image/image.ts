import type { Rule } from "../compose/classify.ts";
import type { Hold } from "../hold.ts";
import type { Instant } from "../time.ts";

/** Where an image stands; docs/lifecycle.md says who puts it there and who takes it out. */
export const STAGES = [
  "unresolved",
  "public",
  "private",
  "deleting",
  "restoring",
  "held",
  "kept",
  "deleted",
  "gone",
] as const;
export type Stage = (typeof STAGES)[number];

/** What "make private" takes from an image, recorded before it is taken and never overwritten: what is restored. */
export interface TakenAway {
  /** Whether the launch permission of the group `all` was there. */
  readonly image: boolean;
  /** The snapshots whose create-volume permission had the group `all`. */
  readonly snapshots: readonly string[];
}

/** The stages that a hold can pause. */
export type HeldFrom = "unresolved" | "public" | "private" | "kept";

/** One AMI in one region: the unit of work, as the schedule remembers it. */
export interface Image {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  /** The name in the message; the name in EC2 has to agree with it. */
  readonly imageName: string | null;
  readonly arch: string | null;
  readonly stage: Stage;
  readonly rule: Rule | null;
  readonly reason: string;
  /** The first announcement's time, in whole seconds, never later than its arrival. */
  readonly uploadedAt: Instant;
  readonly privateAt: Instant;
  readonly takenAway: TakenAway | null;
  readonly madePrivateAt: Instant | null;
  readonly noticedAt: Instant | null;
  readonly deleteAt: Instant | null;
  /** A deadline that stood before a hold, or that the end of a hold set: the next notice sets none before it. */
  readonly earliestDeleteAt: Instant | null;
  /** The latest date before which the public read that nothing is deleted: no deadline is before it. */
  readonly promisedAt: Instant | null;
  /** The end of the last hold; the public is told before anything is deleted. */
  readonly releasedAt: Instant | null;
  /** Every snapshot of the image, written before the first irreversible call; until then those that nothing was taken from. */
  readonly snapshotIds: readonly string[];
  /** What became of each of them so far: `deleted`, `gone`, `kept: …`, or `left: …` with the reason why it still stands. */
  readonly snapshotResults: Readonly<Record<string, string>>;
  /** What `restoring` ends in. */
  readonly becomes: "held" | "kept" | null;
  /** The hold in force, or on its way in `restoring` and `deleting`. */
  readonly hold: Hold | null;
  /** The stage that the hold paused. */
  readonly heldFrom: HeldFrom | null;
  /** What a person wants of an image that is being deleted, should it still stand. */
  readonly wish: "hold" | "restore" | null;
  readonly attempts: number;
  /** Why the last attempt did not end, in one word and a sentence: `in-use: …`; empty when it did. */
  readonly lastError: string;
  /** Looks in a row that did not find the image in EC2, a day between each and the next: three make it `gone`. */
  readonly missedLooks: number;
  /** The first of them, and the last. */
  readonly missedSince: Instant | null;
  readonly missedAt: Instant | null;
  /** The claim under way, or empty. */
  readonly token: string;
  /** Counts the writes of this record, so that a change made from a stale reading is refused. */
  readonly revision: number;
}

/** `ami-` and 8 or 17 hexadecimal digits; EC2 gave out the long form from 2018 on. */
export function isAmiId(text: string): boolean {
  return /^ami-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text);
}

/**
 * The form of an EC2 region's name: an area, one or two words and a number. `us-east-1`, `ap-southeast-7`, `us-gov-west-1`,
 * `us-isob-east-1`, `eusc-de-east-1`. A grammar and no list: regions are added every year.
 */
export function isRegion(text: string): boolean {
  return text.length <= 32 && /^[a-z]{2,4}(?:-[a-z]{2,12}){1,2}-[1-9][0-9]?$/.test(text);
}

/** Whether Redis counts it as private now. */
export function isPrivate({ stage, heldFrom }: Pick<Image, "stage" | "heldFrom">): boolean {
  return stage === "private" || (stage === "held" && heldFrom === "private");
}
