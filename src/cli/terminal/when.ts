import { DAY_MS, formatInstant, HOUR_MS, isDate, MINUTE_MS, SECOND_MS, type Instant } from "../../domain/time.ts";

/** How far away an instant is, in at most ten cells: `in 9d23h`, `3h5m ago`, `now`; empty for one that never comes. */
export function away(at: Instant, now: Instant): string {
  if (!isDate(at)) return "";
  const awayMs = Math.abs(at - now);
  if (awayMs < SECOND_MS) return "now";
  const text = spanText(awayMs);
  return at > now ? `in ${text}` : `${text} ago`;
}

/** An instant in UTC, rounded down to a second; `-` for one that never comes, `?` for what no calendar has. */
export function utc(at: Instant | null): string {
  if (at === null || at === Infinity) return "-";
  return isDate(at) ? formatInstant(Math.floor(at / SECOND_MS) * SECOND_MS) : "?";
}

/** An instant with how far it is away: `2026-12-09T08:00:00Z (in 9d23h)`. */
export function utcAndAway(at: Instant, now: Instant): string {
  const text = away(at, now);
  return text === "" ? utc(at) : `${utc(at)} (${text})`;
}

/** The two largest units: `9d23h`, `5m`, `400d`. */
function spanText(spanMs: number): string {
  const days = Math.floor(spanMs / DAY_MS);
  if (days >= 100) return `${days}d`;
  const parts = [
    [days, "d"],
    [Math.floor((spanMs % DAY_MS) / HOUR_MS), "h"],
    [Math.floor((spanMs % HOUR_MS) / MINUTE_MS), "m"],
    [Math.floor((spanMs % MINUTE_MS) / SECOND_MS), "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");
}
