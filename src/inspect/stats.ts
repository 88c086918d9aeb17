import { QUEUES, type Queue } from "../domain/image/lifecycle.ts";
import { describeTrouble, type Breaker } from "../domain/limits/breaker.ts";
import type { ActKind, Pause, Stop } from "../domain/limits/budget.ts";
import { ACT_KINDS } from "../domain/limits/budget.ts";
import { isRefusalCode } from "../domain/plan/refusal.ts";
import { ALTERED } from "../domain/released/guard.ts";
import { DAY_MS, dayOf, SECOND_MS, type Instant } from "../domain/time.ts";
import { reading, readHealth, type Health, type HealthReader, type Reading } from "./health.ts";
import type {
  Budgets,
  Counted,
  Counts,
  Heard,
  Orders,
  Queues,
  RejectedMessages,
  ReporterStatus,
  Signs,
  Waiting,
} from "../ports/index.ts";

/** Who counts. */
export interface Counter {
  readonly queues: Pick<Queues, "regions" | "count" | "first">;
  readonly counts: Pick<Counts, "read">;
  readonly budgets: Pick<Budgets, "spent">;
  readonly rejected: Pick<RejectedMessages, "count">;
  readonly orders: Pick<Orders, "count">;
}

/** Who reads the figures. */
export type StatsReader = Omit<HealthReader, "budgets"> &
  Omit<Counter, "budgets"> & { readonly budgets: HealthReader["budgets"] & Counter["budgets"] };

/** Figures of the whole, at one moment. */
export interface Stats {
  readonly at: Instant;
  readonly regions: readonly RegionStats[];
  /** The coming days, today first, from now on: how many wake up in the queues of acts. */
  readonly days: readonly { readonly day: string; readonly private: number; readonly delete: number }[];
  /** What is due by now, in each queue. */
  readonly overdue: readonly { readonly queue: Queue; readonly images: number; readonly oldest: Waiting | null }[];
  readonly spent: Readonly<Record<ActKind, number>>;
  readonly pause: Pause | null;
  readonly stops: readonly Stop[];
  readonly heard: Pick<Heard, "until" | "deafness" | "lateSince"> | null;
  readonly reporter: ReporterStatus | null;
  /** Of telling the bus; null: it was told nothing yet, or is told nothing. */
  readonly bus: ReporterStatus | null;
  readonly signs: Signs;
  /** Regions that are left alone for a while, and why. */
  readonly breakers: readonly (Pick<Breaker, "trouble" | "since"> & {
    readonly region: string;
    readonly why: string;
  })[];
  /** Messages that could not be understood. */
  readonly rejected: number;
  /** Of people, not carried out yet: nothing is acted on before they are. */
  readonly ordersWaiting: number;
}

/** The images of a region that are not known to be deleted or gone. */
export interface RegionStats {
  readonly region: string;
  readonly images: number;
  /** How many of them the stages have counted; more or fewer than `images`: they are being counted, or a record is lost. */
  readonly counted: number;
  /** By stage; an unknown stage is counted as it is called, or as `?`, and so is what is not counted. */
  readonly stages: Readonly<Record<string, number>>;
  /** Refused, among them. */
  readonly refused: number;
  /** Not shown by EC2 when they were looked at last, among them. */
  readonly missing: number;
  /** Released, and not as they should be, among them. */
  readonly altered: number;
  /** Private, and waiting for the public notice, among them. */
  readonly untold: number;
}

const DAYS = 14;

/**
 * How the service goes, and how many images are where. `tell` is told what of ours cannot be read, one sentence each; the rest is
 * counted. Throws `UpstreamError`.
 */
export async function readStats(now: Instant, reader: StatsReader, tell: (problem: string) => void): Promise<Stats> {
  return countAll(now, await readHealth(reader), reader, tell);
}

/**
 * The same with what was read already. Counts by queue and day from the sorted sets, and by stage from the counts that are kept:
 * in a number of Redis commands that grows with the regions alone. Throws `UpstreamError`.
 */
export async function countAll(
  now: Instant,
  { heard, reporter, bus, signs, pause, stops, breakers }: Health,
  { queues, counts, budgets, rejected, orders }: Counter,
  tell: (problem: string) => void,
): Promise<Stats> {
  const orTell: OrTell = async (answer, instead) => valueOr(await reading(answer), instead);
  const valueOr = <T, U>(read: Reading<T>, instead: U): T | U => {
    if ("value" in read) return read.value;
    tell(read.problem);
    return instead;
  };
  const names = await orTell(queues.regions(), []);
  const regions = await Promise.all(names.map((region) => regionStats(region, counts, orTell)));
  const noSigns: Signs = { marks: {}, replicas: [], hung: [] };
  const [makePrivate = 0, deletes = 0] = await Promise.all(ACT_KINDS.map((kind) => budgets.spent(kind, now)));
  return {
    at: now,
    regions,
    days: await orTell(dayCounts(names, now, queues), []),
    overdue: await overdueOf(names, now, queues, orTell),
    spent: { private: makePrivate, delete: deletes },
    pause: valueOr(pause, null),
    stops: valueOr(stops, []),
    heard: valueOr(heard, null),
    reporter: valueOr(reporter, null),
    bus: valueOr(bus, null),
    signs: valueOr(signs, noSigns),
    breakers: [...valueOr(breakers, [])].map(([region, breaker]) => {
      const { trouble, since } = breaker;
      return { region, trouble, since, why: describeTrouble(breaker) };
    }),
    rejected: await orTell(rejected.count(), 0),
    ordersWaiting: await orTell(orders.count(), 0),
  };
}

/** Gives something instead of an answer that is refused, and tells why. */
type OrTell = <T, U>(answer: Promise<T>, instead: U) => Promise<T | U>;

async function regionStats(region: string, counts: Pick<Counts, "read">, orTell: OrTell): Promise<RegionStats> {
  const none: Counted = { images: 0, stages: {}, errors: {}, untold: 0 };
  const { images, stages, errors, untold } = await orTell(counts.read(region), none);
  const counted = sum(Object.values(stages));
  const unknown = (stages["?"] ?? 0) + Math.max(0, images - counted);
  const having = (isAsked: (code: string) => boolean): number =>
    sum(Object.entries(errors).map(([code, count]) => (isAsked(code) ? count : 0)));
  return {
    region,
    images,
    counted,
    stages: unknown === 0 ? stages : { ...stages, "?": unknown },
    refused: having(isRefusalCode),
    missing: having((code) => code === "unseen" || code === "missing"),
    altered: having((code) => code === ALTERED),
    untold,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

async function dayCounts(
  regions: readonly string[],
  now: Instant,
  queues: Pick<Queues, "count">,
): Promise<Stats["days"]> {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const days = Array.from({ length: DAYS }, (_, index) => today + index * DAY_MS);
  return Promise.all(
    days.map(async (day) => {
      // What is due by now is counted as overdue; scores are whole seconds.
      const from = Math.max(day, afterNow(now));
      const counts = ACT_KINDS.map(async (kind) => {
        const found = await Promise.all(regions.map((region) => queues.count(region, kind, from, day + DAY_MS)));
        return sum(found);
      });
      const [makePrivate = 0, deletes = 0] = await Promise.all(counts);
      return { day: dayOf(day), private: makePrivate, delete: deletes };
    }),
  );
}

async function overdueOf(
  regions: readonly string[],
  now: Instant,
  queues: Pick<Queues, "count" | "first">,
  orTell: OrTell,
): Promise<Stats["overdue"]> {
  return Promise.all(
    QUEUES.map(async (queue) => {
      const counts = regions.map((region) => orTell(queues.count(region, queue, -Infinity, afterNow(now)), 0));
      const firsts = regions.map((region) => orTell(queues.first(region, queue), null));
      const due = (await Promise.all(firsts)).filter((first) => first !== null && first.wakeAt <= now);
      const [oldest = null] = due.sort((a, b) => (a?.wakeAt ?? 0) - (b?.wakeAt ?? 0));
      return { queue, images: sum(await Promise.all(counts)), oldest };
    }),
  );
}

/** The first whole second after now. */
function afterNow(now: Instant): Instant {
  return (Math.floor(now / SECOND_MS) + 1) * SECOND_MS;
}
