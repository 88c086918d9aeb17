import { RegionPasses, type PassingTicker } from "../../act/passes.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Outages } from "./outages.ts";
import { withinBound, type Watch } from "./watch.ts";
import type { Periods } from "../../domain/image/lifecycle.ts";
import { MINUTE_MS } from "../../domain/time.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";

/** A region is resolved, and each of its four queues is worked on within a lease. */
const LEASES_A_PASS = 6;
const SHORTEST_BOUND_MS = 30 * MINUTE_MS;

/** What keeps passes to their time, and tells of them. */
export interface Keepers {
  readonly watch: Watch;
  readonly heartbeat: Heartbeat;
  readonly outages: Outages;
}

/** The passes over regions, each within its bound; one that has ended well is a sign of life. */
export function regionPasses(
  { leaseMs }: Pick<Periods, "leaseMs">,
  ticker: PassingTicker,
  { watch, heartbeat, outages }: Keepers,
): RegionPasses {
  const boundMs = Math.max(LEASES_A_PASS * leaseMs, SHORTEST_BOUND_MS);
  return new RegionPasses(ticker, async (region, pass) => {
    const name = `ticker ${region}`;
    try {
      await withinBound(name, boundMs, pass, watch);
    } catch (error) {
      if (error instanceof UpstreamError || error instanceof RefusedError) outages.failed(name, error);
      throw error;
    }
    outages.wentWell(name);
    heartbeat.mark("tick");
  });
}
