import type { UsageRecord } from "../domain/elsewhere/usage.ts";
import type { Seen, SeenSnapshot } from "../domain/plan/look.ts";
import type { Instant } from "../domain/time.ts";

/**
 * Asked right before a changing call goes out, and again before each repeat of it, when it has waited for its turn; what it
 * throws keeps the call from going out, and is thrown.
 */
export type MayCall = () => Promise<void>;

/**
 * EC2's images, one region a call. Every method may be repeated without harm. All throw `UpstreamError` for what may work
 * later (throttling, 5xx, time-outs) and `RefusedError` for what will not (permission, protection, a bad request).
 */
export interface Images {
  /** The account that the credentials belong to; remembered for ten minutes, unless a fresh answer is wanted. */
  account(isFresh?: boolean): Promise<string>;
  /** The regions that the account has opted into, or need not. */
  regions(): Promise<readonly string[]>;
  /** The images of these ids that EC2 shows, disabled ones included; ids that it does not know are absent. */
  look(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, Seen>>;
  /** Whether EC2 knows the image when it is asked for by its id, disabled or not; null: an empty answer, that says neither. */
  isKnown(region: string, amiId: string): Promise<boolean | null>;
  /** The account's own images that carry any of these tags, disabled and deprecated ones too; read page by page. */
  tagged(region: string, tagKeys: readonly string[]): AsyncIterable<Seen>;
  /** The account's own snapshots that carry any of these tags; read page by page. */
  taggedSnapshots(region: string, tagKeys: readonly string[]): AsyncIterable<SeenSnapshot>;
  /** Those of these snapshots that EC2 shows. */
  snapshots(region: string, snapshotIds: readonly string[]): Promise<readonly SeenSnapshot[]>;
  /** The snapshots that carry our tag with this image's id. */
  snapshotsOf(region: string, amiId: string): Promise<readonly SeenSnapshot[]>;
  /**
   * What of the account uses each image, as ARNs or instance ids; an image that nothing uses is absent. Without
   * DescribeImageReferences launch templates are not seen, only instances. Fails for all where EC2 does not know one of them. Throws
   * `RefusedError` with the code `guard-unusable` when the credentials may not ask in any way.
   */
  usersOf(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Those of the snapshots whose create-volume permission has the group `all`; a snapshot that is gone has none. */
  publicSnapshots(region: string, snapshotIds: readonly string[]): Promise<readonly string[]>;
  /** Whether images may be made public in this region: Block Public Access is off. */
  isWayBackOpen(region: string): Promise<boolean>;
  tag(
    region: string,
    resourceIds: readonly string[],
    tags: Readonly<Record<string, string>>,
    mayCall?: MayCall,
  ): Promise<void>;
  untag(region: string, resourceIds: readonly string[], keys: readonly string[], mayCall?: MayCall): Promise<void>;
  /** Takes the group `all` from the image's launch permission, and nothing else; explicit shares stay. */
  closeImage(region: string, amiId: string, mayCall?: MayCall): Promise<void>;
  closeSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<void>;
  openImage(region: string, amiId: string, mayCall?: MayCall): Promise<void>;
  openSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<void>;
  /** `gone` when EC2 no longer knows the image: the aim is reached. */
  deregister(region: string, amiId: string, mayCall?: MayCall): Promise<"deregistered" | "gone">;
  deleteSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<"deleted" | "gone" | "in-use">;
  /** The images that stand on each of these snapshots, whoever in the account registered them, disabled ones too. */
  imagesOn(region: string, snapshotIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** When the released images of a region were looked at last. All throw `UpstreamError`. */
export interface GuardRounds {
  /** By region; a region that is absent was never looked at. */
  all(): Promise<ReadonlyMap<string, Instant>>;
  note(region: string, at: Instant): Promise<void>;
}

/**
 * EC2's reports on who uses an image in other accounts, which it makes in its own time. Each may be repeated. All throw
 * `UpstreamError` and `RefusedError`.
 */
export interface UsageReports {
  /** Begins a report, once for each `token`; resolves to its id. */
  begin(region: string, amiId: string, token: string): Promise<string>;
  /** How the reports on these images stand, by their ids: `pending`, `available`, `error`; one that is gone is absent. */
  states(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** How many accounts use the image, but for ours. */
  accounts(region: string, reportId: string): Promise<number>;
  remove(region: string, reportId: string): Promise<void>;
}

/** What is remembered of these reports, by AMI. All throw `UpstreamError`. */
export interface UsageMemory {
  /** What cannot be read is absent. */
  read(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, UsageRecord>>;
  all(region: string): Promise<ReadonlyMap<string, UsageRecord>>;
  write(region: string, amiId: string, record: UsageRecord): Promise<void>;
  forget(region: string, amiIds: readonly string[]): Promise<void>;
}
