import { remembered } from "./remembered.ts";

/** Milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` gives them. */
export type Instant = number;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const LONGEST_MS = 3650 * DAY_MS;
/** The last instant of the year 9999: what comes later has no four-digit year and is no date of ours. */
const LAST_INSTANT: Instant = Date.UTC(10000, 0, 1) - 1;

/** All images of a turn have some instants in common, and a calendar costs more than a look. */
const MOST_REMEMBERED = 1000;

/** The first whole second that is not before `at`, in epoch seconds: how a deadline becomes a sorted set's score. */
export function toScore(at: Instant): number {
  return Math.ceil(at / SECOND_MS);
}

/** Rounds down to a whole second. */
export function floorSecond(at: Instant): Instant {
  return Math.floor(at / SECOND_MS) * SECOND_MS;
}

/** Rounds up to a whole second: a deadline that is written in seconds must never come early. */
export function ceilSecond(at: Instant): Instant {
  return toScore(at) * SECOND_MS;
}

/** Whether a calendar has it: infinity and what lies beyond it are no dates (ECMA-262, "Time Values and Time Range"). */
export function isDate(at: Instant): boolean {
  return Math.abs(at) <= 8.64e15;
}

/** ISO 8601 in UTC, without a fraction where there is none: `2026-11-24T22:00:00Z`. */
export const formatInstant: (at: Instant) => string = remembered(MOST_REMEMBERED, (at) => {
  const text = new Date(at).toISOString();
  return at % SECOND_MS === 0 ? `${text.slice(0, -5)}Z` : text;
});

/** The UTC day of an instant: `2026-11-24`. */
export function dayOf(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}

const ISO_INSTANT =
  /^(?<date>\d{4}-\d{2}-\d{2})[T ](?<time>\d{2}:\d{2}:\d{2})(?<fraction>\.\d{1,9})?(?<zone>Z|[+-]\d{2}:?\d{2})$/;

/**
 * Reads an ISO 8601 instant that has a date, a time with seconds and a zone, as fedora-messaging's `sent-at` header does
 * (its wire-format page: "ISO8601, UTC"; some publishers write `Z`, most `+00:00`). Null for anything else, a date that
 * no calendar has among it, or a year past 9999.
 */
export const parseInstant: (text: string) => Instant | null = remembered(MOST_REMEMBERED, (text) => {
  const parts = ISO_INSTANT.exec(text)?.groups;
  if (parts === undefined || !isCalendarDate(parts["date"]?.replaceAll("-", "") ?? "")) return null;
  const zone = parts["zone"] === "Z" ? "Z" : parts["zone"]?.replace(/^([+-]\d{2}):?(\d{2})$/, "$1:$2");
  const at = Date.parse(
    `${parts["date"] ?? ""}T${parts["time"] ?? ""}${(parts["fraction"] ?? "").slice(0, 4)}${zone ?? ""}`,
  );
  return Number.isNaN(at) || at < 0 || at > LAST_INSTANT ? null : at;
});

/** Whether eight digits are a day of the Gregorian calendar: `20180229` is not. */
export function isCalendarDate(yyyymmdd: string): boolean {
  const parts = /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})$/.exec(yyyymmdd)?.groups;
  if (parts === undefined) return false;
  const [year, month, day] = [Number(parts["year"]), Number(parts["month"]), Number(parts["day"])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/**
 * Reads a duration: a whole number and one unit of `s`, `m`, `h`, `d`, such as `"90s"` or `"10d"`; at most 3650 days.
 * Returns milliseconds, or null for anything else.
 */
export function parseDuration(text: string): number | null {
  const parts = /^(?<count>\d{1,9})(?<unit>[smhd])$/.exec(text)?.groups;
  const unitMs = UNIT_MS[parts?.["unit"] ?? ""];
  if (parts === undefined || unitMs === undefined) return null;
  const durationMs = Number(parts["count"]) * unitMs;
  return durationMs > LONGEST_MS ? null : durationMs;
}

/** A duration in the largest unit that states it exactly: `formatDuration(864000000)` is `"10d"`. Rounds up to a second. */
export function formatDuration(durationMs: number): string {
  for (const unit of ["d", "h", "m"] as const) {
    const unitMs = UNIT_MS[unit] ?? SECOND_MS;
    if (durationMs >= unitMs && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${Math.ceil(durationMs / SECOND_MS)}s`;
}

/** An instant with how far it is away, in days and hours or less: `2026-12-09T08:00:00Z (in 9d 23h)`. */
export function describeWhen(at: Instant, now: Instant): string {
  const awayMs = Math.abs(at - now);
  const words = [
    [Math.floor(awayMs / DAY_MS), "d"],
    [Math.floor((awayMs % DAY_MS) / HOUR_MS), "h"],
    [Math.floor((awayMs % HOUR_MS) / MINUTE_MS), "m"],
    [Math.floor((awayMs % MINUTE_MS) / SECOND_MS), "s"],
  ] as const;
  const first = words.findIndex(([count]) => count > 0);
  const away = words.slice(Math.max(first, 0), Math.max(first, 0) + 2).filter(([count]) => count > 0);
  const text = first < 0 ? "now" : away.map(([count, unit]) => `${count}${unit}`).join(" ");
  return `${formatInstant(at)} (${text === "now" ? text : at > now ? `in ${text}` : `${text} ago`})`;
}
