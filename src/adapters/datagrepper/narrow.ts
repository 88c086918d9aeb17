import { ROWS_PER_PAGE, type Asking, type Page, type RowPlace, type Search } from "./calls.ts";
import { headOf, markOf, seeThatRowsAreGiven, type Hands } from "./marks.ts";
import type { Row } from "./rows.ts";
import { readSecondInRows } from "./second.ts";
import { answers, canBeRows, insist, isOwnAnswer, pauseMs } from "./patience.ts";
import { floorSecond, SECOND_MS, type Instant } from "../../domain/time.ts";
import type { UpstreamError } from "../../errors.ts";
import type { Clock } from "../../ports/index.ts";

/** A page as far as it could be had. */
export interface ReadPage extends Page {
  /** What kept some row from being read; null: nothing. */
  readonly spoilt: UpstreamError | null;
  /** The second whose rows have changed places between the calls, so that some may be missing; null: none is. */
  readonly tornAt: Instant | null;
}

/** Reads pages of one filter, whatever stands in their rows. */
export interface Reader {
  /** The rows of a page of 100, the unreadable ones among them; `isLong`: the slice can be cut instead of waited for. */
  page(slice: Search, number: number, isLong: boolean): Promise<ReadPage>;
  count(slice: Search): Promise<number>;
  /** The rows of a page of 100, as one answer gives them. */
  plain(slice: Search, number: number): Promise<Page>;
  /** All rows of a second, a page of which cannot be had for `cause`. */
  second(slice: Search, cause: UpstreamError): Promise<Page>;
}

/** So often a row fails by itself, while its range can be counted, before it is given up. */
const ROW_ATTEMPTS = 3;
const ROWS_OF_FEW = 10;
/** A slice that cannot be made smaller is asked for once more after so long. */
const LAST_PAUSE_MS = 30 * SECOND_MS;

/**
 * A reader over calls that are tried once. What fails is tried again once or twice, and then made smaller: where the slice can
 * be counted, it is not too much for the database, and some row spoils the page: it is read in tens and single rows. A row is
 * given up only when it fails steadily while its range is counted; and where the failure could be one of slowness, only when
 * rows beside it are given. Throws `UpstreamError` for everything else.
 */
export function openReader(asking: Asking, clock: Clock): Reader {
  const hands: Hands = { asking, clock };
  const count = (slice: Search): Promise<number> => insist(() => asking.count(slice), clock);
  return {
    count,
    plain: (slice, number) => insist(() => asking.page(slice, { page: number }), clock),
    second: (slice, cause) => readSecondInRows(slice, cause, hands),
    page: async (slice, number, isLong) => {
      const ask = async (): Promise<ReadPage> => ({
        ...(await insist(() => asking.page(slice, { page: number }), clock)),
        spoilt: null,
        tornAt: null,
      });
      try {
        return await ask();
      } catch (error) {
        // What may be slowness is made smaller in time first.
        if (!canBeRows(error) || (isLong && !isOwnAnswer(error))) throw error;
        const isCounted = await answers(() => asking.count(slice));
        if (isCounted) return readInRows(slice, number, error, hands);
        if (isLong) throw error;
        await clock.sleep(LAST_PAUSE_MS);
        return ask();
      }
    },
  };
}

/** A page of 100 in tens and single rows, with a mark in the place of each that cannot be had. */
async function readInRows(slice: Search, number: number, cause: UpstreamError, hands: Hands): Promise<ReadPage> {
  const first = (number - 1) * ROWS_PER_PAGE;
  const total = await insist(() => hands.asking.count(slice), hands.clock);
  const expected = Math.max(0, Math.min(ROWS_PER_PAGE, total - first));
  // A page that fails and has no rows fails by something else.
  if (expected === 0) throw cause;
  const { rows, lost } = await readRound(slice, first, expected, hands);
  const distinct = new Map(rows.map((row) => [row.key, row]));
  if (rows.length + lost.length !== expected || distinct.size < rows.length)
    return { total, rows: [...distinct.values()], spoilt: cause, tornAt: busiestSecond(rows, slice) };
  const marks = await markAll(lost, slice, first, rows, hands);
  const all = [...rows, ...marks].toSorted((one, other) => (one.second ?? 0) - (other.second ?? 0));
  return { total, rows: all, spoilt: lost[0]?.error ?? null, tornAt: null };
}

/** The second that most of the rows are of: where rows can change their places. */
function busiestSecond(rows: readonly Row[], slice: Search): Instant {
  const counts = new Map<Instant, number>();
  for (const { second } of rows)
    if (second !== null && second >= floorSecond(slice.start) && second < slice.end)
      counts.set(second, (counts.get(second) ?? 0) + 1);
  const [busiest] = [...counts].toSorted(([, one], [, other]) => other - one);
  return busiest?.[0] ?? floorSecond(slice.start);
}

/** A place in the order of a slice whose row cannot be had, and what came instead. */
interface Lost {
  readonly at: number;
  readonly error: UpstreamError;
}

interface Round {
  readonly rows: readonly Row[];
  readonly lost: readonly Lost[];
}

async function readRound(slice: Search, first: number, expected: number, hands: Hands): Promise<Round> {
  const { asking, clock } = hands;
  const rows: Row[] = [];
  const lost: Lost[] = [];
  for (let at = first; at < first + expected; at += ROWS_OF_FEW) {
    const place: RowPlace = { page: at / ROWS_OF_FEW + 1, rowsPerPage: ROWS_OF_FEW };
    try {
      rows.push(...(await insist(() => asking.page(slice, place), clock)).rows);
    } catch (error) {
      if (!canBeRows(error)) throw error;
      for (let each = at; each < Math.min(at + ROWS_OF_FEW, first + expected); each += 1) {
        const row = await readRow(slice, each, hands);
        if (!("error" in row)) rows.push(...row.rows);
        else lost.push(row);
        // Nothing was given yet: before everything is asked for one by one, it is seen whether anything is.
        if (lost.length === 1 && rows.length === 0 && "error" in row && !isOwnAnswer(row.error))
          await seeThatRowsAreGiven(slice, row.error, asking);
      }
    }
  }
  const weather = lost.find(({ error }) => !isOwnAnswer(error))?.error;
  if (weather !== undefined && rows.length === 0) await seeThatRowsAreGiven(slice, weather, asking);
  return { rows, lost };
}

/** One row by its place; what came instead, when it fails steadily in both forms while its range is counted. */
async function readRow(slice: Search, at: number, { asking, clock }: Hands): Promise<Page | Lost> {
  for (let attempt = 1; ; attempt += 1) {
    const form = attempt === ROW_ATTEMPTS ? ({ form: "raw" } as const) : {};
    try {
      return await asking.page(slice, { page: at + 1, rowsPerPage: 1, ...form });
    } catch (error) {
      if (!canBeRows(error)) throw error;
      // Throws when it is the archive that fails, and not the row.
      await asking.count(slice);
      if (attempt === ROW_ATTEMPTS) return { at, error };
      await clock.sleep((isOwnAnswer(error) ? 1 : 10) * pauseMs(attempt));
    }
  }
}

/** The rows that cannot be had, each by its id or by its second and its number among them. */
async function markAll(
  lost: readonly Lost[],
  slice: Search,
  first: number,
  rows: readonly Row[],
  hands: Hands,
): Promise<readonly Row[]> {
  const ordinals = new Map<Instant, number>();
  const marks: Row[] = [];
  for (const [index, { at, error }] of lost.entries()) {
    // What is before it in the order are the rows of this page up to it, and what was lost before.
    const before = rows[at - first - index - 1]?.second ?? floorSecond(slice.start);
    const after = rows[at - first - index]?.second ?? floorSecond(slice.end - 1);
    if (headOf(error) !== "") {
      marks.push(markOf({ second: before, ordinal: 0, error }, hands));
      continue;
    }
    const second = await secondOf(at, { start: before, end: after }, slice, hands);
    const ordinal = (ordinals.get(second) ?? 0) + 1;
    ordinals.set(second, ordinal);
    marks.push(markOf({ second, ordinal, error }, hands));
  }
  return marks;
}

/** The second under which the row with that place in the order stands, found by counting. */
async function secondOf(at: number, between: Search, slice: Search, { asking, clock }: Hands): Promise<Instant> {
  let [low, high] = [between.start / SECOND_MS, between.end / SECOND_MS];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const end = Math.min((middle + 1) * SECOND_MS, slice.end);
    if ((await insist(() => asking.count({ start: slice.start, end }), clock)) > at) high = middle;
    else low = middle + 1;
  }
  return low * SECOND_MS;
}
