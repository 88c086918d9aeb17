import { tooManyText } from "../domain/comment/answer.ts";
import type { Image } from "../domain/image/image.ts";
import type { ActQueue } from "../domain/image/lifecycle.ts";
import { describeTrouble, EVERY_REGION } from "../domain/limits/breaker.ts";
import { believable, deafFrom, DEAFNESS_WORDS, isDeaf } from "../domain/limits/deaf.ts";
import type { Stoppage } from "../domain/report/outlook.ts";
import { formatInstant, HOUR_MS, MINUTE_MS, type Instant, DAY_MS, dayOf } from "../domain/time.ts";
import { nowBy } from "./now.ts";
import type { Breakers, Budgets, CommentMemory, Hearing, Listen, Schedule, StrangeThing } from "../ports/index.ts";

/** Where it stands what may not be done now. */
export interface Limits {
  readonly budgets: Pick<Budgets, "stops" | "paused">;
  readonly breakers: Pick<Breakers, "all">;
  readonly schedule: Pick<Schedule, "now" | "regions" | "due" | "countDue">;
}

/** Images of a region that are listed for one stop. */
const MOST_PER_REGION = 10;
/** A region that failed for less than this is no news. */
const BLIP_MS = HOUR_MS;
/** After a start, or a Redis that was started anew, all is heard again within minutes. */
const SOON_OVER_MS = 10 * MINUTE_MS;
/** What waits in a queue, and since when an image of it is due. */
const WAITING: Readonly<Record<ActQueue, (image: Image) => readonly [string, Instant | null]>> = {
  restore: () => ["give back", null],
  private: ({ privateAt }) => ["make private", privateAt],
  delete: ({ deleteAt }) => ["delete", deleteAt],
};
const ALL_ACTS = Object.keys(WAITING) as ActQueue[];
/** What is not done where not all is heard that was said. */
const TAKING: readonly ActQueue[] = ["private", "delete"];
const NOT_TAKEN = "make images private, or delete them";
const WORDS = { private: "make images private", delete: "delete images" } as const;

/** The pause, the stops and the regions in trouble, each with the images that wait for its end. Throws `UpstreamError`. */
export async function stoppages({ budgets, schedule, breakers }: Limits): Promise<readonly Stoppage[]> {
  const now = await nowBy({ schedule });
  const [pause, stops, troubles] = await Promise.all([budgets.paused(), budgets.stops(), breakers.all()]);
  const kept = (what: string, why: string, since: Instant, queues: readonly ActQueue[], region?: string) =>
    stoppageOf({ what, why, since, queues, ...(region !== undefined && { region }) }, now, schedule);
  const lasting = [...troubles].filter(([, { trouble, since }]) => trouble === "shut" || now - since >= BLIP_MS);
  const regional = await Promise.all(
    lasting.map(([region, breaker]) =>
      kept(
        `anything in ${region.replaceAll("-", region === EVERY_REGION ? " " : "-")}`,
        describeTrouble(breaker),
        breaker.since,
        ALL_ACTS,
        region,
      ),
    ),
  );
  const others = await Promise.all([
    ...(pause === null ? [] : [kept("anything", `${pause.by}: ${pause.why}`, pause.since, ["private", "delete"])]),
    ...stops.map(({ kind, reason, since }) => kept(WORDS[kind], reason, since, [kind])),
  ]);
  return [...others, ...regional.filter(({ images }) => images > 0)];
}

/** A stop with the images of these queues that wait for its end, of one region or of all. Throws `UpstreamError`. */
async function stoppageOf(
  { queues, ...stop }: Pick<Stoppage, "what" | "why" | "since" | "region"> & { readonly queues: readonly ActQueue[] },
  now: Instant,
  schedule: Pick<Schedule, "regions" | "due" | "countDue">,
): Promise<Stoppage> {
  const only = stop.region === EVERY_REGION ? undefined : stop.region;
  const regions = only === undefined ? await schedule.regions() : [only];
  const counts = await Promise.all(queues.map((queue) => schedule.countDue(queue, now, only)));
  const plans = await Promise.all(queues.map((queue) => planOf(queue, regions, now, schedule)));
  return { ...stop, images: counts.reduce((sum, count) => sum + count, 0), plan: plans.flat() };
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

/** Who knows whether the service hears. */
export interface Hearer {
  readonly listen: Listen;
  readonly hearing: Pick<Hearing, "deafSince">;
  readonly schedule: Pick<Schedule, "now" | "regions" | "due" | "countDue">;
}

/** That the service is deaf to messages, and what waits for that; nothing while it hears. Throws `UpstreamError`. */
export async function deafStoppages({ listen, hearing, schedule }: Hearer): Promise<readonly Stoppage[]> {
  const now = await nowBy({ schedule });
  const { until, deafness } = await listen(now);
  // Of comments it is told below, with their own words.
  if (deafness === null || deafness === "comments") return [];
  const since = deafness === "old" && until !== null ? deafFrom(until) : believable(await hearing.deafSince(), now);
  if (since === null || now - since < SOON_OVER_MS) return [];
  return [await stoppageOf({ what: NOT_TAKEN, why: DEAFNESS_WORDS[deafness], since, queues: TAKING }, now, schedule)];
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
  readonly schedule: Pick<Schedule, "now" | "regions" | "due" | "countDue">;
  readonly mostPerDay: number;
}

/** What the report says of comments: that they cannot be read, and who writes too many. Throws `UpstreamError`. */
export async function commentStoppages({ memory, schedule, mostPerDay }: CommentReading): Promise<readonly Stoppage[]> {
  const now = await nowBy({ schedule });
  const { at } = await memory.reading();
  const readUntil = believable(at, now);
  const isUnread = isDeaf(readUntil, now) && !(at === null && (await memory.isSilent()));
  const stop = { what: NOT_TAKEN, why: DEAFNESS_WORDS.comments, since: readUntil, queues: TAKING };
  const unread = isUnread ? [await stoppageOf(stop, now, schedule)] : [];
  // Yesterday's as well: a report may have been posted before they wrote.
  const days = [dayOf(now - DAY_MS), dayOf(now)];
  const excess = await Promise.all(days.map(async (day) => ({ day, authors: await memory.tooMany(day, mostPerDay) })));
  const why = `${mostPerDay} comments of one author a day are answered; what they name is held all the same`;
  return [
    ...unread,
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
