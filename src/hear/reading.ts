import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS } from "../domain/time.ts";
import { lostReading } from "../errors.ts";
import { readSlice, slicesOf, type ArchiveReader } from "./backfill.ts";
import type { Hearing, HearingLease, Reading, ReadingName, Stretch } from "../ports/index.ts";

/** Who reads a stretch to its end, and writes down how far it has come. */
export interface StretchReader extends ArchiveReader {
  readonly hearing: Pick<Hearing, "reading" | "runId" | "watchClock">;
  readonly lease: HearingLease;
  /** Told of each message and each slice. */
  readonly step: () => void;
  /** Asked before each slice whether it is to be read now. */
  readonly mayGoOn: () => Promise<boolean>;
}

/** What came of it; `isEnded`: all of it was read, and nothing is left but to finish it. */
export interface StretchRead {
  readonly reading: Reading;
  readonly isEnded: boolean;
  /** How many images were new. */
  readonly fresh: number;
}

/**
 * Reads a stretch slice by slice, or goes on with the reading of that name that was begun in this run of Redis and reaches as far
 * back; its end is then the one that it was begun with. Throws `UpstreamError`; what was read by then need not be read again,
 * unless Redis is in another run by then, or was set back.
 */
export async function readStretch(
  name: ReadingName,
  wanted: Stretch,
  runId: string,
  { hearing, lease, step, mayGoOn, ...reader }: StretchReader,
): Promise<StretchRead> {
  const begun = await hearing.reading(name);
  const isOld = begun !== null && begun.runId === runId && reachesOver(begun, wanted) && isPossible(begun);
  let reading: Reading = isOld ? begun : { ...wanted, runId, next: 0 };
  if (!isOld) await lease.begin(name, reading);
  let fresh = 0;
  for (const slice of slicesOf(reading).slice(reading.next)) {
    if (!(await mayGoOn())) return { reading, isEnded: false, fresh };
    fresh += (await readSlice(slice, reader, step)).new;
    await hearing.watchClock();
    if ((await hearing.runId()) !== runId) throw lostReading();
    reading = await lease.advance(name, reading);
    step();
  }
  return { reading, isEnded: true, fresh };
}

/** A position past the end was written by nobody of us: by it, all would count as read. */
function isPossible(begun: Reading): boolean {
  return begun.next <= slicesOf(begun).length;
}

/**
 * Whether the rest of what was begun is worth more than a new beginning. A short one is as soon read anew, up to now; what a wrong
 * clock began counts for nothing.
 */
function reachesOver(begun: Stretch, { start, end }: Stretch): boolean {
  const isLong = end - start > DAY_MS;
  return isLong && begun.start <= start && begun.end > start && believable(begun.end, end) !== null;
}
