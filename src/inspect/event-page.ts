import { compareIds, idBefore, type EventKind, type ImageEvent } from "../domain/image/event.ts";
import type { Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import { merge, type ReadPage } from "./merge.ts";
import type { Journal, Schedule } from "../ports/index.ts";

/** The last event of a page. */
export interface EventCursor {
  readonly id: string;
  readonly region: string;
}

export interface EventPage {
  readonly events: readonly ImageEvent[];
  /** Null: nothing was written after them yet. */
  readonly next: EventCursor | null;
}

/** What is asked for; null: whatever it is. */
export interface EventsAsked {
  readonly kind: EventKind | null;
  readonly since: Instant;
}

/** So many events are looked through for a page, however few of them are wanted: the next page goes on there. */
const MOST_LOOKED_AT = 2_000;
const PAGE = 100;

/**
 * Up to `limit` events of all regions after a cursor, in the order in which they were written. Costs a bounded number of commands
 * whatever happened. `tell` is told what of ours cannot be read. Throws `UpstreamError`.
 */
export async function readEventPage(
  { kind, since }: EventsAsked,
  after: EventCursor | null,
  limit: number,
  { schedule, journal }: { readonly schedule: Pick<Schedule, "regions">; readonly journal: Pick<Journal, "after"> },
  tell: (problem: string) => void,
): Promise<EventPage> {
  const regions = [...(await schedule.regions())].sort();
  const sources = regions.map((region) => sourceAfter(region, startOf(region, after, since), journal, tell));
  const events: ImageEvent[] = [];
  let lookedAt = 0;
  for await (const piece of merge(sources, inOrder))
    for (const event of piece) {
      lookedAt += 1;
      if (kind === null || event.what === kind) events.push(event);
      if (events.length === limit || lookedAt === MOST_LOOKED_AT)
        return { events, next: { id: event.id, region: event.region } };
    }
  return { events, next: null };
}

/** Two regions may have the same id: a cursor stands at one place all the same. */
function inOrder(one: ImageEvent, other: ImageEvent): number {
  return compareIds(one.id, other.id) || (one.region < other.region ? -1 : 1);
}

/** The id after which a region is read; two regions may have the same one. */
function startOf(region: string, after: EventCursor | null, since: Instant): string {
  if (after === null) return idBefore(since);
  return region <= after.region ? after.id : previous(after.id);
}

function previous(id: string): string {
  const [ms = "0", number = "0"] = id.split("-");
  return number === "0" ? idBefore(Number(ms)) : `${ms}-${BigInt(number) - 1n}`;
}

function sourceAfter(
  region: string,
  start: string,
  journal: Pick<Journal, "after">,
  tell: (problem: string) => void,
): ReadPage<ImageEvent> {
  let place = start;
  return async () => {
    try {
      const page = await journal.after(region, place, PAGE);
      place = page.at(-1)?.id ?? place;
      return page;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      tell(error.message);
      return [];
    }
  };
}
