import { DAY_MS, floorSecond, formatInstant, HOUR_MS } from "../domain/time.ts";
import { readSlice, slicesOf, type ArchiveReader } from "./backfill.ts";
import type { Clock, Hearing, Log, Stretch } from "../ports/index.ts";

/** Who reads in the archive what the bus did not bring. */
export interface Listener extends ArchiveReader {
  readonly hearing: Hearing;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  /** How far the first backfill, and the daily one, reach back. */
  readonly firstBackfillMs: number;
}

/** Read again before what was heard: a message may reach the archive later than the bus. */
const OVERLAP_MS = 2 * HOUR_MS;

/**
 * Reads over the holes that a bus leaves which drops what it must: from where all was heard, with overlap; once a day, the
 * first time, and after Redis was started anew, the whole first window. `heard_until` moves only when facts and uploads up to
 * there are read. Resolves to how many images were new. Throws `UpstreamError`.
 */
export async function catchUp({ hearing, clock, log, firstBackfillMs, ...reader }: Listener): Promise<number> {
  const now = floorSecond(clock.now());
  const memory = await hearing.memory();
  const runId = await hearing.runId();
  const isWhole =
    memory.heardUntil === null || memory.runId !== runId || memory.wholeAt === null || now - memory.wholeAt >= DAY_MS;
  const earliest = now - firstBackfillMs;
  // What was heard so long ago that the window does not reach it is read from there all the same: a hole is leaked images.
  const heard = memory.heardUntil === null ? earliest : memory.heardUntil - OVERLAP_MS;
  const start = isWhole ? Math.min(earliest, heard) : heard;
  const fresh = await readAll({ start, end: now }, reader);
  await hearing.remember({ heardUntil: now, runId, wholeAt: isWhole ? now : memory.wholeAt });
  log.info({ from: formatInstant(start), until: formatInstant(now), fresh }, "heard everything");
  return fresh;
}

/** Resolves to how many images were new. */
async function readAll(stretch: Stretch, reader: ArchiveReader): Promise<number> {
  let fresh = 0;
  for (const slice of slicesOf(stretch)) fresh += (await readSlice(slice, reader)).new;
  return fresh;
}
