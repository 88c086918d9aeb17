import { QUEUES, type Queue } from "../domain/image/lifecycle.ts";
import { SECOND_MS, type Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import { merge, type ReadPage } from "./merge.ts";
import {
  byWakeUp,
  isWanted,
  mayWaitIn,
  withRecords,
  type Listed,
  type QueueFilter,
  type QueueReader,
} from "./queue.ts";
import type { Place, Waiting } from "../ports/index.ts";

/** The last image of a page: the next page begins after it, wherever it stands by then. */
export interface QueueCursor {
  readonly wakeAt: Instant;
  readonly region: string;
  readonly queue: Queue;
  readonly amiId: string;
}

export interface QueuePage {
  readonly listed: readonly Listed[];
  /** Null: this is the end. */
  readonly next: QueueCursor | null;
}

/** So many entries are looked through for a page, however few of them are wanted: the next page goes on there. */
const MOST_LOOKED_AT = 2_000;
const PAGE = 100;

/**
 * Up to `limit` of what waits, in the order of wake-up, region, queue and id, after a cursor. What is put off between two pages
 * comes again later; what stands still comes once. Costs a bounded number of commands whatever waits. `tell` is told what of
 * ours cannot be read. Throws `UpstreamError`, and `RefusedError` when the regions themselves cannot be read.
 */
export async function readQueuePage(
  filter: QueueFilter,
  after: QueueCursor | null,
  limit: number,
  { queues }: Pick<QueueReader, "queues">,
  tell: (problem: string) => void,
): Promise<QueuePage> {
  const known = [...(await queues.regions())].sort();
  const regions = filter.regions === null ? known : known.filter((region) => filter.regions?.includes(region));
  const asked = QUEUES.filter((queue) => mayWaitIn(queue, filter));
  const sources = regions.flatMap((region) =>
    asked.map((queue) => sourceAfter(region, queue, { after, dueBy: filter.dueBy }, queues, tell)),
  );
  const listed: Listed[] = [];
  let lookedAt = 0;
  for await (const piece of merge(sources, inOrder)) {
    for (const [index, each] of (await withRecords(piece, queues)).entries()) {
      const entry = piece[index];
      lookedAt += 1;
      if (isWanted(each, filter)) listed.push(each);
      if (entry !== undefined && (listed.length === limit || lookedAt === MOST_LOOKED_AT))
        return { listed, next: cursorOf(entry) };
    }
  }
  return { listed, next: null };
}

/** No two entries are equal, so that a cursor stands at one place. */
function inOrder(one: Waiting, other: Waiting): number {
  if (one.region !== other.region) return byWakeUp(one, other) || (one.region < other.region ? -1 : 1);
  return byWakeUp(one, other) || QUEUES.indexOf(one.queue) - QUEUES.indexOf(other.queue);
}

function cursorOf({ wakeAt, region, queue, amiId }: Waiting): QueueCursor {
  return { wakeAt, region, queue, amiId };
}

/** Reads a queue from where a page ended: of one that stands before the cursor's, what woke up at the same time is told. */
function sourceAfter(
  region: string,
  queue: Queue,
  { after, dueBy }: { readonly after: QueueCursor | null; readonly dueBy: Instant | null },
  queues: Pick<QueueReader["queues"], "page" | "from">,
  tell: (problem: string) => void,
): ReadPage<Waiting> {
  const until = dueBy ?? Infinity;
  let place: Place | null = null;
  const first = async (): Promise<readonly (Waiting & Place)[]> => {
    if (after === null) return queues.page(region, queue, null, PAGE, until);
    const order =
      region === after.region ? QUEUES.indexOf(queue) - QUEUES.indexOf(after.queue) : region < after.region ? -1 : 1;
    if (order === 0) return queues.page(region, queue, { ...after, rank: null }, PAGE, until);
    if (order < 0 && after.wakeAt === Infinity) return [];
    const at = order < 0 ? after.wakeAt + SECOND_MS : after.wakeAt;
    return (await queues.from(region, queue, at, PAGE)).filter(({ wakeAt }) => wakeAt <= until);
  };
  return async () => {
    try {
      const page: readonly (Waiting & Place)[] =
        place === null ? await first() : await queues.page(region, queue, place, PAGE, until);
      place = page.at(-1) ?? place;
      return page;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      tell(error.message);
      return [];
    }
  };
}
