import { checkAccount } from "../../act/safety.ts";
import type { Ticker } from "../../act/tick.ts";
import { MINUTE_MS } from "../../domain/time.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import { withinBound, type Watch } from "./watch.ts";

const BOUND_MS = 5 * MINUTE_MS;

/** Wrong credentials are told at the start, and not only when the first image is due; each pass asks again by itself. */
export async function tellAccount(
  { images, guards, log }: Pick<Ticker, "images" | "guards" | "log">,
  watch: Watch,
): Promise<void> {
  try {
    await withinBound("account", BOUND_MS, () => checkAccount({ images, guards }), watch);
  } catch (error) {
    if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
    if (!watch.giveUp.aborted)
      log.error({ code: error.code, error: error.message }, "nothing can be acted on in EC2 as it is");
  }
}
