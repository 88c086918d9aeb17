import type { ImageEvent } from "../domain/image/event.ts";
import type { Image } from "../domain/image/image.ts";
import type { Instant } from "../domain/time.ts";
import type { PostAddress } from "./reports.ts";

/** The event streams, and what reporting them has come to. All throw `UpstreamError`. */
export interface Journal {
  /**
   * What happened to an image that was uploaded then, oldest first; of more than a thousand events the newest. Costs a bounded
   * number of commands: the region's last events are looked through, and those from the upload on, some thousands each.
   */
  history(image: Pick<Image, "region" | "amiId" | "uploadedAt">): Promise<History>;
  /** All that happened to these images since they were first heard of, in the order of the stream, however long that takes. */
  historyOf(region: string, amiIds: readonly string[]): Promise<readonly ImageEvent[]>;
  /** Up to `limit` events of a region that were written after the one with the id `after`, in the order of the stream. */
  after(region: string, after: string, limit: number): Promise<readonly ImageEvent[]>;
  /** The id of a region's last event; null: it has none. */
  lastId(region: string): Promise<string | null>;
  /** The last `limit` events of a region, the newest first. */
  newest(region: string, limit: number): Promise<readonly ImageEvent[]>;
  /** When the oldest event was written that this kind of report has still to read; null: it has read all. */
  untoldSince(): Promise<Instant | null>;
  /** What happened in a region from `from` up to, not including, `to`, oldest first. */
  between(region: string, from: Instant, to: Instant): Promise<readonly ImageEvent[]>;
  /** How reporting goes; null before the first report. */
  status(): Promise<ReporterStatus | null>;
  /** The right to report, one process at a time, kept until it is ended; null when another process has it. */
  reporterLease(): Promise<ReporterLease | null>;
}

/** What is found of an image's history. */
export interface History {
  readonly events: readonly ImageEvent[];
  /** A time that was not looked through, when the region had too many events; null: nothing is missing. */
  readonly unread: Unread | null;
}

export interface Unread {
  readonly from: Instant;
  readonly to: Instant;
}

/**
 * The reporter's place in the streams, and its memory. Every write happens only while the lease is ours: once another process
 * has it, or it ran out, they throw `UpstreamError` with the code `lease-lost`, and nothing is written. The status alone is
 * the last speaker's.
 */
export interface ReporterLease {
  /** Prolongs the lease. Asked right before every post: a reporter that was asleep must not post what another one posts. */
  confirm(): Promise<void>;
  /** Up to `limit` events of a region after the cursor, oldest first; `lastId` ends them, itself included. */
  unreported(region: string, limit: number, lastId?: string): Promise<readonly ImageEvent[]>;
  /** The post under way, or null. */
  pendingPost(): Promise<PendingPost | null>;
  savePendingPost(post: PendingPost): Promise<void>;
  /** Moves the cursors to `until`, forgets the post under way, and remembers the changes, in one step. */
  finishPost(until: PendingPost["until"], changes: Partial<ReporterMemory>): Promise<void>;
  memory(): Promise<ReporterMemory>;
  remember(changes: Partial<ReporterMemory>): Promise<void>;
  noteStatus(status: ReporterStatus): Promise<void>;
  /**
   * Removes the events of a region that are older than `before`, never one that any kind of reporter has still to read; one that
   * did not report for 30 days is not waited for.
   */
  trim(region: string, before: Instant, now: Instant): Promise<number>;
  /**
   * Where the events of a region take more than 64 MiB, removes the oldest of them, as far as they are older than `spared`; of what is
   * still to be read the same holds. It is told that some went, or that none may go.
   */
  bound(region: string, spared: Instant, now: Instant): Promise<number>;
  end(): Promise<void>;
}

/** A post that was begun: enough to find it, or to make it again, after a crash. */
export interface PendingPost {
  readonly day: string;
  readonly marker: string;
  /** Per region, the id of the last event of this post. */
  readonly until: Readonly<Record<string, string>>;
  /** What the post tells besides events. */
  readonly extra: "outlook" | "heartbeat" | null;
  /** The size that it was cut to, in bytes. */
  readonly mostBytes: number;
  /** When it was sent last without an answer; null: never. */
  readonly unsureAt: Instant | null;
  /** The instant from which its text last reckoned dates; the public may have read it. Null: it was not written yet. */
  readonly writtenAt: Instant | null;
}

/** What the reporter remembers from one pass to the next; null: never. */
export interface ReporterMemory {
  /** The last post, or the first pass. */
  readonly quietSince: Instant | null;
  /** The last day whose report has what is due. */
  readonly outlookDay: string | null;
  /** The day of the last post that told what happened. */
  readonly toldDay: string | null;
  readonly trimmedAt: Instant | null;
  /** When private images were looked for last of which nobody was told. */
  readonly soughtAt: Instant | null;
  /** Posts whose answer was lost, that are looked at once more after `at`. */
  readonly secondLooks: readonly (PostAddress & { readonly at: Instant })[];
}

/** Whether the reports reach the public. */
export interface ReporterStatus {
  readonly state: "ok" | "failing";
  /** When it began to be so. */
  readonly since: Instant;
  /** What is wrong, in one sentence with the remedy; empty when nothing is. */
  readonly reason: string;
  /** The last pass that said so. */
  readonly checkedAt: Instant;
}
