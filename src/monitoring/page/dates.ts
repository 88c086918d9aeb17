import { html, type Html } from "./html.ts";
import { DAY_MS, dayOf, formatInstant, HOUR_MS, isDate, MINUTE_MS, type Instant } from "../../domain/time.ts";

/** How far away an instant is, in words: `in 3 days`, `2 hours ago`, `now`. */
export function awayText(at: Instant, now: Instant): string {
  const awayMs = Math.abs(at - now);
  if (awayMs < MINUTE_MS) return "now";
  const [count, unit] =
    awayMs < HOUR_MS
      ? [Math.floor(awayMs / MINUTE_MS), "minute"]
      : awayMs < 2 * DAY_MS
        ? [Math.floor(awayMs / HOUR_MS), "hour"]
        : [Math.floor(awayMs / DAY_MS), "day"];
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return at > now ? `in ${words}` : `${words} ago`;
}

/** A date with how far it is away; `otherwise` for one that is not set or never comes. */
export function when(at: Instant | null, now: Instant, otherwise = "not set"): Html {
  if (at === null || !isDate(at)) return html`${otherwise}`;
  const exact = formatInstant(at);
  return html`<time datetime="${exact}" title="${exact}">${dayOf(at)} ${exact.slice(11, 16)} UTC</time>
    (${awayText(at, now)})`;
}
