import { openSearch, ROWS_PER_PAGE } from "./calls.ts";
import type { DatagrepperAccess, SearchFilter, Page, Search } from "./calls.ts";
import { openReader, type Reader } from "./narrow.ts";
import { canBeRows, isOfArchive } from "./patience.ts";
import type { Row } from "./rows.ts";
import { ceilSecond, DAY_MS, floorSecond, MINUTE_MS, SECOND_MS } from "../../domain/time.ts";
import type { Instant } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";
import type { Archive, Message } from "../../ports/index.ts";

/** A slice with more rows is cut, to spare the database: it counts all rows of a slice for every page of it. */
const MOST_ROWS = 2_000;
const MOST_PARTS = 100;
/** No single second has so many. */
const MOST_ROWS_A_SECOND = 10_000;
/** How often a second with more than a page is read before it is given up. */
const ATTEMPTS = 20;
/**
 * A search that outlives the gateway's patience ends in 504 or 502, a broken connection, half a page or a web page, as the
 * gateway likes: whatever fails for a longer slice than this is read in smaller ones.
 */
const SHORTEST_CUT_MS = 10 * MINUTE_MS;
const PARTS_OF_TOO_MUCH = 24;

/**
 * Fedora's message archive. A range is read in slices of at most a day, one page at a time, and no more than a page is held.
 *
 * datagrepper's pages are OFFSETs over rows that are sorted by their timestamp alone: rows of one second may change places
 * between two pages, and a row that is added meanwhile shifts all later ones. A repeat is harmless here, a loss is not. So
 * it is asked for first pages only, each beginning with the last second of the one before, which that page may have cut in
 * two. Only a second with more than a page is read by OFFSET, until as many different rows were seen as it has. When a slice
 * that took several calls is through, its rows are counted once more: if any was added behind the reader's back, the slice
 * is read again in halves. What is stored after that is for the next, overlapping reading.
 *
 * A row that is no message comes with an empty topic, its datagrepper id and the row's JSON as body. A page that cannot be
 * had is read in fewer rows, down to the row that spoils it (`openReader`); where not even the count of a slice can be had,
 * the slice is too much, and cut.
 *
 * Throws `UpstreamError` when the smallest slice cannot be counted either, when the answer is no search result, or never
 * steady (`UNSTEADY`), and `RefusedError` for 4xx but 408, 425 and 429, and for a password in the address.
 */
export function openDatagrepper(access: DatagrepperAccess): Archive {
  const search = openSearch(access);
  return {
    messages: async function* ({ categories = [], topics = [], contains, start, end }) {
      const filter = filterOf(categories, topics, contains ?? null);
      // No filter at all would be the whole bus; a start of 0 switches datagrepper's range off.
      if (filter === null) return;
      const range = { start: Math.max(SECOND_MS, Math.floor(start)), end: Math.ceil(end) };
      const isEither = categories.length > 0 && topics.length > 0;
      const isWanted = ({ topic }: Message): boolean =>
        !isEither || topic === "" || topics.includes(topic) || categories.includes(categoryOf(topic));
      const reader = openReader(search(filter), access.clock);
      // A word narrows a search enough to be asked for at once.
      const slices = cut(range, contains === undefined ? DAY_MS : Infinity);
      for await (const page of pagesOf(reader, slices))
        for (const { message } of page) if (isWanted(message)) yield message;
    },
  };
}

/** datagrepper ands categories and topics; asked for either, it is asked for all their categories. */
function filterOf(
  categories: readonly string[],
  topics: readonly string[],
  contains: string | null,
): SearchFilter | null {
  if (categories.length + topics.length === 0) return null;
  if (categories.length === 0 || topics.length === 0) return { categories, topics, contains };
  return { categories: [...new Set([...categories, ...topics.map(categoryOf)])], topics: [], contains };
}

function categoryOf(topic: string): string {
  return topic.split(".")[3] ?? "";
}

async function* pagesOf(reader: Reader, slices: readonly Search[]): AsyncGenerator<readonly Row[]> {
  const todo = slices.toReversed();
  for (let slice = todo.pop(); slice !== undefined; slice = todo.pop()) {
    const lengthMs = slice.end - slice.start;
    const isLong = lengthMs > SHORTEST_CUT_MS;
    try {
      todo.push(...(yield* readSlice(reader, slice, isLong)).toReversed());
    } catch (error) {
      // An archive that contradicts itself answers, and will not be steadier in pieces.
      if (!isLong || !isOfArchive(error) || ["UNSTEADY", "UNKNOWN_SHAPE"].includes(error.code)) throw error;
      todo.push(...inParts(slice, PARTS_OF_TOO_MUCH).toReversed());
    }
  }
}

/** Reads a slice and returns the parts that must be read again: none when nothing was lost. */
async function* readSlice(
  reader: Reader,
  slice: Search,
  isLong: boolean,
): AsyncGenerator<readonly Row[], readonly Search[]> {
  let count = 0;
  /** The rows of the second that the last page ended in. */
  let seam = new Set<string>();
  for (let from = slice.start; from < slice.end;) {
    const rest = { start: from, end: slice.end };
    const page = await reader.page(rest, 1, isLong);
    const isFirst = from === slice.start;
    if (isFirst && page.total > MOST_ROWS && isDivisible(slice))
      return inParts(slice, Math.min(MOST_PARTS, Math.ceil((2 * page.total) / MOST_ROWS)));
    if (page.tornAt !== null && isDivisible(rest)) return around(page.tornAt, rest);
    const isLast = page.rows.length < ROWS_PER_PAGE && page.rows.length === page.total;
    const second = page.tornAt ?? (isLast ? slice.end : lastSecond(page, rest));
    if (second > floorSecond(from)) {
      yield page.rows.filter(({ key }) => !seam.has(key));
      // One answer is one SELECT: nothing stands between its rows.
      if (isLast && isFirst && page.spoilt === null) return [];
      const cutAt = page.rows.findIndex((row) => row.second !== null && row.second >= second);
      const whole = cutAt < 0 ? page.rows.length : cutAt;
      count += whole;
      seam = new Set(page.rows.slice(whole).map(({ key }) => key));
      from = second;
    } else {
      const end = Math.min(floorSecond(from) + SECOND_MS, slice.end);
      count += yield* readSecond(reader, { start: from, end }, seam);
      seam = new Set();
      from = end;
    }
  }
  return isDivisible(slice) && (await reader.count(slice)) > count ? inParts(slice, 2) : [];
}

function inParts(slice: Search, parts: number): Search[] {
  return cut(slice, ceilSecond((slice.end - slice.start) / parts));
}

/** What is left of a slice before, in, and after a second that must be read by itself. */
function around(second: Instant, { start, end }: Search): Search[] {
  const marks = [start, Math.max(start, second), Math.min(end, second + SECOND_MS), end];
  return marks.slice(1).flatMap((to, index) => {
    const from = marks[index] ?? end;
    return from < to ? [{ start: from, end: to }] : [];
  });
}

/** The second in which a page ends that is not the last one. */
function lastSecond(page: Page, slice: Search): Instant {
  const second = page.rows.findLast((row) => row.second !== null)?.second ?? null;
  if (page.rows.length < ROWS_PER_PAGE || second === null || second < floorSecond(slice.start) || second >= slice.end)
    throw unsteady(slice, "gave rows that are not those it counted");
  return second;
}

/**
 * Reads a second that has more rows than a page, page after page, until as many different rows were seen as it has, and
 * returns how many. What is in `seen` was yielded before.
 */
async function* readSecond(reader: Reader, slice: Search, seen: Set<string>): AsyncGenerator<readonly Row[], number> {
  // Rows are never taken away, so what an earlier attempt has seen counts.
  const found = new Set<string>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // A page after the last one is empty, which shows that the last one, if full, has lost no row to one added meanwhile.
    for (let [number, isEnd] = [1, false]; !isEnd; number += 1) {
      const page = await pageOrSecond(reader, slice, number);
      const { total, rows } = page;
      if (total > MOST_ROWS_A_SECOND) throw unsteady(slice, `has ${total} messages in one second`);
      for (const { key } of rows) found.add(key);
      yield rows.filter(({ key }) => !seen.has(key));
      for (const { key } of rows) seen.add(key);
      if (page.isSecond) return total;
      isEnd = rows.length < ROWS_PER_PAGE || number * ROWS_PER_PAGE > total;
    }
    const total = await reader.count(slice);
    if (found.size >= total) return found.size;
  }
  throw unsteady(slice, `gave no steady answer in ${ATTEMPTS} attempts`);
}

/** A page of a second; all of the second where some row spoils the page. */
async function pageOrSecond(
  reader: Reader,
  slice: Search,
  number: number,
): Promise<Page & { readonly isSecond: boolean }> {
  try {
    return { ...(await reader.plain(slice, number)), isSecond: false };
  } catch (error) {
    if (!canBeRows(error)) throw error;
    return { ...(await reader.second(slice, error)), isSecond: true };
  }
}

function isDivisible({ start, end }: Search): boolean {
  return floorSecond(end - 1) > floorSecond(start);
}

/** Pieces of `stepMs`, on whole seconds but for the range's own ends; none for an empty range. */
function cut({ start, end }: Search, stepMs: number): Search[] {
  const pieces: Search[] = [];
  for (let at = floorSecond(start); at < end; at += stepMs)
    pieces.push({ start: Math.max(at, start), end: Math.min(at + stepMs, end) });
  return pieces;
}

function unsteady(slice: Search, what: string): UpstreamError {
  const from = new Date(slice.start).toISOString();
  const message = `datagrepper: the archive ${what} from ${from} on; it is tried again later`;
  return new UpstreamError("datagrepper", "UNSTEADY", message);
}
