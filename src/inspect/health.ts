import type { Breaker } from "../domain/limits/breaker.ts";
import type { Pause, Stop } from "../domain/limits/budget.ts";
import type { Clocks } from "../domain/limits/clocks.ts";
import { believable } from "../domain/limits/deaf.ts";
import type { Instant } from "../domain/time.ts";
import { describeError, RefusedError } from "../errors.ts";
import type {
  Breakers,
  Budgets,
  Heard,
  Journal,
  Listen,
  Pulse,
  ReporterStatus,
  Schedule,
  Signs,
} from "../ports/index.ts";

/** Who reads how the service goes. */
export interface HealthReader {
  readonly schedule: Pick<Schedule, "now">;
  readonly listen: Listen;
  readonly journal: Pick<Journal, "status">;
  /** Null: the bus is told nothing. */
  readonly busJournal: Pick<Journal, "status"> | null;
  readonly pulse: Pick<Pulse, "signs">;
  readonly budgets: Pick<Budgets, "paused" | "stops">;
  readonly breakers: Pick<Breakers, "all">;
}

/** What was read, or, in one sentence, why it cannot be read. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** How the service goes, apart from its images: read once, for whoever tells of it. */
export interface Health {
  readonly clocks: Clocks;
  readonly heard: Reading<Heard>;
  readonly reporter: Reading<ReporterStatus | null>;
  /** How telling the bus goes; null: it was told nothing yet, or is told nothing. */
  readonly bus: Reading<ReporterStatus | null>;
  readonly signs: Reading<Signs>;
  readonly pause: Reading<Pause | null>;
  readonly stops: Reading<readonly Stop[]>;
  readonly breakers: Reading<ReadonlyMap<string, Breaker>>;
}

/** What stands in Redis and cannot be read keeps nothing else from being read. Throws `UpstreamError`. */
export async function readHealth(reader: HealthReader): Promise<Health> {
  const { schedule, listen, journal, busJournal, pulse, budgets, breakers } = reader;
  const clocks = await schedule.now();
  const [heard, reporter, bus, signs, pause, stops, open] = await Promise.all([
    // By the clock of whoever acts: this machine may be an operator's.
    reading(listen(clocks.at)),
    reading(journal.status()),
    reading(busJournal === null ? Promise.resolve(null) : busJournal.status()),
    reading(pulse.signs().then((signs) => believed(signs, clocks.shared))),
    reading(budgets.paused()),
    reading(budgets.stops()),
    reading(breakers.all()),
  ]);
  return { clocks, heard, reporter, bus, signs, pause, stops, breakers: open };
}

/** A sign of life that is still to come is none: a wrong clock wrote it, and whoever wrote it may have died since. */
function believed({ marks, replicas, hung }: Signs, now: Instant): Signs {
  return {
    hung,
    marks: Object.fromEntries(Object.entries(marks).filter(([, at]) => believable(at, now) !== null)),
    replicas: replicas.filter(({ seenAt }) => believable(seenAt, now) !== null),
  };
}

/** What an answer is, or why it is refused. Throws whatever else it rejects with. */
export async function reading<T>(answer: Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await answer };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { problem: describeError(error) };
  }
}
