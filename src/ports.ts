import type { UpstreamError } from "./errors.ts";
import type { Instant } from "./domain/time.ts";
import type { Hold, Image, TakenAway } from "./domain/image.ts";
import type { AskedOutcome, ComposeFacts, FactClaim, FactSource, Testimony } from "./domain/facts.ts";
import type { ActKind, Pause, Stop } from "./domain/budget.ts";
import type { Decision } from "./domain/classify.ts";
import type { Upload } from "./domain/upload.ts";
import type { EventDraft, ImageEvent } from "./domain/event.ts";
import type { Change, Queue } from "./domain/lifecycle.ts";
import type { Seen, SeenSnapshot } from "./domain/look.ts";
import type { Request } from "./domain/request.ts";

/** Time, so that a test can own it. */
export interface Clock {
  now(): Instant;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Structured log: data first, then one fixed sentence, as pino takes it. */
export interface Log {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

/** A message as the bus delivers it or an archive returns it. */
export interface Message {
  readonly topic: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly arrivedAt: Instant;
}

/** A message with the way to acknowledge it and all that came before it on its channel. */
export interface Delivery {
  readonly message: Message;
  /** Acknowledges every delivery of this channel up to and with this one; does nothing on a channel that is gone. */
  ackUpTo(): void;
}

/**
 * EC2's images, one region a call. Every method may be repeated without harm. All throw `UpstreamError` for what may work
 * later (throttling, 5xx, time-outs) and `RefusedError` for what will not (permission, protection, a bad request).
 */
export interface Images {
  /** The account that the credentials belong to; remembered for ten minutes. */
  account(): Promise<string>;
  /** The images of these ids that EC2 shows, disabled ones included; ids that it does not know are absent. */
  look(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, Seen>>;
  /** Whether EC2 knows the image when it is asked for by its id, disabled or not. */
  isKnown(region: string, amiId: string): Promise<boolean>;
  /** The account's own images that carry any of these tags, disabled and deprecated ones too; read page by page. */
  tagged(region: string, tagKeys: readonly string[]): AsyncIterable<Seen>;
  /** The account's own snapshots that carry any of these tags; read page by page. */
  taggedSnapshots(region: string, tagKeys: readonly string[]): AsyncIterable<SeenSnapshot>;
  /** The snapshots that carry our tag with this image's id. */
  snapshotsOf(region: string, amiId: string): Promise<readonly SeenSnapshot[]>;
  /**
   * What of the account uses each image, as ARNs or instance ids; an image that nothing uses is absent. Without
   * DescribeImageReferences launch templates are not seen, only instances. Throws `RefusedError` with the code
   * `guard-unusable` when the credentials may not ask in any way.
   */
  usersOf(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Those of the snapshots whose create-volume permission has the group `all`; a snapshot that is gone has none. */
  publicSnapshots(region: string, snapshotIds: readonly string[]): Promise<readonly string[]>;
  /** Whether images may be made public in this region: Block Public Access is off. */
  isWayBackOpen(region: string): Promise<boolean>;
  tag(region: string, resourceIds: readonly string[], tags: Readonly<Record<string, string>>): Promise<void>;
  untag(region: string, resourceIds: readonly string[], keys: readonly string[]): Promise<void>;
  /** Takes the group `all` from the image's launch permission, and nothing else; explicit shares stay. */
  closeImage(region: string, amiId: string): Promise<void>;
  closeSnapshot(region: string, snapshotId: string): Promise<void>;
  openImage(region: string, amiId: string): Promise<void>;
  openSnapshot(region: string, snapshotId: string): Promise<void>;
  /** `gone` when EC2 no longer knows the image: the aim is reached. */
  deregister(region: string, amiId: string): Promise<"deregistered" | "gone">;
  deleteSnapshot(region: string, snapshotId: string): Promise<"deleted" | "gone" | "in-use">;
  /** The images, other than `amiId`, that are built on this snapshot. */
  imagesOnSnapshot(region: string, snapshotId: string, amiId: string): Promise<readonly string[]>;
}

/** One post to the public. */
export interface ReportPart {
  /** The UTC day whose report this belongs to: `2026-11-24`. */
  readonly day: string;
  /** Title of the day's report. */
  readonly title: string;
  /** Stands in `text`, is looked for before every post, and makes a repeat harmless. */
  readonly marker: string;
  /** Markdown that stands above `text` where the part opens the day's report. */
  readonly opening: string;
  /** Markdown that stands above `text` where it does not. */
  readonly continuation: string;
  /** Markdown. */
  readonly text: string;
  /** Words of `text` that the public must find there, such as the ids of images: a post without them is not seen. */
  readonly names: readonly string[];
}

/**
 * Either the part was read back where the public reads it; or it was sent, and nobody knows yet whether it arrived: it may
 * still do so, and must not be sent again before a minute has passed.
 */
export type Published = { readonly url: string } | { readonly unsure: UpstreamError };

/** The code of the `RefusedError` for a post that is too long: smaller ones would pass. */
export const TOO_LONG = "TOO_LONG";

/**
 * Where the public reads what was done. All throw `UpstreamError` (nothing was sent; try again) and `RefusedError` (nothing
 * was sent; a token, a permission, a project to mend, or `TOO_LONG`).
 */
export interface Reports {
  /** Asks whether we may come in, and resolves to our name there; an expired token is a `RefusedError`. */
  check(): Promise<{ readonly user: string }>;
  /**
   * Makes the part visible once, and resolves when it was read back. A repeat with the same marker posts nothing.
   * `beforePost` is called right before anything is sent; when it throws, nothing is, and its error is thrown.
   */
  publish(part: ReportPart, beforePost: () => Promise<void>): Promise<Published>;
  /**
   * Looks once more at a part whose first answer was lost: if it arrived late, and stands there twice, the later one is made a
   * pointer to the first, or is told to be a repeat. Resolves to how many repeats there are. May be repeated.
   */
  mergeRepeats(address: PartAddress, beforePost: () => Promise<void>): Promise<number>;
}

/** What a part is found by. */
export type PartAddress = Pick<ReportPart, "day" | "title" | "marker">;

/** What is remembered of composes, each fact with its source. All throw `UpstreamError`. */
export interface Facts {
  recall(composeIds: readonly string[]): Promise<readonly ComposeFacts[]>;
  /**
   * Adds a claim; the first word of a source stands, a differing one is remembered as a conflict. Facts are never taken back.
   * Resolves to whether anything was new.
   */
  remember(claim: FactClaim): Promise<boolean>;
  /** Notes that a source was asked and what it answered, so that nobody asks again in vain. */
  noteAsked(composeId: string, source: FactSource, outcome: AskedOutcome, at: Instant): Promise<void>;
  /** Remembers a person's hold on a compose, for images that arrive later too; null: it is released. */
  hold(composeId: string, hold: Hold | null): Promise<void>;
  /** Who said what is remembered, and when: the first message or address of each source, and that of the release. */
  testimony(composeId: string): Promise<readonly Testimony[]>;
}

/** A place that can be asked what it knows of a compose. */
export interface ComposeSource {
  readonly source: FactSource;
  /**
   * The claims that it makes, one for each different thing that it says; none when it certainly knows nothing of the compose
   * (a 404 in every place, no message in the window). Throws `UpstreamError` when it gave no answer that can be believed:
   * unreachable, 5xx, a web page for JSON, a truncated body, another compose's metadata.
   */
  ask(composeId: string, location: string | null): Promise<readonly FactClaim[]>;
}

/** Past messages. */
export interface Archive {
  /**
   * Every message of these categories (the fourth word of a topic) or exact topics from `start` up to, not including, `end`,
   * oldest first as far as the archive sorts them; one may come twice. A row that is no message has an empty topic, its id,
   * and its text as body. Throws `UpstreamError` when the archive fails for longer than retries help, `RefusedError` when it
   * does not take the question.
   */
  messages(query: {
    readonly categories?: readonly string[];
    readonly topics?: readonly string[];
    readonly start: Instant;
    readonly end: Instant;
  }): AsyncIterable<Message>;
}

/** The images and their deadlines. Each method is atomic for one image. All throw `UpstreamError`. */
export interface Schedule {
  /** Now, by the earlier of this machine's clock and Redis'; `skewMs` is how far they are apart. */
  now(): Promise<{ readonly at: Instant; readonly skewMs: number }>;
  regions(): Promise<readonly string[]>;
  /** The first hearing of an image; an image that is known is returned as it stands, unchanged. */
  add(upload: Upload, decision: Decision, who: string): Promise<"new" | Image>;
  get(region: string, amiId: string): Promise<Image | null>;
  /** Where an image waits, and until when (`Infinity` is legal); null: nowhere. */
  waiting(region: string, amiId: string): Promise<{ readonly queue: Queue; readonly wakeAt: Instant } | null>;
  /** The compose's images in every region. */
  ofCompose(composeId: string): Promise<readonly Image[]>;
  /** Writes `change` unless the image was written since it was read (`image.revision`); false when it was. Ends any claim. */
  change(image: Image, change: Change): Promise<boolean>;
  /** The ids of the newest `count` composes of a stream (see domain/stream.ts) that had an image in this region. */
  newest(region: string, stream: string, count: number): Promise<readonly string[]>;
  /** How many images are due in a queue, in all regions. */
  countDue(queue: Queue, now: Instant): Promise<number>;
  /** How many images of a region are not known to be deleted or gone. */
  countLive(region: string): Promise<number>;
  /** What is due in a queue, in order of its deadline, without claiming it. */
  due(region: string, queue: Queue, now: Instant, limit: number): Promise<readonly Image[]>;
  /** What wakes up in a queue from `from` up to, not including, `to`, in that order, at most `limit`. */
  between(region: string, queue: Queue, from: Instant, to: Instant, limit: number): Promise<readonly Image[]>;
  /** Takes up to `limit` due images and moves their wake-up forward by the lease. */
  claim(region: string, queue: Queue, lease: Lease, limit: number): Promise<readonly Image[]>;
  /** Whether the claim is still ours and no pause is in force. Asked before each mutating call. */
  mayAct(image: Image): Promise<boolean>;
  /** Writes `taken_away` once, under the claim. Resolves to what stands there now, or null when the claim is lost. */
  recordTakenAway(image: Image, takenAway: TakenAway): Promise<TakenAway | null>;
  /**
   * Ends the claim with its outcome. Resolves to false, with nothing written, when the claim is lost, unless the outcome is
   * `irreversible`. With `keepClaim` the claim goes on: `change.wait` must be its lease.
   */
  settle(
    image: Image,
    change: Change,
    options?: { readonly irreversible?: boolean; readonly keepClaim?: boolean },
  ): Promise<boolean>;
  /**
   * Sets `noticed_at` and `delete_at` once, for a private image; false when there was nothing to set, or when the image was
   * written since it was read (`image.revision`): the deadline was made from that reading.
   */
  notice(image: Image, noticedAt: Instant, deleteAt: Instant, event: EventDraft): Promise<boolean>;
}

export interface Lease {
  readonly token: string;
  readonly now: Instant;
  readonly until: Instant;
}

/** The event streams, and what reporting them has come to. All throw `UpstreamError`. */
export interface Journal {
  /** What happened to an image since it was first heard of, oldest first; of more than a thousand events the newest. */
  history(region: string, amiId: string): Promise<readonly ImageEvent[]>;
  /** What happened in a region from `from` up to, not including, `to`, oldest first. */
  between(region: string, from: Instant, to: Instant): Promise<readonly ImageEvent[]>;
  /** How reporting goes; null before the first report. */
  status(): Promise<ReporterStatus | null>;
  /** The right to report, one process at a time, kept until it is released; null when another process has it. */
  reporterLease(): Promise<ReporterLease | null>;
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
  /** The part under way, or null. */
  pendingPart(): Promise<PendingPart | null>;
  savePendingPart(part: PendingPart): Promise<void>;
  /** Moves the cursors to `until`, forgets the part under way, and remembers the changes, in one step. */
  finishPart(until: PendingPart["until"], changes: Partial<ReporterMemory>): Promise<void>;
  memory(): Promise<ReporterMemory>;
  remember(changes: Partial<ReporterMemory>): Promise<void>;
  noteStatus(status: ReporterStatus): Promise<void>;
  /** Removes the events of a region that are older than `before`, never one that any reporter has still to read. */
  trim(region: string, before: Instant): Promise<number>;
  release(): Promise<void>;
}

/** A post that was begun: enough to find it, or to make it again, after a crash. */
export interface PendingPart {
  readonly day: string;
  readonly marker: string;
  /** Per region, the id of the last event of this part. */
  readonly until: Readonly<Record<string, string>>;
  /** What the part tells besides events. */
  readonly extra: "outlook" | "heartbeat" | null;
  /** The size that it was cut to, in bytes. */
  readonly mostBytes: number;
  /** When it was sent last without an answer; null: never. */
  readonly unsureAt: Instant | null;
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
  /** Parts whose answer was lost, that are looked at once more after `at`. */
  readonly secondLooks: readonly (PartAddress & { readonly at: Instant })[];
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

/** Orders of people, in the order they came. All throw `UpstreamError`. */
export interface Requests {
  /** Queues an order and resolves to its id. */
  add(order: Order): Promise<string>;
  /** The oldest orders that are not carried out; null for an entry that cannot be understood. */
  waiting(limit: number): Promise<readonly { readonly id: string; readonly order: Order | null }[]>;
  /** Writes the answer, which is kept for a week, and takes the order from the queue; the first answer stands. */
  answer(id: string, answers: readonly Answer[]): Promise<void>;
  /** Null: not carried out yet. */
  answerTo(id: string): Promise<readonly Answer[] | null>;
  /** The right to carry out orders, one process at a time; null when another has it. `confirm` throws when it is lost. */
  lease(): Promise<{ confirm(): Promise<void>; release(): Promise<void> } | null>;
}

/** What a person wants: of these images, or of a compose. */
export interface Order extends Request {
  readonly images: readonly { readonly region: string; readonly amiId: string }[];
  readonly composeId: string | null;
}

/** What became of an order for one image, or for the compose itself (no AMI). */
export interface Answer {
  readonly region: string | null;
  readonly amiId: string | null;
  readonly happened: string;
  readonly next: string;
}

/**
 * How many acts a UTC day may have, over all replicas, and what is stopped or paused. All throw `UpstreamError`. What stands
 * there and cannot be read is a stop: every doubt keeps the image.
 */
export interface Budgets {
  /**
   * Reserves one act of the day, once per image: a repeat costs nothing. `live`: the images that the region has now; the
   * day's share is of the most that it had. Resolves to null when the act may go on, else to the stop, which holds for what
   * has reserved already, too.
   */
  reserve(kind: ActKind, image: Pick<Image, "region" | "amiId">, live: number, now: Instant): Promise<Stop | null>;
  /**
   * Stops the kind when the day wants far more than usual: what is reserved today and `due` more, in all regions. After a
   * resume the day is not judged again. Resolves to the stop in force, or null.
   */
  checkDemand(kind: ActKind, due: number, now: Instant): Promise<Stop | null>;
  stops(): Promise<readonly Stop[]>;
  /** How many acts were reserved today, before and after a resume; the whole budget when that cannot be read. */
  spent(kind: ActKind, now: Instant): Promise<number>;
  /**
   * Lets the kinds act again, with the day's budget granted once more to those that were stopped; a repeat grants nothing.
   * Resolves to the stops that were lifted. `UpstreamError` also when a key that is not ours stops all: only its removal helps.
   */
  resume(kinds: readonly ActKind[], now: Instant): Promise<readonly Stop[]>;
  /** Stops every act of every replica at once; the latest word on why stands. */
  pause(by: string, why: string, now: Instant): Promise<void>;
  paused(): Promise<Pause | null>;
  /** Ends a pause, and resolves to it. */
  unpause(): Promise<Pause | null>;
}

/** How much of what was said has been heard. All throw `UpstreamError`. */
export interface Ears {
  memory(): Promise<EarMemory>;
  /** Writes the memory; `heardUntil` never moves back while Redis' run is the same. */
  remember(memory: EarMemory): Promise<void>;
  /** Redis' own id of its run: a new one means that it may have lost something. */
  runId(): Promise<string>;
}

export interface EarMemory {
  /** The instant up to which bus and archive have been read without a hole. */
  readonly heardUntil: Instant | null;
  /** Redis' run when that was written. */
  readonly runId: string | null;
  /** When the whole first window was read last. */
  readonly wholeAt: Instant | null;
}

/** What could not be understood. Throws `UpstreamError`. */
export interface Rejected {
  add(entry: {
    readonly body: Buffer;
    readonly reason: string;
    readonly messageId: string;
    readonly topic: string;
    readonly at: Instant;
  }): Promise<void>;
}
