import { compareIds, type ImageEvent } from "../domain/image/event.ts";
import type { Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import type { Journal, Schedule } from "../ports/index.ts";

/** What happened lately, the newest first. */
export interface Recent {
  readonly events: readonly ImageEvent[];
  /** False: more happened in that time than is read. */
  readonly isAll: boolean;
}

/** So many events of a region are read at the most: one command a region, whatever happened. */
const MOST_PER_REGION = 500;

/**
 * What happened in all regions since then, as far as it is read. `tell` is told what of ours cannot be read. Throws
 * `UpstreamError`.
 */
export async function recentEvents(
  since: Instant,
  { schedule, journal }: { readonly schedule: Pick<Schedule, "regions">; readonly journal: Pick<Journal, "newest"> },
  tell: (problem: string) => void,
): Promise<Recent> {
  let isAll = true;
  const read = async (region: string): Promise<readonly ImageEvent[]> => {
    try {
      const newest = await journal.newest(region, MOST_PER_REGION);
      const late = newest.filter(({ at }) => at >= since);
      if (late.length === MOST_PER_REGION) isAll = false;
      return late;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      tell(error.message);
      return [];
    }
  };
  const found = await Promise.all((await schedule.regions()).map(read));
  return { events: found.flat().sort((one, other) => compareIds(other.id, one.id)), isAll };
}
