import type { EC2ClientConfig } from "@aws-sdk/client-ec2";
import { backoffMs, jittered } from "../../domain/limits/backoff.ts";
import { SECOND_MS } from "../../domain/time.ts";
import type { Clock, Random } from "../../ports/index.ts";

type Strategy = Extract<EC2ClientConfig["retryStrategy"], { acquireInitialRetryToken: unknown }>;
type Token = Awaited<ReturnType<Strategy["acquireInitialRetryToken"]>>;

/** As the SDK's own: attempts in all, and the first pauses. */
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = SECOND_MS / 10;
const FIRST_PAUSE_WHEN_THROTTLED_MS = SECOND_MS / 2;
const LONGEST_PAUSE_MS = 20 * SECOND_MS;

/** The SDK repeats what it takes for passing, as by its own rules; the pauses have our jitter and are slept on our clock. */
export function retriesOn(clock: Clock, random: Random): Strategy {
  return {
    acquireInitialRetryToken: () => Promise.resolve(tokenOf(0)),
    refreshRetryTokenForRetry: async (token, { errorType }) => {
      const repeats = token.getRetryCount();
      const isPassing = errorType === "THROTTLING" || errorType === "TRANSIENT";
      if (!isPassing || repeats + 1 >= ATTEMPTS) throw new Error("no further attempt");
      const firstMs = errorType === "THROTTLING" ? FIRST_PAUSE_WHEN_THROTTLED_MS : FIRST_PAUSE_MS;
      await clock.sleep(jittered(backoffMs(repeats, firstMs, LONGEST_PAUSE_MS), random()));
      return tokenOf(repeats + 1);
    },
    recordSuccess: () => undefined,
  };
}

function tokenOf(repeats: number): Token {
  return { getRetryCount: () => repeats, getRetryDelay: () => 0 };
}
