import { describeCall, openHttp } from "../http/http.ts";
import type { Http, HttpCall } from "../http/http.ts";
import { withRetries } from "../http/retry.ts";
import { floorSecond, formatInstant, MINUTE_MS, parseInstant, SECOND_MS } from "../../domain/time.ts";
import type { Instant } from "../../domain/time.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Clock, Message } from "../../ports/index.ts";

/** How datagrepper is spoken to. */
export interface DatagrepperAccess {
  /** @default "https://apps.fedoraproject.org/datagrepper" */
  readonly url?: string;
  readonly userAgent: string;
  /** For each call, in milliseconds. datagrepper itself gives up after 60 seconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** `raw` is `/raw`, `v2` is `/v2/search`: the same search, another form of items. @default "raw" */
  readonly form?: "raw" | "v2";
  /** Calls a second at the most, retries among them; `Infinity` for no limit. @default 4 */
  readonly ratePerSecond?: number;
}

/** From `start` up to, not including, `end`. */
export interface Search {
  readonly start: Instant;
  readonly end: Instant;
}

/** Values of one name are or-ed, the two names and-ed. */
export interface SearchFilter {
  readonly categories: readonly string[];
  readonly topics: readonly string[];
}

/** A row of the archive. */
export interface Row {
  /** Tells it from every other row of its second. */
  readonly key: string;
  /** The whole second under which the archive has it; null when the item does not say. */
  readonly second: Instant | null;
  readonly message: Message;
}

/** One page of a slice, and how many rows the slice has in all, as datagrepper counted them for this answer. */
export interface Page {
  readonly total: number;
  readonly rows: readonly Row[];
}

/** The most that datagrepper allows on a page. */
export const ROWS_PER_PAGE = 100;
const DEFAULT_URL = "https://apps.fedoraproject.org/datagrepper";
const DEFAULT_RATE = 4;
const LONGEST_PAUSE_MS = MINUTE_MS;
/** A hundred messages of the largest kind that we ask for are some hundred kilobytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Which rows of a slice: page 1 of 100 rows when left out. */
export interface RowPlace {
  readonly page?: number;
  readonly rowsPerPage?: number;
}

/** Reads one page, oldest first. Throws as `openDatagrepper` says. */
export type ReadRows = (slice: Search, place?: RowPlace) => Promise<Page>;

/** Opens datagrepper's search: paced, tried so often for each page, each answer bounded. */
export function openSearch(access: DatagrepperAccess): (filter: SearchFilter, attempts: number) => ReadRows {
  const { userAgent, timeoutMs, clock, form = "raw", ratePerSecond = DEFAULT_RATE } = access;
  const http = openHttp({ service: "datagrepper", userAgent, timeoutMs, maxBytes: MAX_BYTES });
  const inTurn = paced(http, SECOND_MS / ratePerSecond, clock);
  const address = `${(access.url ?? DEFAULT_URL).replace(/\/+$/, "")}/${form === "raw" ? "raw" : "v2/search"}`;
  return (filter, attempts) => {
    const ask = withRetries(inTurn, { attempts, firstMs: SECOND_MS, longestMs: LONGEST_PAUSE_MS, clock });
    return async (slice, place) => {
      const call: HttpCall = { method: "GET", url: urlOf(address, filter, slice, place) };
      const { status, body, words } = await ask(call);
      if (status >= 300) throw refusal(call, status, words);
      const { total, raw_messages: items } = isObject(body) ? body : {};
      if (!isCount(total) || !Array.isArray(items) || items.length > ROWS_PER_PAGE) {
        const message = `datagrepper: ${describeCall(call)} answered JSON of an unknown shape; it is tried again later`;
        throw new UpstreamError("datagrepper", "UNKNOWN_SHAPE", message);
      }
      return { total, rows: items.map((item: unknown) => rowOf(item, form, clock.now())) };
    };
  };
}

/** Lets calls start no nearer to each other than `everyMs`. */
function paced(http: Http, everyMs: number, clock: Clock): Http {
  let freeAt: Instant = 0;
  return async (call) => {
    const now = clock.now();
    // A clock that was set back must not hold everything up.
    const startAt = Math.min(Math.max(now, freeAt), now + LONGEST_PAUSE_MS);
    freeAt = startAt + everyMs;
    if (startAt > now) await clock.sleep(startAt - now);
    return http(call);
  };
}

function urlOf(address: string, filter: SearchFilter, slice: Search, place: RowPlace = {}): URL {
  const url = new URL(address);
  const query = new URLSearchParams({ start: String(slice.start / SECOND_MS), end: lastBefore(slice.end) });
  for (const category of filter.categories) query.append("category", category);
  for (const topic of filter.topics) query.append("topic", topic);
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

/**
 * An item as a message. `/raw` has `msg_id`, `msg`, `timestamp` and, since 2021, `headers`; `/v2/search` has `id`, `body` and
 * `headers` (datanommer.models, `as_dict` and `as_fedora_message_dict`). One without topic or body becomes a message with an
 * empty topic, datagrepper's id and the item itself as its body: the stream goes on, and the caller can reject it.
 */
function rowOf(item: unknown, form: "raw" | "v2", now: Instant): Row {
  const fields = isObject(item) ? item : {};
  const id = fields[form === "raw" ? "msg_id" : "id"];
  const messageId = typeof id === "string" ? id : "";
  const body = fields[form === "raw" ? "msg" : "body"];
  const { topic, timestamp } = fields;
  const headers = headersOf(fields["headers"], timestamp);
  const isMessage = typeof topic === "string" && body !== undefined;
  const text = textOf(isMessage ? body : item);
  const message: Message = {
    topic: isMessage ? topic : "",
    messageId,
    headers: isMessage ? headers : {},
    body: Buffer.from(text),
    arrivedAt: now,
  };
  const storedAt = form === "raw" ? secondsToInstant(timestamp) : sentAtOf(headers);
  const key = `${storedAt ?? ""} ${messageId === "" ? text : messageId}`;
  return { key, second: storedAt === null ? null : floorSecond(storedAt), message };
}

/** The item's headers; `sent-at` is the archive's own timestamp where they have none that can be read. */
function headersOf(headers: unknown, timestamp: unknown): Readonly<Record<string, unknown>> {
  const given = isObject(headers) ? headers : {};
  const storedAt = secondsToInstant(timestamp);
  return sentAtOf(given) !== null || storedAt === null ? given : { ...given, "sent-at": formatInstant(storedAt) };
}

function sentAtOf(headers: Readonly<Record<string, unknown>>): Instant | null {
  const sentAt = headers["sent-at"];
  return typeof sentAt === "string" ? parseInstant(sentAt) : null;
}

/** The first second of the year 10000. */
const LAST_SECOND = Date.UTC(10000, 0, 1) / SECOND_MS;

function secondsToInstant(seconds: unknown): Instant | null {
  return typeof seconds === "number" && seconds >= 0 && seconds < LAST_SECOND ? seconds * SECOND_MS : null;
}

/** JSON again. V8 parses at any depth, but writes only some thousand levels. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify("nested too deeply to be written again");
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
