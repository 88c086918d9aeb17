import { type ImageEvent, compareIds } from "../domain/image/event.ts";
import { isToldAnew } from "../domain/image/deadline.ts";
import type { Image } from "../domain/image/image.ts";
import { sectionOf, type Section } from "../domain/report/sections.ts";
import { DAY_MS, type Instant } from "../domain/time.ts";
import type { Journal, Schedule } from "../ports/index.ts";

/** What a day is read from. */
export interface DayRecords {
  readonly schedule: Pick<Schedule, "regions" | "get">;
  readonly journal: Pick<Journal, "between">;
}

/** Something that the public was told, or will be. */
export interface DayEntry {
  readonly section: Section;
  readonly event: ImageEvent;
  /** For an image made private or released by this event and noticed since: before it nothing is deleted. Else null. */
  readonly deleteAt: Instant | null;
}

/** What a UTC day's report tells, in the order in which it was written. Throws `UpstreamError`. */
export async function readDay(day: string, { schedule, journal }: DayRecords): Promise<readonly DayEntry[]> {
  const start = Date.parse(`${day}T00:00:00Z`);
  const regions = await schedule.regions();
  const events = await Promise.all(regions.map((region) => journal.between(region, start, start + DAY_MS)));
  const entries = events.flat().map(async (event): Promise<DayEntry | null> => {
    const section = sectionOf(event);
    if (section === null) return null;
    const hasDeadline = section === "made-private" || section === "released";
    const image = hasDeadline ? await schedule.get(event.region, event.amiId) : null;
    const isLatest = image !== null && (beginOf(image, event) === event.at || isToldAnew(image, event));
    return { section, event, deleteAt: isLatest ? image.deleteAt : null };
  });
  const told = (await Promise.all(entries)).filter((entry) => entry !== null);
  return told.sort((a, b) => compareIds(a.event.id, b.event.id) || (a.event.region < b.event.region ? -1 : 1));
}

/** The instant from which the image stands as this kind of event tells. */
function beginOf(image: Image, { what }: ImageEvent): Instant | null {
  if (what === "released") return image.releasedAt;
  return what === "found-again" ? image.uploadedAt : image.madePrivateAt;
}
