import { orUnreadable } from "../errors.ts";
import type { ImageEvent } from "../domain/image/event.ts";
import { isAmiId } from "../domain/image/image.ts";
import { replaceableIn } from "../domain/image/replacement.ts";
import type { Outlook } from "../domain/report/outlook.ts";
import {
  notBeforeOf,
  renderContinuation,
  renderOpening,
  renderPost,
  titleOf,
  type PostFrame,
} from "../domain/report/report.ts";
import { sectionOf } from "../domain/report/sections.ts";
import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, dayOf, type Instant } from "../domain/time.ts";
import type { PendingPost, ReporterLease, Post, Schedule } from "../ports/index.ts";
import { chooseEvents, postMarker, MOST_PER_REGION } from "./choice.ts";
import { nowBy } from "./now.ts";
import { dueList } from "./outlook.ts";
import { repeatsAmong } from "./repeats.ts";
import type { Reporter } from "./reporter.ts";

/** What a row of the outlook's four lists may take together, in bytes. */
const BYTES_PER_ROW = 1000;
const QUIET_MS = 7 * DAY_MS;

/** What the text of a post is made from, besides the lease's streams. */
type Sources = Pick<Reporter, "schedule" | "periods" | "policy" | "stoppages" | "log">;

/** What a post's text is made from beside its events. */
interface Beside {
  readonly now: Instant;
  readonly outlook: Outlook | null;
  readonly quietSince: Instant | null;
  readonly repeats: PostFrame["repeats"];
  readonly replacements: PostFrame["replacements"];
}

/** Of each event the date before which its image is not deleted, as the post says; null: it says none. */
type Dates = ReadonlyMap<ImageEvent, Instant | null>;

const NO_REPEATS: PostFrame["repeats"] = new Map();

/** Whether something waits to be told; what is due, and that all is quiet, can wait itself. */
export async function hasNews(
  lease: ReporterLease,
  { schedule, log }: Pick<Reporter, "schedule" | "log">,
): Promise<boolean> {
  if ((await lease.pendingPost()) !== null) return true;
  for (const region of await schedule.regions()) {
    const events = await unreportedOf(region, lease, { log });
    if (events.some((event) => sectionOf(event) !== null)) return true;
  }
  return false;
}

/** A region whose place in its stream cannot be read is told later; the others now. */
function unreportedOf(
  region: string,
  lease: Pick<ReporterLease, "unreported">,
  { log }: Pick<Reporter, "log">,
): Promise<readonly ImageEvent[]> {
  return orUnreadable(() => lease.unreported(region, MOST_PER_REGION), [], { log });
}

/** Chooses what the next post tells, and remembers the choice; null when there is nothing to tell. */
export async function beginPost(
  lease: ReporterLease,
  sources: Sources,
  mostBytes: number,
): Promise<PendingPost | null> {
  const { schedule, periods } = sources;
  const now = await nowBy(sources);
  const regions = await schedule.regions();
  const unreported = await Promise.all(regions.map((region) => unreportedOf(region, lease, sources)));
  const beside = {
    now,
    quietSince: null,
    repeats: NO_REPEATS,
    replacements: await replacementsOf(unreported.flat(), now, sources),
  };
  const sizeOf = (day: string, events: readonly ImageEvent[], outlook: Outlook | null): number =>
    Buffer.byteLength(renderOpening(day, periods.deleteAfterMs)) +
    Buffer.byteLength(textOf(emptyPost(day, mostBytes), events, { ...beside, outlook }, sources));
  const choice = chooseEvents(unreported, (day, events) => sizeOf(day, events, null) <= mostBytes);
  if (choice.day === null) {
    // Nothing of this is for the public: the cursors move on without a post.
    if (choice.events.length > 0) await lease.finishPost(choice.until, {});
    return choice.isAll ? beginQuietPost(lease, sources, mostBytes) : beginPost(lease, sources, mostBytes);
  }
  const { day, events, until } = choice;
  const today = dayOf(now);
  const isFirst = choice.isAll && day === today && (await lease.memory()).outlookDay !== day;
  const withOutlook = isFirst && sizeOf(day, events, await outlookNow(sources)) <= mostBytes;
  return save({ ...emptyPost(day, mostBytes), until, extra: withOutlook ? "outlook" : null }, lease);
}

/** What is told without any event: what is due, once a day on which something was told or stopped; or that all is quiet. */
async function beginQuietPost(
  lease: ReporterLease,
  sources: Omit<Sources, "periods">,
  mostBytes: number,
): Promise<PendingPost | null> {
  const now = await nowBy(sources);
  const day = dayOf(now);
  const { outlookDay, toldDay, quietSince } = await lease.memory();
  const since = believable(quietSince, now) ?? now;
  const empty = emptyPost(day, mostBytes);
  if (now - since >= QUIET_MS) return save({ ...empty, extra: "heartbeat" }, lease);
  if (outlookDay === day) return null;
  const { due, stoppages } = await outlookNow(sources);
  // A day's events that left no room for it are followed by a post of its own.
  const isTold = toldDay === day && due.makePrivate.length + due.deletes.length > 0;
  // A region in trouble may be so for months: it is worth a post of its own at first, and told beside other news after that.
  const isNews = stoppages.some(({ region, since }) => region === undefined || now - (since ?? now) < DAY_MS);
  const isUntold = due.unfinished.some((row) => !row.isTold);
  return isNews || isTold || isUntold ? save({ ...empty, extra: "outlook" }, lease) : null;
}

/**
 * A post's whole text, from what stands in the streams and the schedule now, the events that it tells, and the dates that it
 * gives of their images. `now`: the instant from which dates are reckoned.
 */
export async function writePost(
  post: PendingPost,
  now: Instant,
  lease: ReporterLease,
  reporter: Sources & Pick<Reporter, "title" | "reports" | "journal" | "log">,
): Promise<{ readonly text: Post; readonly events: readonly ImageEvent[]; readonly dates: Dates }> {
  const { day, marker, extra } = post;
  const reached = Object.entries(post.until);
  const read = await Promise.all(reached.map(([region, lastId]) => lease.unreported(region, MOST_PER_REGION, lastId)));
  const events = read.flat();
  const outlook = extra === null ? null : await outlookNow(reporter);
  const { quietSince } = extra === "heartbeat" ? await lease.memory() : { quietSince: null };
  const told = events.filter((event) => sectionOf(event) !== null);
  const repeats = told.length === 0 ? NO_REPEATS : await repeatsAmong(told, post, reporter);
  const replacements = await replacementsOf(told, now, reporter);
  const text = {
    day,
    marker,
    title: titleOf(day, reporter.title),
    opening: renderOpening(day, reporter.periods.deleteAfterMs),
    continuation: renderContinuation(day),
    text: textOf(post, events, { now, outlook, quietSince, repeats, replacements }, reporter),
    names: [...new Set(told.map(({ amiId }) => amiId).filter(isAmiId))],
  };
  const { deleteAfterMs } = reporter.periods;
  const dates = new Map(told.map((event) => [event, notBeforeOf(event, { now, deleteAfterMs, repeats })]));
  return { text, events, dates };
}

function textOf(
  { day, marker, mostBytes }: PendingPost,
  events: readonly ImageEvent[],
  { now, outlook, quietSince, repeats, replacements }: Beside,
  { periods }: Pick<Reporter, "periods">,
): string {
  return renderPost(events, {
    day,
    marker,
    now,
    deleteAfterMs: periods.deleteAfterMs,
    outlook,
    repeats,
    replacements,
    quietSince: quietSince === null ? null : dayOf(quietSince),
    mostRows: Math.max(1, Math.floor(mostBytes / BYTES_PER_ROW)),
  });
}

/** Of the images that these events take from the public those to go over to, in one question. Throws `UpstreamError`. */
export async function replacementsOf(
  events: readonly ImageEvent[],
  now: Instant,
  {
    schedule,
    policy: { keepNewest },
  }: Pick<Reporter, "policy"> & { readonly schedule: Pick<Schedule, "replacements"> },
): Promise<PostFrame["replacements"]> {
  const asked = events.flatMap((event) => {
    const image = replaceableIn(event);
    return image === null ? [] : [{ event, image }];
  });
  const found = await schedule.replacements(
    asked.map(({ image }) => image),
    { now, keepNewest },
  );
  return new Map(asked.flatMap(({ event }, index) => (found[index] ? [[event, found[index]] as const] : [])));
}

async function outlookNow({ schedule, stoppages }: Pick<Sources, "schedule" | "stoppages">): Promise<Outlook> {
  const now = await nowBy({ schedule });
  const [due, stops] = await Promise.all([dueList(schedule, now), stoppages()]);
  return { due, stoppages: stops };
}

function emptyPost(day: string, mostBytes: number): PendingPost {
  return {
    day,
    marker: postMarker({ day, until: {}, extra: null }),
    until: {},
    extra: null,
    mostBytes,
    unsureAt: null,
    writtenAt: null,
  };
}

async function save(post: PendingPost, lease: ReporterLease): Promise<PendingPost> {
  const marked = { ...post, marker: postMarker(post) };
  await lease.savePendingPost(marked);
  return marked;
}
