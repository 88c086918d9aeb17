import { Refusal } from "./refusal.ts";
import { isCalendarDate, SECOND_MS } from "../../../domain/time.ts";
import type { Instant } from "../../../domain/time.ts";

/** All in seconds; null: not set, and nothing is put in its place. */
export interface TimeRange {
  readonly start: number | null;
  readonly end: number | null;
  readonly delta: number | null;
}

const FLOAT = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const ISO =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[T ](?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?\s*(?<zone>Z|UTC|[+-]\d{2}:?\d{2})?$/i;

/**
 * Works out the range as datagrepper/util.py `assemble_timerange` does, with its defaults for what is missing.
 * `defaultDelta` is DEFAULT_QUERY_DELTA in seconds. Throws a `Refusal` "internal" for a date or delta that is none.
 */
export function timeRange(query: URLSearchParams, defaultDelta: number, now: Instant): TimeRange {
  const start = readDate(query.get("start"));
  const end = readDate(query.get("end"));
  const delta = readDelta(query.get("delta"));
  const nowSeconds = now / SECOND_MS;
  if (start !== null && end !== null) return { start, end, delta: end - start };
  if (start !== null) {
    if (delta !== null) return { start, end: start + delta, delta };
    return { start, end: nowSeconds, delta: nowSeconds - start };
  }
  if (delta !== null) return { start: (end ?? nowSeconds) - delta, end: end ?? nowSeconds, delta };
  if (defaultDelta >= 1) {
    const until = end ?? nowSeconds;
    return { start: until - defaultDelta, end: until, delta: defaultDelta };
  }
  // A start of 0 counts as none in the query that follows: the range is dropped without a word.
  return { start: end === null ? null : 0, end, delta: null };
}

/** Epoch seconds, or a date in one of the forms that people write; UTC is assumed without a zone. */
function readDate(text: string | null): number | null {
  if (text === null) return null;
  if (FLOAT.test(text)) return Number(text);
  const parts = ISO.exec(text)?.groups;
  let at: number;
  if (parts === undefined) {
    at = Date.parse(/(?:Z|GMT|UTC|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text} UTC`);
  } else {
    const { date = "", time = "00:00:00", zone = "Z" } = parts;
    const isDate = isCalendarDate(date.replaceAll("-", ""));
    at = isDate ? Date.parse(`${date}T${time}${zone.toUpperCase() === "UTC" ? "Z" : zone}`) : NaN;
  }
  if (Number.isNaN(at)) throw new Refusal("internal", `Unknown string format: ${text}`);
  return at / SECOND_MS;
}

function readDelta(text: string | null): number | null {
  if (text === null) return null;
  if (!FLOAT.test(text)) throw new Refusal("internal", `could not convert string to float: '${text}'`);
  return Number(text);
}
