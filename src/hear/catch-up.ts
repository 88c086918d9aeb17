import { agreed } from "../domain/limits/clocks.ts";
import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, floorSecond, formatInstant, HOUR_MS, type Instant } from "../domain/time.ts";
import { readSlice, slicesOf, type ArchiveReader } from "./backfill.ts";
import type { Hearing, HearingMemory, Log, Stretch } from "../ports/index.ts";

/** Who reads in the archive what the bus did not bring. */
export interface Listener extends ArchiveReader {
  readonly hearing: Hearing;
  readonly log: Log;
  /** How far the first backfill, and the daily one, reach back. */
  readonly firstBackfillMs: number;
}

/** Read again before what was heard: a message may reach the archive later than the bus. */
const OVERLAP_MS = 2 * HOUR_MS;

/**
 * Reads over the holes that a bus leaves which drops what it must: from where all was heard, with overlap; once a day, the
 * first time, and after Redis was started anew or set back, the whole first window. `heard_until` moves only when facts and uploads up to
 * there are read. Resolves to how many images were new. Throws `UpstreamError`.
 */
export async function catchUp({ hearing, log, firstBackfillMs, ...reader }: Listener): Promise<number> {
  await hearing.watchClock();
  // By clocks that agree: what a wrong one would write is believed by nobody, or keeps everybody from listening.
  const now = floorSecond(agreed(await reader.ingester.schedule.now()));
  const { memory, runId } = await recall(hearing, now);
  const isWhole = memory.heardUntil === null || memory.wholeAt === null || now - memory.wholeAt >= DAY_MS;
  const earliest = now - firstBackfillMs;
  // What was heard so long ago that the window does not reach it is read from there all the same: a hole is leaked images.
  const heard = memory.heardUntil === null ? earliest : memory.heardUntil - OVERLAP_MS;
  const start = isWhole ? Math.min(earliest, heard) : heard;
  const fresh = await readAll({ start, end: now }, reader);
  await hearing.remember({ heardUntil: now, runId, wholeAt: isWhole ? now : memory.wholeAt });
  log.info({ from: formatInstant(start), until: formatInstant(now), fresh }, "heard everything");
  return fresh;
}

/** What is remembered and may be believed: nothing of another run of Redis but where its hearing ended, and nothing of the future. */
async function recall(
  hearing: Pick<Hearing, "memory" | "runId">,
  now: Instant,
): Promise<{ readonly memory: Pick<HearingMemory, "heardUntil" | "wholeAt">; readonly runId: string | null }> {
  const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
  const wholeAt = runId !== null && memory.runId === runId ? believable(memory.wholeAt, now) : null;
  return { memory: { heardUntil: believable(memory.heardUntil, now), wholeAt }, runId };
}

/** Resolves to how many images were new. */
async function readAll(stretch: Stretch, reader: ArchiveReader): Promise<number> {
  let fresh = 0;
  for (const slice of slicesOf(stretch)) fresh += (await readSlice(slice, reader)).new;
  return fresh;
}
