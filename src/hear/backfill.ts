import { DAY_MS } from "../domain/time.ts";
import { askedFor, type Subject } from "../domain/topics.ts";
import { decode, ignoredByTopic, type Heard } from "./decode.ts";
import { ingestAll, reject, type Ingested, type Ingester } from "./ingest.ts";
import type { Archive, ArchivedMessage, Message, Positions, Stretch } from "../ports/index.ts";

/** One piece of work: a subject, in at most a day. */
export interface Slice extends Stretch {
  readonly phase: Subject;
}

/** Who puts past messages through ingest. */
export interface ArchiveReader {
  readonly archive: Archive;
  readonly ingester: Ingester;
}

/** What came of a slice. */
export interface SliceCounts {
  readonly messages: number;
  readonly new: number;
  readonly known: number;
  readonly facts: number;
  readonly ignored: number;
  readonly rejected: number;
}

/** Told of every message's end. */
export type Witness = (message: Message, result: Ingested) => void;

/** So many messages are ingested together, as one turn of the bus brings them; no more are held than these and the next as many. */
const BATCH = 100;

/** Facts of a whole range are read before its first upload, so that no image is decided on half of what is known. */
const PHASES: readonly Subject[] = ["facts", "uploads"];

/** The slices of a range, in the order in which they are read: all facts, then all uploads, each oldest first. */
export function slicesOf({ start, end }: Stretch): readonly Slice[] {
  return PHASES.flatMap((phase) => {
    const slices: Slice[] = [];
    for (let at = start; at < end; at += DAY_MS) slices.push({ phase, start: at, end: Math.min(end, at + DAY_MS) });
    return slices;
  });
}

/**
 * Puts one slice of the past through the same ingest as the live messages; a repeat changes nothing. Throws `UpstreamError`
 * when the archive or Redis fails for longer than retries help: the slice is then to be read again, whole.
 */
export async function readSlice(
  slice: Slice,
  { archive, ingester }: ArchiveReader,
  witness: Witness = () => undefined,
): Promise<SliceCounts> {
  const counts = { messages: 0, new: 0, known: 0, facts: 0, ignored: 0, rejected: 0 };
  const work = async (batch: readonly ArchivedMessage[]): Promise<void> => {
    for (const [message, result] of await ingestRows(batch, ingester)) {
      witness(message, result);
      counts.messages += 1;
      if (result.kind === "uploads") {
        counts.new += result.new;
        counts.known += result.known;
      } else counts[result.kind] += 1;
    }
  };
  const messages = archive.messages(queryOf(slice, ingester.environments));
  for await (const batch of oneAhead(inBatches(messages))) await work(batch);
  return counts;
}

async function* inBatches(messages: AsyncIterable<ArchivedMessage>): AsyncGenerator<readonly ArchivedMessage[], void> {
  let batch: ArchivedMessage[] = [];
  for await (const message of messages) {
    batch.push(message);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The same; while one is worked the next is read. Who stops does not wait for it. */
async function* oneAhead<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const readNext = (): Promise<IteratorResult<T, void>> => {
    const next = items.next();
    // Its failure is met when its turn comes, if it comes.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (let next = readNext(); ;) {
      const read = await next;
      if (read.done === true) return;
      next = readNext();
      yield read.value;
    }
  } finally {
    items.return().catch(() => undefined);
  }
}

/** What a slice says, understood and nothing more. Throws as the archive does. */
export async function* readHeard(
  slice: Slice,
  archive: Archive,
  environments: readonly string[],
): AsyncGenerator<Heard> {
  for await (const message of archive.messages(queryOf(slice, environments))) yield decode(message, environments);
}

function queryOf({ phase, start, end }: Slice, environments: readonly string[]): Parameters<Archive["messages"]>[0] {
  return { ...askedFor(phase, environments), start, end };
}

/** Each row with its end. */
async function ingestRows(
  rows: readonly ArchivedMessage[],
  ingester: Ingester,
): Promise<readonly (readonly [ArchivedMessage, Ingested])[]> {
  const messages = rows.filter(({ topic, unreadable }) => topic !== "" && unreadable === undefined);
  const results = await ingestAll(messages, ingester);
  const ends = new Map(messages.map((message, index) => [message, results[index]]));
  return await Promise.all(rows.map(async (row) => [row, ends.get(row) ?? (await keepOdd(row, ingester))] as const));
}

/**
 * The archive gives a row that is no message without a topic: the bus would have ignored it, here it is a loss to tell. So is
 * one that it cannot give, unless that is known to be none of ours.
 */
async function keepOdd(row: ArchivedMessage, ingester: Ingester): Promise<Ingested> {
  const because = row.topic === "" ? null : ignoredByTopic(row.topic, ingester.environments);
  if (because !== null) return { kind: "ignored", because };
  const reason = row.unreadable ?? "a row of the archive that is no message";
  await reject(row, reason, ingester);
  return { kind: "rejected", reason };
}

/** Told after each slice. */
export interface Progress {
  readonly slice: Slice;
  readonly done: number;
  readonly of: number;
  readonly counts: SliceCounts;
}

/**
 * Reads a stretch of the past, or goes on with the one of that name that was begun and not ended. The position is written
 * after each slice, so a killed run loses at most one slice's reading, which a repeat does not harm. Resolves to whether the
 * end was reached; false: `stop` came first. Throws `UpstreamError`, `RefusedError`.
 */
export async function backfill(
  name: string,
  stretch: Stretch,
  { positions, stop, ...reader }: ArchiveReader & { readonly positions: Positions; readonly stop: AbortSignal },
  tell: { readonly progress: (progress: Progress) => Promise<void>; readonly witness: Witness },
): Promise<boolean> {
  const { start, end, next } = (await positions.read(name)) ?? { ...stretch, next: 0 };
  const slices = slicesOf({ start, end });
  for (const [index, slice] of slices.entries()) {
    if (index < next) continue;
    if (stop.aborted) return false;
    const counts = await readSlice(slice, reader, tell.witness);
    await positions.write(name, { start, end, next: index + 1 });
    await tell.progress({ slice, done: index + 1, of: slices.length, counts });
  }
  await positions.forget(name);
  return true;
}
