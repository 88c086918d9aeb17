import { tooManyText } from "../domain/comment/answer.ts";
import type { Image } from "../domain/image/image.ts";
import type { ActQueue } from "../domain/image/lifecycle.ts";
import { describeTrouble } from "../domain/limits/breaker.ts";
import { believable, isDeaf } from "../domain/limits/deaf.ts";
import type { Stoppage } from "../domain/report/outlook.ts";
import { formatInstant, HOUR_MS, type Instant, DAY_MS, dayOf } from "../domain/time.ts";
import type { Breakers, Budgets, Clock, Schedule, CommentMemory, StrangeThing } from "../ports/index.ts";

/** Where it stands what may not be done now. */
export interface Limits {
  readonly budgets: Pick<Budgets, "stops" | "paused">;
  readonly breakers: Pick<Breakers, "all">;
  readonly schedule: Pick<Schedule, "regions" | "due" | "countDue">;
  readonly clock: Clock;
}

/** Images of a region that are listed for one stop. */
const MOST_PER_REGION = 10;
/** A region that failed for less than this is no news. */
const BLIP_MS = HOUR_MS;
/** What waits in a queue, and since when an image of it is due. */
const WAITING: Readonly<Record<ActQueue, (image: Image) => readonly [string, Instant | null]>> = {
  restore: () => ["give back", null],
  private: ({ privateAt }) => ["make private", privateAt],
  delete: ({ deleteAt }) => ["delete", deleteAt],
};
const ALL_ACTS = Object.keys(WAITING) as ActQueue[];
const WORDS = { private: "make images private", delete: "delete images" } as const;

/** The pause, the stops and the regions in trouble, each with the images that wait for its end. Throws `UpstreamError`. */
export async function stoppages({ budgets, schedule, breakers, clock }: Limits): Promise<readonly Stoppage[]> {
  const now = clock.now();
  const [pause, stops, troubles] = await Promise.all([budgets.paused(), budgets.stops(), breakers.all()]);
  const kept = async (
    what: string,
    why: string,
    since: Instant,
    queues: readonly ActQueue[],
    region?: string,
  ): Promise<Stoppage> => {
    const regions = region === undefined ? await schedule.regions() : [region];
    const counts = await Promise.all(queues.map((queue) => schedule.countDue(queue, now, region)));
    const plans = await Promise.all(queues.map((queue) => planOf(queue, regions, now, schedule)));
    const images = counts.reduce((sum, count) => sum + count, 0);
    return { what, why, since, images, plan: plans.flat(), ...(region !== undefined && { region }) };
  };
  const lasting = [...troubles].filter(([, { trouble, since }]) => trouble === "shut" || now - since >= BLIP_MS);
  const regional = await Promise.all(
    lasting.map(([region, breaker]) =>
      kept(`anything in ${region}`, describeTrouble(breaker), breaker.since, ALL_ACTS, region),
    ),
  );
  const others = await Promise.all([
    ...(pause === null ? [] : [kept("anything", `${pause.by}: ${pause.why}`, pause.since, ["private", "delete"])]),
    ...stops.map(({ kind, reason, since }) => kept(WORDS[kind], reason, since, [kind])),
  ]);
  return [...others, ...regional.filter(({ images }) => images > 0)];
}

async function planOf(
  queue: ActQueue,
  regions: readonly string[],
  now: Instant,
  schedule: Pick<Schedule, "due">,
): Promise<readonly string[]> {
  const due = await Promise.all(regions.map((region) => schedule.due(region, queue, now, MOST_PER_REGION)));
  return due.flat().map((image) => {
    const [act, at] = WAITING[queue](image);
    const since = at === null ? "" : `, due since ${formatInstant(at)}`;
    return `${image.region} ${image.amiId} ${image.composeId}: ${act}${since}`;
  });
}

/** What the report says of what cannot be read: where, and never what stands there. */
export function strangeStoppages(things: readonly StrangeThing[]): readonly Stoppage[] {
  const regions = [...new Set(things.map(({ region }) => region))];
  return regions.map((region) => {
    const ofRegion = things.filter((thing) => thing.region === region);
    return {
      what: `what needs ${ofRegion.length === 1 ? "an entry" : `${ofRegion.length} entries`} of this service's memory${region === null ? "" : ` in ${region}`}`,
      why: "it cannot be read, and is left alone: the people who run this service find in its log what to do",
      since: Math.min(...ofRegion.map(({ since }) => since)),
      images: 0,
      plan: [],
      // Told beside other news; a post of its own only on its first day.
      region: region ?? "",
    };
  });
}

/** What is known of the reading of comments. */
export interface CommentReading {
  readonly memory: CommentMemory;
  readonly schedule: Pick<Schedule, "countDue">;
  readonly clock: Clock;
  readonly mostPerDay: number;
}

/** What the report says of comments: that they cannot be read, and who writes too many. Throws `UpstreamError`. */
export async function commentStoppages({
  memory,
  schedule,
  clock,
  mostPerDay,
}: CommentReading): Promise<readonly Stoppage[]> {
  const now = clock.now();
  const { at } = await memory.reading();
  const readUntil = believable(at, now);
  const isUnread = isDeaf(readUntil, now) && !(at === null && (await memory.isSilent()));
  const due = isUnread ? await Promise.all([schedule.countDue("private", now), schedule.countDue("delete", now)]) : [];
  const unread: Stoppage = {
    what: "make images private, or delete them",
    why: "the comments on the reports could not be read",
    since: readUntil,
    images: due.reduce((sum, count) => sum + count, 0),
    plan: [],
  };
  // Yesterday's as well: a report may have been posted before they wrote.
  const days = [dayOf(now - DAY_MS), dayOf(now)];
  const excess = await Promise.all(days.map(async (day) => ({ day, authors: await memory.tooMany(day, mostPerDay) })));
  const why = `${mostPerDay} comments of one author a day are answered; what they name is held all the same`;
  return [
    ...(isUnread ? [unread] : []),
    ...excess.flatMap(({ day, authors }) =>
      authors.map(({ author, comments: count }) => ({
        what: tooManyText(author, count, day),
        why,
        since: null,
        images: 0,
        plan: [],
      })),
    ),
  ];
}
