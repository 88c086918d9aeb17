import { compareIds, type ImageEvent } from "../domain/image/event.ts";
import { titleOf } from "../domain/report/report.ts";
import { sectionOf } from "../domain/report/sections.ts";
import { toldIn } from "../domain/report/told.ts";
import { DAY_MS, dayOf, type Instant } from "../domain/time.ts";
import { orUnreadable } from "../errors.ts";
import type { Journal, Log, PendingPost, Reports, Schedule } from "../ports/index.ts";

/** Where it stands what was told, and what happened. */
interface Memories {
  readonly reports: Pick<Reports, "posted">;
  readonly journal: Pick<Journal, "historyOf">;
  readonly schedule: Pick<Schedule, "get">;
  readonly title: string;
  readonly log: Pick<Log, "debug">;
}

/**
 * Those of the events that an earlier post tells already, each with the deadline that its image has (null: none). A Redis that
 * came back without its last second forgets posts, and the acts that they told, which then happen again under another id: so
 * the public's own pages are asked, by image and act. What was told more often than the stream remembers is told again. Whoever
 * edits our pages can make an entry a repetition, and not keep it from being told. Throws `UpstreamError`, `RefusedError`.
 */
export async function repeatsAmong(
  events: readonly ImageEvent[],
  { day, marker }: Pick<PendingPost, "day" | "marker">,
  { reports, journal, schedule, title, log }: Memories,
): Promise<ReadonlyMap<ImageEvent, Instant | null>> {
  // An act right before midnight may have been told the day before.
  const days = [dayOf(Date.parse(`${day}T00:00:00Z`) - DAY_MS), day];
  const posts = await Promise.all(days.map((each) => reports.posted({ day: each, title: titleOf(each, title) })));
  const tellings = countTellings(posts.flat().filter((text) => !text.includes(marker)));
  const told = events.filter((event) => tellings.has(keyOf(event)));
  const repeats = new Map<ImageEvent, Instant | null>();
  for (const region of new Set(told.map((event) => event.region))) {
    const ofRegion = told.filter((event) => event.region === region);
    const amiIds = [...new Set(ofRegion.map(({ amiId }) => amiId))];
    const remembered = (await journal.historyOf(region, amiIds)).filter(({ at }) => days.includes(dayOf(at)));
    for (const event of ofRegion) {
      const isEarlier = (each: ImageEvent): boolean =>
        compareIds(each.id, event.id) < 0 && keyOf(each) === keyOf(event);
      if ((tellings.get(keyOf(event)) ?? 0) <= remembered.filter(isEarlier).length) continue;
      const image = await orUnreadable(() => schedule.get(region, event.amiId), null, { log });
      repeats.set(event, image?.deleteAt ?? null);
    }
  }
  return repeats;
}

function keyOf(event: ImageEvent): string {
  return `${sectionOf(event) ?? ""} ${event.region} ${event.amiId}`;
}

/** How often each image stands in each section, a post that stands twice counted once. */
function countTellings(posts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const byMarker = new Map(posts.map((text) => [/clean-amis-part:[0-9a-f]+/.exec(text)?.[0] ?? text, text]));
  for (const text of byMarker.values())
    for (const { section, region, amiId } of toldIn(text)) {
      const key = `${section} ${region} ${amiId}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return counts;
}
