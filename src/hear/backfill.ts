import { DAY_MS } from "../domain/time.ts";
import { decode, type Heard } from "./decode.ts";
import { ingestOrReject, reject, type Ingested, type Ingester } from "./ingest.ts";
import { FACT_EVENTS, UPLOAD_CATEGORIES } from "./topics.ts";
import type { Archive, Message } from "../ports/index.ts";
import type { Stretch, Positions } from "../ports/messages.ts";

/** Facts of a whole range are read before its first upload, so that no image is decided on half of what is known. */
export type Phase = "facts" | "uploads";

/** One piece of work: a phase of at most a day. */
export interface Slice extends Stretch {
  readonly phase: Phase;
}

export interface BackfillParts {
  readonly archive: Archive;
  readonly ingest: Ingester;
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

/** So many messages are ingested together: as one turn of the bus brings them, and no more are held than these. */
const BATCH = 100;

/** The slices of a range, in the order in which they are read: all facts, then all uploads, each oldest first. */
export function slicesOf({ start, end }: Stretch): readonly Slice[] {
  return (["facts", "uploads"] as const).flatMap((phase) => {
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
  parts: BackfillParts,
  witness: Witness = () => undefined,
): Promise<SliceCounts> {
  const counts = { messages: 0, new: 0, known: 0, facts: 0, ignored: 0, rejected: 0 };
  const work = async (batch: readonly Message[]): Promise<void> => {
    const results = await Promise.all(batch.map((message) => ingestRow(message, parts.ingest)));
    for (const [index, result] of results.entries()) {
      const message = batch[index];
      if (message !== undefined) witness(message, result);
      counts.messages += 1;
      if (result.kind === "uploads") {
        counts.new += result.new;
        counts.known += result.known;
      } else counts[result.kind] += 1;
    }
  };
  let batch: Message[] = [];
  for await (const message of parts.archive.messages(queryOf(slice, parts.ingest.environments))) {
    batch.push(message);
    if (batch.length < BATCH) continue;
    await work(batch);
    batch = [];
  }
  await work(batch);
  return counts;
}

/** What a slice says, understood and nothing more. Throws as the archive does. */
export async function* readHeard(
  slice: Slice,
  archive: Archive,
  environments: readonly string[],
): AsyncGenerator<Heard> {
  for await (const message of archive.messages(queryOf(slice, environments))) yield decode(message, environments);
}

/** datagrepper matches topics exactly, and the uploader's have many endings: those are asked for by category. */
function queryOf({ phase, start, end }: Slice, environments: readonly string[]): Parameters<Archive["messages"]>[0] {
  if (phase === "uploads") return { categories: UPLOAD_CATEGORIES, start, end };
  const topics = environments.flatMap((environment) =>
    FACT_EVENTS.map((event) => `org.fedoraproject.${environment}.${event}`),
  );
  return { topics, start, end };
}

/** The archive gives a row that is no message without a topic: the bus would have ignored it, here it is a loss to tell. */
async function ingestRow(message: Message, parts: Ingester): Promise<Ingested> {
  if (message.topic !== "") return ingestOrReject(message, parts);
  const reason = "a row of the archive that is no message";
  await reject(message, reason, parts);
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
  parts: BackfillParts & { readonly positions: Positions; readonly stop: AbortSignal },
  tell: { readonly progress: (progress: Progress) => Promise<void>; readonly witness: Witness },
): Promise<boolean> {
  const { positions, stop } = parts;
  const { start, end, next } = (await positions.read(name)) ?? { ...stretch, next: 0 };
  const slices = slicesOf({ start, end });
  for (const [index, slice] of slices.entries()) {
    if (index < next) continue;
    if (stop.aborted) return false;
    const counts = await readSlice(slice, parts, tell.witness);
    await positions.write(name, { start, end, next: index + 1 });
    await tell.progress({ slice, done: index + 1, of: slices.length, counts });
  }
  await positions.forget(name);
  return true;
}
