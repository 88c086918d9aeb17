import type { Image, Stage } from "../domain/image/image.ts";
import { QUEUE_OF, QUEUES, type Queue } from "../domain/image/lifecycle.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import type { Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import { merge, type ReadPage } from "./merge.ts";
import type { Place, Places, Queues, Schedule, Strange, Waiting } from "../ports/index.ts";

/** What is asked of the queues; null: whatever it is. */
export interface QueueFilter {
  readonly regions: readonly string[] | null;
  readonly stages: readonly Stage[] | null;
  readonly composeId: string | null;
  /** Wakes up at the latest. */
  readonly dueBy: Instant | null;
  readonly isHeld: boolean;
  readonly isRefused: boolean;
}

/** An image that waits, or one that waits for nothing by itself (`queue` is null). */
export interface Listed {
  readonly region: string;
  readonly amiId: string;
  readonly queue: Queue | null;
  readonly wakeAt: Instant;
  /** Null: no record, or nobody asked for it. */
  readonly image: Image | null;
  /** Why the record cannot be understood; null: it can. */
  readonly strange: string | null;
}

/** Who reads the queues. */
export interface QueueReader {
  readonly queues: Pick<Queues, "regions" | "page" | "from" | "last" | "live" | "images">;
  readonly schedule: Pick<Schedule, "ofCompose" | "waiting">;
}

/** Told what of ours cannot be read, one sentence each; the rest is listed. */
type Tell = (problem: string) => void;

const PAGE = 500;
const FIRST_PAGE = 50;

/**
 * What waits, in all regions and queues, the next first; after that, for stages that are asked for by name, what waits for
 * nothing by itself. In pieces, and in memory that does not grow with the queues. `withImages` false leaves the records unread
 * where no filter needs them. Throws `UpstreamError`, and `RefusedError` when the regions themselves cannot be read.
 */
export async function* listQueues(
  filter: QueueFilter,
  { queues, schedule }: QueueReader,
  tell: Tell,
  withImages = true,
): AsyncGenerator<readonly Listed[], void> {
  if (filter.composeId !== null) {
    yield await listCompose(filter.composeId, filter, schedule);
    return;
  }
  const known = await queues.regions();
  const regions = filter.regions === null ? known : known.filter((region) => filter.regions?.includes(region));
  const asked = QUEUES.filter((queue) => mayWaitIn(queue, filter));
  const sources = regions.flatMap((region) => asked.map((queue) => sourceOf(region, queue, filter, queues, tell)));
  const needsImages = withImages || filter.stages !== null || filter.isRefused;
  for await (const piece of merge(sources, byWakeUp)) {
    const listed = needsImages ? await withRecords(piece, queues) : piece.map(bare);
    yield listed.filter((each) => isWanted(each, filter));
  }
  if (filter.dueBy === null && !filter.isHeld && !filter.isRefused)
    for (const region of regions) yield* listIdle(region, filter, queues, tell);
}

/** Walks over every key once, so that what cannot be read is met, wherever it stands. Throws `UpstreamError`. */
export async function meetStrange({ places }: { readonly places: Pick<Places, "walk"> }): Promise<void> {
  let from: string | null = null;
  do from = (await places.walk(from)).next;
  while (from !== null);
}

/** Whether an image that the filter wants can wait there. */
export function mayWaitIn(queue: Queue, { stages, isHeld }: QueueFilter): boolean {
  if (isHeld) return queue === "held";
  return stages === null || stages.some((stage) => QUEUE_OF[stage] === queue);
}

/** Reads a queue up to the latest wake-up that it has now: what is put off meanwhile cannot keep the list from ending. */
function sourceOf(
  region: string,
  queue: Queue,
  { dueBy }: QueueFilter,
  queues: Pick<Queues, "last" | "page">,
  tell: Tell,
): ReadPage<Waiting> {
  let [until, place]: [Instant | null, Place | null] = [null, null];
  return async () => {
    try {
      until ??= Math.min((await queues.last(region, queue)) ?? -Infinity, dueBy ?? Infinity);
      const page = await queues.page(region, queue, place, place === null ? FIRST_PAGE : PAGE, until);
      place = page.at(-1) ?? null;
      return page;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      tell(error.message);
      return [];
    }
  };
}

/** The order of what waits. */
export function byWakeUp(one: Waiting, other: Waiting): number {
  return one.wakeAt === other.wakeAt ? 0 : one.wakeAt < other.wakeAt ? -1 : 1;
}

/** The same entries with their records, in one round trip a region. */
export async function withRecords(
  piece: readonly Waiting[],
  queues: Pick<Queues, "images">,
): Promise<readonly Listed[]> {
  const records = new Map<Waiting, Image | Strange | null>();
  await Promise.all(
    [...new Set(piece.map(({ region }) => region))].map(async (region) => {
      const waiting = piece.filter((each) => each.region === region);
      const amiIds = waiting.map(({ amiId }) => amiId);
      const found = await queues.images(region, amiIds);
      waiting.forEach((each, index) => records.set(each, found[index] ?? null));
    }),
  );
  return piece.map((each) => ({ ...bare(each), ...recordOf(records.get(each) ?? null) }));
}

function bare({ region, queue, amiId, wakeAt }: Waiting): Listed {
  return { region, queue, amiId, wakeAt, image: null, strange: null };
}

function recordOf(record: Image | Strange | null): Pick<Listed, "image" | "strange"> {
  if (record === null) return { image: null, strange: "it has no record: nothing is done to it" };
  return "strange" in record ? { image: null, strange: record.strange } : { image: record, strange: null };
}

/** What is kept, or private and not yet told to the public: it stands in no queue. */
async function* listIdle(
  region: string,
  filter: QueueFilter,
  queues: Pick<Queues, "live" | "images">,
  tell: Tell,
): AsyncGenerator<Listed[], void> {
  const stages = filter.stages?.filter((stage): boolean => stage === "kept" || stage === "private") ?? [];
  if (stages.length === 0) return;
  try {
    for await (const amiIds of queues.live(region)) {
      const found = await queues.images(region, amiIds);
      yield found.flatMap((image, index): Listed[] => {
        if (image === null || "strange" in image || !stages.includes(image.stage) || image.deleteAt !== null) return [];
        return [{ region, amiId: amiIds[index] ?? "", queue: null, wakeAt: Infinity, image, strange: null }];
      });
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    tell(error.message);
  }
}

/** A compose has few images: no queue has to be read for them. */
async function listCompose(
  composeId: string,
  filter: QueueFilter,
  schedule: QueueReader["schedule"],
): Promise<readonly Listed[]> {
  const images = await schedule.ofCompose(composeId);
  const listed = await Promise.all(
    images.map(async (image): Promise<Listed> => {
      const waits = await schedule.waiting(image.region, image.amiId);
      const { region, amiId } = image;
      return { region, amiId, queue: waits?.queue ?? null, wakeAt: waits?.wakeAt ?? Infinity, image, strange: null };
    }),
  );
  const isAsked = ({ queue }: Listed): boolean => queue !== null || filter.stages !== null;
  return listed
    .filter((each) => isAsked(each) && isWanted(each, filter))
    .sort((a, b) => a.wakeAt - b.wakeAt || a.region.localeCompare(b.region) || a.amiId.localeCompare(b.amiId));
}

/** Whether an entry is asked for. What cannot be understood is, unless a filter asks for what only a record can tell. */
export function isWanted({ region, wakeAt, queue, image }: Listed, filter: QueueFilter): boolean {
  if (filter.regions !== null && !filter.regions.includes(region)) return false;
  if (filter.dueBy !== null && !(wakeAt <= filter.dueBy)) return false;
  if (filter.isHeld && queue !== "held") return false;
  if (filter.stages !== null && (image === null || !filter.stages.includes(image.stage))) return false;
  return !filter.isRefused || image === null || refusalOf(image) !== null;
}
