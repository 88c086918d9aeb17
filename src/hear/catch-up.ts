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
 * A longer hole is no hole but a clock that was wrong: whoever starts first in 2016 must not read ten years when the clock is put
 * right. What the service knows of a deleted image is kept as long.
 */
const LONGEST_HOLE_MS = 400 * DAY_MS;

/**
 * Reads over the holes that a bus leaves which drops what it must: from where all was heard, with overlap; once a day, the
 * first time, and after Redis was started anew or set back, the whole first window. `heard_until` moves only when facts and
 * uploads up to there are read. `step` is told of each message and each slice. Resolves to how many images were new. Throws
 * `UpstreamError`.
 */
export async function catchUp(
  { hearing, log, firstBackfillMs, ...reader }: Listener,
  step: () => void = () => undefined,
): Promise<number> {
  await hearing.watchClock();
  // By clocks that agree: what a wrong one would write is believed by nobody, or keeps everybody from listening.
  const now = floorSecond(agreed(await reader.ingester.schedule.now()));
  const { memory, runId } = await recall(hearing, now, Math.max(LONGEST_HOLE_MS, firstBackfillMs), log);
  const isWhole = memory.heardUntil === null || memory.wholeAt === null || now - memory.wholeAt >= DAY_MS;
  const earliest = now - firstBackfillMs;
  // What was heard so long ago that the window does not reach it is read from there all the same: a hole is leaked images.
  const heard = memory.heardUntil === null ? earliest : memory.heardUntil - OVERLAP_MS;
  const start = isWhole ? Math.min(earliest, heard) : heard;
  const fresh = await readAll({ start, end: now }, reader, step);
  await hearing.remember({ heardUntil: now, runId, wholeAt: isWhole ? now : memory.wholeAt });
  log.info({ from: formatInstant(start), until: formatInstant(now), fresh }, "heard everything");
  return fresh;
}

/**
 * What is remembered and may be believed: nothing of another run of Redis but where its hearing ended, nothing of the future, and
 * nothing that is longer ago than `longestMs`.
 */
async function recall(
  hearing: Pick<Hearing, "memory" | "runId">,
  now: Instant,
  longestMs: number,
  log: Pick<Log, "warn">,
): Promise<{ readonly memory: Pick<HearingMemory, "heardUntil" | "wholeAt">; readonly runId: string | null }> {
  const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
  const wholeAt = runId !== null && memory.runId === runId ? believable(memory.wholeAt, now) : null;
  const heardUntil = believable(memory.heardUntil, now);
  if (heardUntil === null || now - heardUntil <= longestMs) return { memory: { heardUntil, wholeAt }, runId };
  const words =
    "heard last so long ago that a clock was wrong: only the first window is read; else, run clean-amis backfill";
  log.warn({ heardUntil: formatInstant(heardUntil), days: Math.ceil((now - heardUntil) / DAY_MS) }, words);
  return { memory: { heardUntil: null, wholeAt: null }, runId };
}

/** Resolves to how many images were new. */
async function readAll(stretch: Stretch, reader: ArchiveReader, step: () => void): Promise<number> {
  let fresh = 0;
  for (const slice of slicesOf(stretch)) {
    fresh += (await readSlice(slice, reader, step)).new;
    step();
  }
  return fresh;
}
