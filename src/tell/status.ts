import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, type Instant } from "../domain/time.ts";
import { describeError, isForeign, orUnreadable, RefusedError, type UpstreamError } from "../errors.ts";
import type { Journal, Log, ReporterLease, Schedule } from "../ports/index.ts";
import { nowBy } from "./now.ts";

/** Where it is remembered how telling goes, and what a person is told of it: `the reports cannot be posted`. */
export interface StatusKeeper {
  readonly journal: Pick<Journal, "status">;
  readonly schedule: Pick<Schedule, "now">;
  readonly log: Log;
  readonly words: { readonly failing: string; readonly again: string };
}

/** Remembers how telling goes, for whoever watches; an alarm in the log when a person must mend something, once a day. */
export async function noteStatus(
  lease: Pick<ReporterLease, "noteStatus">,
  error: UpstreamError | RefusedError | null,
  { journal, schedule, log, words }: StatusKeeper,
): Promise<void> {
  const now = await nowBy({ schedule });
  const before = await orUnreadable(() => journal.status(), null, { log });
  const state = error === null ? "ok" : "failing";
  const since = before?.state === state ? (believable(before.since, now) ?? now) : now;
  const reason = error === null ? "" : describeError(error);
  await lease.noteStatus({ state, since, reason, checkedAt: now });
  const isKnown = before?.state === state && before.reason === reason && dayNumber(before.checkedAt) === dayNumber(now);
  // What cannot be read in Redis is told where it is met, once.
  if (error instanceof RefusedError && !isForeign(error) && !isKnown)
    log.error({ code: error.code, error: reason }, words.failing);
  if (error === null && before?.state === "failing") log.info({}, words.again);
}

/** Of what no calendar has, too. */
function dayNumber(at: Instant): number {
  return Math.floor(at / DAY_MS);
}
