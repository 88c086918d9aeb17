import type { Breaker } from "../domain/limits/breaker.ts";

/** Regions in which nothing is done for a while, as all replicas know them. All throw `UpstreamError`. */
export interface Breakers {
  /** Null: the region is open to us. What stands there and cannot be read is a breaker that may be asked at once. */
  get(region: string): Promise<Breaker | null>;
  /** By region, in order. */
  all(): Promise<ReadonlyMap<string, Breaker>>;
  set(region: string, breaker: Breaker): Promise<void>;
  remove(region: string): Promise<void>;
}
