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

const PAGE = 500;

/** The events of all regions in the order in which they were written, read on from where the last reading ended. */
export class EventReader {
  readonly #since: Instant;
  readonly #filter: EventFilter;
  readonly #schedule: Pick<Schedule, "regions">;
  readonly #journal: Pick<Journal, "after">;
  readonly #tell: (problem: string) => void;
  /** The last event that was read of each region. */
  readonly #places = new Map<string, string>();
  readonly #unreadable = new Set<string>();

  /** `tell` is told what of ours cannot be read, one sentence each and once; the rest is read. */
  constructor(
    since: Instant,
    filter: EventFilter,
    { schedule, journal }: { readonly schedule: Pick<Schedule, "regions">; readonly journal: Pick<Journal, "after"> },
    tell: (problem: string) => void,
  ) {
    this.#since = since;
    this.#filter = filter;
    this.#schedule = schedule;
    this.#journal = journal;
    this.#tell = tell;
  }

  /** What was written up to `until` and not read yet, in pieces. Throws `UpstreamError`; a later call goes on. */
  async *read(until: Instant): AsyncGenerator<readonly ImageEvent[], void> {
    const { regions, kinds } = this.#filter;
    const known = await this.#schedule.regions();
    const asked = known.filter((region) => regions === null || regions.includes(region));
    const sources = asked.map((region) => this.#sourceOf(region, idBefore(until + 1)));
    for await (const piece of merge(sources, (one, other) => compareIds(one.id, other.id)))
      yield piece.filter(({ what }) => kinds === null || kinds.includes(what));
  }

  #sourceOf(region: string, last: string): ReadPage<ImageEvent> {
    return async () => {
      try {
        const page = await this.#journal.after(region, this.#places.get(region) ?? idBefore(this.#since), PAGE);
        const events = page.filter(({ id }) => compareIds(id, last) <= 0);
        const end = events.at(-1)?.id;
        if (end !== undefined) this.#places.set(region, end);
        return events;
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        if (!this.#unreadable.has(region)) this.#tell(error.message);
        this.#unreadable.add(region);
        return [];
      }
    };
  }
}

/** Who reads the history of images. */
export interface HistoryReader {
  readonly schedule: Pick<Schedule, "regions" | "amiIdsOf">;
  readonly journal: Pick<Journal, "historyOf">;
}

/** What happened to an image, in every region that knows it, in order of time. Throws `UpstreamError`. */
export async function historyOfAmi(amiId: string, reader: HistoryReader): Promise<readonly ImageEvent[]> {
  return inOrder(reader, () => Promise.resolve([amiId]));
}

/** What happened to all images of a compose, over all regions, in order of time. Throws `UpstreamError`. */
export async function historyOfCompose(composeId: string, reader: HistoryReader): Promise<readonly ImageEvent[]> {
  return inOrder(reader, (region) => reader.schedule.amiIdsOf(region, composeId));
}

async function inOrder(
  { schedule, journal }: HistoryReader,
  amiIdsOf: (region: string) => Promise<readonly string[]>,
): Promise<readonly ImageEvent[]> {
  const regions = await schedule.regions();
  const found = await Promise.all(regions.map(async (region) => journal.historyOf(region, await amiIdsOf(region))));
  return found.flat().sort((one, other) => compareIds(one.id, other.id));
}
