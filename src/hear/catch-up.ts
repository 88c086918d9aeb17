import { agreed } from "../domain/limits/clocks.ts";
import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, floorSecond, formatInstant, HOUR_MS, type Instant } from "../domain/time.ts";
import { lostReading } from "../errors.ts";
import type { ArchiveReader } from "./backfill.ts";
import { heardOf } from "./hearing.ts";
import { readStretch, type StretchReader } from "./reading.ts";
import type { Hearing, HearingMemory, Log, Stretch } from "../ports/index.ts";

/** Who reads in the archive what the bus did not bring. */
export interface Listener extends ArchiveReader {
  readonly hearing: Hearing;
  readonly log: Log;
  /** How far the first backfill, and the daily one, reach back. */
  readonly firstBackfillMs: number;
}

/** How one reading is done: under whose right, told whom, and for how long. */
export type ReadingTurn = Pick<StretchReader, "lease" | "step" | "mayGoOn">;

/** Read again before what was heard: a message may reach the archive later than the bus. */
const OVERLAP_MS = 2 * HOUR_MS;

/**
 * A longer hole is no hole but a clock that was wrong: whoever starts first in 2016 must not read ten years when the clock is put
 * right. What the service knows of a deleted image is kept as long.
 */
const LONGEST_HOLE_MS = 400 * DAY_MS;

/**
 * Reads over the hole that a bus leaves which drops what it must: from where all was heard, with overlap, up to now; the first
 * time, and after Redis was started anew or set back, the whole first window. `heard_until` moves only when facts and uploads
 * up to there are read. Throws `UpstreamError`.
 */
export async function hearNew(
  { hearing, log, firstBackfillMs, ...reader }: Listener,
  turn: ReadingTurn,
): Promise<void> {
  await hearing.watchClock();
  const now = await nowOf(reader);
  const longestMs = Math.max(LONGEST_HOLE_MS, firstBackfillMs);
  const { heardUntil, wholeAt, runId } = await recall(hearing, now, longestMs, log);
  const earliest = now - firstBackfillMs;
  // What was heard so long ago that the window does not reach it is read from there all the same: a hole is leaked images.
  const since = heardUntil === null ? earliest : heardUntil - OVERLAP_MS;
  const isFirst = heardUntil === null || wholeAt === null;
  const [name, start] = isFirst ? (["first", Math.min(earliest, since)] as const) : (["new", since] as const);
  const { reading, isEnded, fresh } = await readStretch(name, { start, end: now }, runId, {
    hearing,
    ...reader,
    ...turn,
  });
  if (!isEnded) return;
  const { end } = reading;
  await turn.lease.finish(
    name,
    reading,
    isFirst ? { heardUntil: end, runId, wholeAt: end } : { heardUntil: Math.max(heardUntil, end) },
  );
  log.info({ ...told(reading), fresh }, "heard everything");
}

/**
 * Reads the whole first window again, for what came late to the archive, as far as `turn` lets it; the next one goes on there.
 * To be called when all is heard; touches nothing of that, nor does it count in another run of Redis. Throws `UpstreamError`.
 */
export async function hearAgain(
  { hearing, log, firstBackfillMs, ...reader }: Listener,
  turn: ReadingTurn,
): Promise<void> {
  await hearing.watchClock();
  const now = await nowOf(reader);
  const runId = await hearing.runId();
  if (runId === null || !isWindowDue(await hearing.memory(), runId, now)) return;
  const window = { start: now - firstBackfillMs, end: now };
  const { reading, isEnded, fresh } = await readStretch("whole", window, runId, { hearing, ...reader, ...turn });
  if (!isEnded) return;
  await turn.lease.finish("whole", reading, { wholeAt: reading.end });
  log.info({ ...told(reading), fresh }, "heard the whole first window again");
}

/** Whether the whole first window is to be read again, which is once a day; not while it has to be read first of all. */
export function isWindowDue(memory: HearingMemory, runId: string | null, now: Instant): boolean {
  const wholeAt = believable(memory.wholeAt, now);
  return heardOf(memory, runId, now).until !== null && wholeAt !== null && now - wholeAt >= DAY_MS;
}

/** By clocks that agree: what a wrong one would write is believed by nobody, or keeps everybody from listening. */
async function nowOf({ ingester }: ArchiveReader): Promise<Instant> {
  return floorSecond(agreed(await ingester.schedule.now()));
}

function told({ start, end }: Stretch): object {
  return { from: formatInstant(start), until: formatInstant(end) };
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
): Promise<Pick<HearingMemory, "heardUntil" | "wholeAt"> & { readonly runId: string }> {
  const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
  if (runId === null) throw lostReading();
  const wholeAt = memory.runId === runId ? believable(memory.wholeAt, now) : null;
  const heardUntil = believable(memory.heardUntil, now);
  if (heardUntil === null || now - heardUntil <= longestMs) return { heardUntil, wholeAt, runId };
  const words =
    "heard last so long ago that a clock was wrong: only the first window is read; else, run clean-amis backfill";
  log.warn({ heardUntil: formatInstant(heardUntil), days: Math.ceil((now - heardUntil) / DAY_MS) }, words);
  return { heardUntil: null, wholeAt: null, runId };
}
