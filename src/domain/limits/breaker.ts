import { backoffMs, jittered } from "./backoff.ts";
import { believable } from "./deaf.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/**
 * Why nothing is done in a region. `failing`: EC2 answers badly, or not at all, and may answer again by itself. `shut`: the
 * region is not open to the account, or there is none of this name, and only a person can change that. `account`: AWS takes
 * no call of ours, wherever it goes.
 */
export type Trouble = "failing" | "shut" | "account";

/** Where a breaker stands, instead of at a region, that stops them all: what fails is the account's affair. */
export const EVERY_REGION = "every-region";

/** A region that is left alone for a while, so that no lease is burnt and no image's attempts grow; it delays no other region. */
export interface Breaker {
  readonly trouble: Trouble;
  readonly since: Instant;
  readonly askAgainAt: Instant;
  /** How often in a row it was asked in vain; at least 1. */
  readonly times: number;
  /** EC2's word for it, such as `RequestLimitExceeded`, or Node's, such as `ECONNREFUSED`. */
  readonly code: string;
}

/** `closed`: all goes on. `open`: nothing is asked. `half-open`: one small question decides. */
export type BreakerState = "closed" | "open" | "half-open";

/** So many failures of one kind of call, with no success between them, open a breaker. */
export const FAILURES_THAT_OPEN = 3;

export function breakerStateOf(breaker: Breaker | null, now: Instant): BreakerState {
  if (breaker === null) return "closed";
  // Nothing is left alone for longer than a day: a wrong clock wrote what says so.
  return now < breaker.askAgainAt && believable(breaker.askAgainAt, now + DAY_MS) !== null ? "open" : "half-open";
}

/**
 * The breaker after a region was found in trouble; `before`: what stood there when it was asked. The pause grows from a minute
 * or two to an hour at the most, or ten minutes where every region waits for it; what is shut is asked again daily, a little
 * early, so that a daily pass does not miss it.
 * `fraction`: 0 up to 1, the jitter.
 */
export function openedBreaker(
  before: Breaker | null,
  found: Pick<Breaker, "trouble" | "code">,
  now: Instant,
  fraction: number,
): Breaker {
  const times = before?.trouble === found.trouble ? before.times + 1 : 1;
  const pauseMs =
    found.trouble === "shut"
      ? DAY_MS - Math.floor(HOUR_MS * fraction)
      : jittered(backoffMs(times, MINUTE_MS, found.trouble === "account" ? 10 * MINUTE_MS : HOUR_MS), fraction);
  return { ...found, since: believable(before?.since ?? null, now) ?? now, askAgainAt: now + pauseMs, times };
}

/** What is wrong with a region and what helps, in one line that the public may read. */
export function describeTrouble({ trouble, code }: Pick<Breaker, "trouble" | "code">): string {
  switch (trouble) {
    case "shut":
      return `the region is not open to the account, or is none of AWS (${code}): enable it for the account; it is asked again daily`;
    case "account":
      return `${OF_ACCOUNT[code] ?? `AWS does not tell whose the credentials are (${code}): if it lasts, mend the credentials, the clock or the network`}; ${AGAIN}`;
    case "failing":
      return `${OF_REGION[code] ?? `EC2 fails there again and again (${code}): if it lasts, look at AWS' status page and the network`}; ${AGAIN}`;
  }
}

const AGAIN = "it is asked again by itself";
const OF_ACCOUNT: Readonly<Partial<Record<string, string>>> = {
  Blocked: "AWS has blocked the account (Blocked): its owner has to talk to AWS",
  "clock-skew": "this machine's clock and AWS' are apart (clock-skew): set the clock (NTP)",
  "wrong-account": "the credentials belong to another account (wrong-account): mend them, or ec2.account",
};
const OF_REGION: Readonly<Partial<Record<string, string>>> = {
  AuthFailure:
    "EC2 does not accept the credentials there (AuthFailure), and STS does: if it lasts, look at AWS' status page",
  PendingVerification:
    "AWS still verifies the account for the region (PendingVerification): if it lasts for a day, ask AWS",
  permission: "EC2 does not allow there what every image needs (permission): grant what the log names",
};
