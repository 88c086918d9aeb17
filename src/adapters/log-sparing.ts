import type { Log } from "../ports/index.ts";

/** So many lines of one wording are told one by one, then by their number alone. */
const MOST_LINES = 100;
const WITHIN_MS = 60_000;

/**
 * A log in which warnings of this wording are told one by one at most `most` times in `withinMs` milliseconds, counted from the
 * first; the rest by their number when that is over, with what `remedy` says. Whoever sends rubbish must not have the journal
 * drop everybody else's lines, as journald does from 10,000 in 30 seconds on (journald.conf(5), RateLimitBurst).
 */
export function sparing(
  log: Log,
  wording: string,
  remedy: string,
  { most = MOST_LINES, withinMs = WITHIN_MS } = {},
): Log {
  let told = 0;
  let more = 0;
  const end = (): void => {
    const lines = more;
    [told, more] = [0, 0];
    if (lines > 0) log.warn({ more: lines }, `${wording}: so many more, not told one by one: ${remedy}`);
  };
  const as =
    (level: keyof Log) =>
    (data: object, words: string): void => {
      log[level](data, words);
    };
  const warn = (data: object, words: string): void => {
    if (words === wording) {
      // A process that ends does not wait for it.
      if (told === 0) setTimeout(end, withinMs).unref();
      if (told === most) {
        more += 1;
        return;
      }
      told += 1;
    }
    log.warn(data, words);
  };
  return { debug: as("debug"), info: as("info"), warn, error: as("error") };
}
