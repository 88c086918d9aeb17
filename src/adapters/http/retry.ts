import type { Http } from "./http.ts";
import { backoffMs, jittered } from "../../domain/limits/backoff.ts";
import { UpstreamError } from "../../errors.ts";
import type { Clock } from "../../ports/index.ts";

export interface RetryOptions {
  /** How often a call goes out at the most. */
  readonly attempts: number;
  /** The first pause, doubled each time up to `longestMs`, in milliseconds; a random half of it is taken off. */
  readonly firstMs: number;
  readonly longestMs: number;
  readonly clock: Clock;
}

/** The same client, that sends a GET again when it failed for now. A POST goes out once: nobody knows what became of it. */
export function withRetries(http: Http, { attempts, firstMs, longestMs, clock }: RetryOptions): Http {
  return async (call) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await http(call);
      } catch (error) {
        const isLast = attempt + 1 >= attempts || call.method !== "GET";
        if (isLast || !(error instanceof UpstreamError)) throw error;
        await clock.sleep(jittered(backoffMs(attempt, firstMs, longestMs), Math.random()));
      }
    }
  };
}
