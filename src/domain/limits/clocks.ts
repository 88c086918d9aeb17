import { MINUTE_MS, SECOND_MS, type Instant } from "../time.ts";
import { UpstreamError } from "../../errors.ts";

/** Beyond this nobody knows what is due. */
const LARGEST_SKEW_MS = MINUTE_MS;

/** What two clocks say: this machine's, and Redis', which all replicas share. */
export interface Clocks {
  /** The earlier of the two. */
  readonly at: Instant;
  /** How far they are apart. */
  readonly skewMs: number;
  /** Redis' own. */
  readonly shared: Instant;
}

export function doAgree({ skewMs }: Pick<Clocks, "skewMs">): boolean {
  return skewMs <= LARGEST_SKEW_MS;
}

/**
 * How far another clock, which tells whole seconds, is from ours, in milliseconds; what it said was asked and answered at these
 * instants of ours.
 */
export function apartMs(
  said: Instant,
  { asked, answered }: { readonly asked: Instant; readonly answered: Instant },
): number {
  return Math.max(0, said - answered, asked - (said + SECOND_MS));
}

/** The earlier of both, unless they disagree so much that nobody knows what is true. Throws `UpstreamError` then. */
export function agreed({ at, skewMs }: Pick<Clocks, "at" | "skewMs">): Instant {
  if (doAgree({ skewMs })) return at;
  const apart = `this machine's clock and redis' are ${Math.round(skewMs / SECOND_MS)} s apart`;
  throw new UpstreamError("redis", "clock-skew", `${apart}: nothing is acted on until they agree`);
}

/** The later of both; Redis' alone when they disagree: a wrong clock must not put anything off for a month. */
export function later({ at, skewMs, shared }: Clocks): Instant {
  return doAgree({ skewMs }) ? at + skewMs : shared;
}
