import { type EventKind, type ImageEvent, compareIds, idBefore } from "../domain/image/event.ts";
import type { Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import { merge, type ReadPage } from "./merge.ts";
import type { Journal, Schedule } from "../ports/index.ts";

/** What is asked of the audit trail; null: whatever it is. */
export interface EventFilter {
  readonly regions: readonly string[] | null;
  readonly kinds: readonly EventKind[] | null;
}

export interface EventParts {
  readonly schedule: Pick<Schedule, "regions">;
  readonly journal: Pick<Journal, "after">;
  /** Told what of ours cannot be read, one sentence each and once; the rest is read. */
  readonly tell: (problem: string) => void;
}

const PAGE = 500;

/** The events of all regions in the order in which they were written, read on from where the last reading ended. */
export class EventReader {
  readonly #filter: EventFilter;
  readonly #parts: EventParts;
  readonly #since: Instant;
  /** The last event that was read of each region. */
  readonly #places = new Map<string, string>();
  readonly #unreadable = new Set<string>();

  constructor(since: Instant, filter: EventFilter, parts: EventParts) {
    this.#since = since;
    this.#filter = filter;
    this.#parts = parts;
  }

  /** What was written up to `until` and not read yet, in pieces. Throws `UpstreamError`; a later call goes on. */
  async *read(until: Instant): AsyncGenerator<readonly ImageEvent[], void> {
    const { regions, kinds } = this.#filter;
    const known = await this.#parts.schedule.regions();
    const asked = known.filter((region) => regions === null || regions.includes(region));
    const sources = asked.map((region) => this.#sourceOf(region, idBefore(until + 1)));
    for await (const piece of merge(sources, (one, other) => compareIds(one.id, other.id)))
      yield piece.filter(({ what }) => kinds === null || kinds.includes(what));
  }

  #sourceOf(region: string, last: string): ReadPage<ImageEvent> {
    const { journal, tell } = this.#parts;
    return async () => {
      try {
        const page = await journal.after(region, this.#places.get(region) ?? idBefore(this.#since), PAGE);
        const events = page.filter(({ id }) => compareIds(id, last) <= 0);
        const end = events.at(-1)?.id;
        if (end !== undefined) this.#places.set(region, end);
        return events;
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        if (!this.#unreadable.has(region)) tell(error.message);
        this.#unreadable.add(region);
        return [];
      }
    };
  }
}

export interface HistoryParts {
  readonly schedule: Pick<Schedule, "regions" | "amiIdsOf">;
  readonly journal: Pick<Journal, "historyOf">;
}

/** What happened to an image, in every region that knows it, in order of time. Throws `UpstreamError`. */
export async function historyOfAmi(amiId: string, parts: HistoryParts): Promise<readonly ImageEvent[]> {
  return inOrder(parts, () => Promise.resolve([amiId]));
}

/** What happened to all images of a compose, over all regions, in order of time. Throws `UpstreamError`. */
export async function historyOfCompose(composeId: string, parts: HistoryParts): Promise<readonly ImageEvent[]> {
  return inOrder(parts, (region) => parts.schedule.amiIdsOf(region, composeId));
}

async function inOrder(
  { schedule, journal }: HistoryParts,
  amiIdsOf: (region: string) => Promise<readonly string[]>,
): Promise<readonly ImageEvent[]> {
  const regions = await schedule.regions();
  const found = await Promise.all(regions.map(async (region) => journal.historyOf(region, await amiIdsOf(region))));
  return found.flat().sort((one, other) => compareIds(one.id, other.id));
}
