import { describeCall, openHttp } from "../http/http.ts";
import type { Http, HttpCall } from "../http/http.ts";
import { AnswerError } from "../http/answer-error.ts";
import { rowOf, type ArchiveForm, type Row } from "./rows.ts";
import { parsePythonJson } from "../../domain/python-json.ts";
import { floorSecond, formatInstant, MINUTE_MS, SECOND_MS } from "../../domain/time.ts";
import type { Instant } from "../../domain/time.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Clock } from "../../ports/index.ts";

/** How datagrepper is spoken to. */
export interface DatagrepperAccess {
  /** @default "https://apps.fedoraproject.org/datagrepper" */
  readonly url?: string;
  readonly userAgent: string;
  /** For each call, in milliseconds. datagrepper itself gives up after 60 seconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /**
   * `raw` is `/raw`, `v2` is `/v2/search`: the same search, another form of items. `/raw` costs their database two hundred
   * statements a page, `/v2/search` two. @default "v2"
   */
  readonly form?: ArchiveForm;
  /** Calls a second at the most, retries among them; `Infinity` for no limit. Their robots.txt asks for one. @default 1 */
  readonly ratePerSecond?: number;
}

/** From `start` up to, not including, `end`. */
export interface Search {
  readonly start: Instant;
  readonly end: Instant;
}

/** Values of one name are or-ed, the names and-ed. */
export interface SearchFilter {
  readonly categories: readonly string[];
  readonly topics: readonly string[];
  /** A word that stands in the body; null: any body. */
  readonly contains: string | null;
}

/** One page of a slice, and how many rows the slice has in all, as datagrepper counted them for this answer. */
export interface Page {
  readonly total: number;
  readonly rows: readonly Row[];
}

/** The most that datagrepper allows on a page. */
export const ROWS_PER_PAGE = 100;
const DEFAULT_URL = "https://apps.fedoraproject.org/datagrepper";
const DEFAULT_RATE = 1;
/** However long they ask to be left alone, it is looked again then. */
const LONGEST_PAUSE_MS = 5 * MINUTE_MS;
const LONGEST_TURN_MS = MINUTE_MS;
/** Behind every row: such a page is empty, whatever stands in the rows, and says how many there are. */
const PAGE_BEHIND_ALL = 1_000_000;
/** A hundred messages of the largest kind that we ask for are some hundred kilobytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Which rows of a slice: page 1 of 100 rows when left out. */
export interface RowPlace {
  readonly page?: number;
  readonly rowsPerPage?: number;
  readonly form?: ArchiveForm;
}

/** The archive's search with one filter, each call tried once. Throws `UpstreamError`, and `RefusedError` for 4xx. */
export interface Asking {
  /** Reads one page, oldest first. */
  page(slice: Search, place?: RowPlace): Promise<Page>;
  /** How many rows a slice has, read from no row. */
  count(slice: Search): Promise<number>;
  /** The filter in words: `category=fedimg`. */
  readonly filter: string;
}

/** Opens datagrepper's search: paced, each answer bounded. */
export function openSearch(access: DatagrepperAccess): (filter: SearchFilter) => Asking {
  const { userAgent, timeoutMs, clock, form: usual = "v2", ratePerSecond = DEFAULT_RATE } = access;
  const http = openHttp({
    service: "datagrepper",
    userAgent,
    timeoutMs,
    maxBytes: MAX_BYTES,
    parse: parsePythonJson,
  });
  const ask = paced(http, SECOND_MS / ratePerSecond, clock);
  const base = (access.url ?? DEFAULT_URL).replace(/\/+$/, "");
  return (filter) => {
    const answer = async (slice: Search, place: RowPlace): Promise<Answer> => {
      const form = place.form ?? usual;
      const url = urlOf(`${base}/${form === "raw" ? "raw" : "v2/search"}`, filter, slice, place);
      const call: HttpCall = { method: "GET", url, about: aboutOf(filter, slice, place) };
      const { status, body, words } = await ask(call);
      if (status >= 300) throw refusal(call, status, words);
      const { total, pages, raw_messages: items } = isObject(body) ? body : {};
      if (isCount(total) && Array.isArray(items) && items.length <= ROWS_PER_PAGE) return { total, pages, items, form };
      const message = `datagrepper: ${describeCall(call)} answered JSON of an unknown shape; it is tried again later`;
      throw new UpstreamError("datagrepper", "UNKNOWN_SHAPE", message);
    };
    const read = async (slice: Search, place: RowPlace): Promise<Page> => {
      const { total, items, form } = await answer(slice, place);
      return { total, rows: items.map((item) => rowOf(item, form, clock.now())) };
    };
    return {
      filter: wordsOf(filter),
      page: async (slice, place = {}) => {
        const page = await read(slice, place);
        // Only /raw says when the archive stored a row whose own header is no instant, or another one.
        const isRaw = (place.form ?? usual) === "raw";
        return isRaw || isInOrder(page.rows, slice) ? page : read(slice, { ...place, form: "raw" });
      },
      count: async (slice) => {
        const { total, pages } = await answer(slice, { page: PAGE_BEHIND_ALL, rowsPerPage: 1 });
        // Behind a single page datagrepper's total is that of the page: none. Pages of one row each are the rows.
        return isCount(pages) ? pages : total;
      },
    };
  };
}

interface Answer {
  readonly total: number;
  readonly pages: unknown;
  readonly items: readonly unknown[];
  readonly form: ArchiveForm;
}

/** Whether the times of a page can be those by which the archive has sorted it. */
function isInOrder(rows: readonly Row[], slice: Search): boolean {
  let last = floorSecond(slice.start);
  return rows.every(({ second }) => {
    if (second === null || second < last || second >= slice.end) return false;
    last = second;
    return true;
  });
}

/** Lets calls start no nearer to each other than `everyMs`, and none for as long as the server asks to be left alone. */
function paced(http: Http, everyMs: number, clock: Clock): Http {
  let [freeAt, askedUntil]: [Instant, Instant] = [0, 0];
  return async (call) => {
    const now = clock.now();
    // A clock that was set back must not hold everything up.
    const startAt = Math.max(
      now,
      Math.min(freeAt, now + LONGEST_TURN_MS),
      Math.min(askedUntil, now + LONGEST_PAUSE_MS),
    );
    freeAt = startAt + everyMs;
    if (startAt > now) await clock.sleep(startAt - now);
    try {
      return await http(call);
    } catch (error) {
      if (error instanceof AnswerError && error.retryAfterMs !== null && ["HTTP_429", "HTTP_503"].includes(error.code))
        askedUntil = clock.now() + error.retryAfterMs;
      throw error;
    }
  };
}

/** What is asked for, for whoever reads an error: range, page, filter. */
function aboutOf(filter: SearchFilter, { start, end }: Search, { page = 1, rowsPerPage }: RowPlace): string {
  const rows = rowsPerPage === undefined ? "" : ` of ${rowsPerPage} row${rowsPerPage === 1 ? "" : "s"}`;
  const place = page === PAGE_BEHIND_ALL ? "count" : `page ${page}${rows}`;
  return `${formatInstant(start)} to ${formatInstant(end)}, ${place}, ${wordsOf(filter)}`;
}

function wordsOf({ categories, topics, contains }: SearchFilter): string {
  return [
    ...categories.map((category) => `category=${category}`),
    ...topics.map((topic) => `topic=${topic}`),
    ...(contains === null ? [] : [`contains=${contains}`]),
  ].join(" ");
}

function urlOf(address: string, filter: SearchFilter, slice: Search, place: RowPlace = {}): URL {
  const url = new URL(address);
  const query = new URLSearchParams({ start: String(slice.start / SECOND_MS), end: lastBefore(slice.end) });
  for (const category of filter.categories) query.append("category", category);
  for (const topic of filter.topics) query.append("topic", topic);
  if (filter.contains !== null) query.append("contains", filter.contains);
  query.append("rows_per_page", String(place.rowsPerPage ?? ROWS_PER_PAGE));
  query.append("page", String(place.page ?? 1));
  query.append("order", "asc");
  url.search = query.toString();
  return url;
}

/**
 * The microsecond before an instant, in epoch seconds: datagrepper's range includes both its ends (SQL's BETWEEN), and its
 * timestamps have microseconds (datanommer.models, `make_query`).
 */
function lastBefore(end: Instant): string {
  const last = end - 1;
  return `${Math.floor(last / SECOND_MS)}.${String(last % SECOND_MS).padStart(3, "0")}999`;
}

/** datagrepper answers 400 with a web page, and 404 with JSON. */
function refusal(call: HttpCall, status: number, said: string): RefusedError {
  const words = said === "" ? "" : ` (${JSON.stringify(said)})`;
  const remedy =
    status === 400
      ? "it does not take what clean-amis asks: compare both versions, and report a bug"
      : "check datagrepper's address in the configuration, and what stands in front of it";
  const message = `datagrepper: ${describeCall(call)} answered ${status}${words}: ${remedy}`;
  return new RefusedError("datagrepper", `HTTP_${status}`, message);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
