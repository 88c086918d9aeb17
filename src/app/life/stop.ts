import { whileWanted } from "../../adapters/abandon.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";

/** How long work whose calls have ended may take for its last word. */
const LAST_WORD_MS = 2 * SECOND_MS;

/**
 * Does work until the order to stop: then its calls and pauses end at once, none goes out any more, and work that still waits
 * for something is left alone after two seconds. Throws what the work throws; after the order, as its calls do then,
 * `UpstreamError` of `clean-amis`.
 */
export async function untilStopped<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const why = new UpstreamError("clean-amis", "interrupted", "interrupted");
  let timer: NodeJS.Timeout | undefined;
  let end = (): void => undefined;
  const left = new Promise<never>((_, reject) => {
    end = () => {
      over.abort(why);
      timer = setTimeout(reject, LAST_WORD_MS, why);
    };
  });
  if (stop.aborted) end();
  stop.addEventListener("abort", end);
  try {
    return await Promise.race([whileWanted(over.signal, work), left]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", end);
  }
}
