import { agreed } from "../domain/limits/clocks.ts";
import type { Instant } from "../domain/time.ts";
import type { Schedule } from "../ports/index.ts";

/** Now, by clocks that agree: what the public is told, and what is remembered of it, needs no other. Throws `UpstreamError`. */
export async function nowBy({ schedule }: { readonly schedule: Pick<Schedule, "now"> }): Promise<Instant> {
  return agreed(await schedule.now());
}
