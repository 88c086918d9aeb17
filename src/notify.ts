import { createHash } from "node:crypto";
import type { ImageEvent } from "./domain/event.ts";
import { deadlineOf, draft, type Periods } from "./domain/lifecycle.ts";
import { renderPart, sectionOf, titleOf } from "./domain/report.ts";
import { ceilSecond, dayOf } from "./domain/time.ts";
import type { Clock, Journal, Log, PendingPart, Reports, Schedule } from "./ports.ts";

export interface NotifyParts {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
  /** Whether a post counts as public notice, so that deadlines may be set. */
  readonly isPublic: boolean;
}

/** Events of one region in one part: keeps a post of 22 regions below a megabyte. */
const MOST_PER_REGION = 100;

/**
 * Posts what happened and was not told yet, part by part, each exactly once; then sets the delete deadlines of the images
 * that the post named. Does nothing while another process reports. Throws `UpstreamError`, `RefusedError`; nothing is lost then.
 */
export async function reportOnce(parts: NotifyParts): Promise<{ posted: number; noticed: number }> {
  const lease = await parts.journal.reporterLease();
  const counts = { posted: 0, noticed: 0 };
  if (lease === null) return counts;
  try {
    for (;;) {
      const part = (await parts.journal.pendingPart()) ?? (await beginPart(parts));
      if (part === null) return counts;
      counts.noticed += await finishPart(part, parts);
      counts.posted += 1;
    }
  } finally {
    await lease.release();
  }
}

/** Chooses the events of the next part and remembers the choice; null when there is nothing to tell. */
async function beginPart(parts: NotifyParts): Promise<PendingPart | null> {
  const { journal, schedule, clock } = parts;
  const regions = await schedule.regions();
  const unreported = await Promise.all(regions.map((region) => journal.unreported(region, MOST_PER_REGION)));
  const days = unreported
    .flat()
    .filter((event) => sectionOf(event) !== null)
    .map((event) => dayOf(event.at));
  const day = days.toSorted()[0];
  const until: Record<string, string> = {};
  for (const events of unreported) {
    const end = events.findIndex((event) => sectionOf(event) !== null && dayOf(event.at) !== day);
    const last = events.at(end < 0 ? -1 : end - 1);
    if (end !== 0 && last !== undefined) until[last.region] = last.id;
  }
  if (Object.keys(until).length === 0) return null;
  const marker = `clean-amis-part:${createHash("sha256")
    .update(JSON.stringify([day, until]))
    .digest("hex")
    .slice(0, 24)}`;
  const part = { day: day ?? "", marker, renderedAt: clock.now(), until };
  if (day === undefined) {
    // Nothing of this is for the public: the cursors move on without a post.
    await journal.finishPart(part);
    return null;
  }
  await journal.savePendingPart(part);
  return part;
}

/** Posts a part that was begun, perhaps by a process that died; resolves to how many deadlines were set. */
async function finishPart(part: PendingPart, parts: NotifyParts): Promise<number> {
  const { journal, reports, periods } = parts;
  const events = await eventsOf(part, parts);
  const text = renderPart(events, {
    marker: part.marker,
    renderedAt: part.renderedAt,
    deleteAfterMs: periods.deleteAfterMs,
  });
  const { url } = await reports.publish({ day: part.day, title: titleOf(part.day), marker: part.marker, text });
  let noticed = 0;
  for (const event of events) if (parts.isPublic && (await noticeImage(event, url, parts))) noticed += 1;
  await journal.finishPart(part);
  parts.log.info({ day: part.day, events: events.length, noticed, url }, "report posted");
  return noticed;
}

async function eventsOf(part: PendingPart, { journal }: NotifyParts): Promise<ImageEvent[]> {
  const all = await Promise.all(
    Object.entries(part.until).map(async ([region, lastId]) => {
      const events = await journal.unreported(region, MOST_PER_REGION);
      return events.slice(0, events.findIndex((event) => event.id === lastId) + 1);
    }),
  );
  return all.flat();
}

/** Sets the deadline of an image whose being made private, or release from a hold, this post told. */
async function noticeImage(
  event: ImageEvent,
  url: string,
  { schedule, clock, periods }: NotifyParts,
): Promise<boolean> {
  if (event.what !== "made-private" && event.what !== "released") return false;
  const image = await schedule.get(event.region, event.amiId);
  const noticedAt = ceilSecond(clock.now());
  const deleteAt = image === null ? null : deadlineOf(image, event, noticedAt, periods);
  if (image === null || deleteAt === null) return false;
  return schedule.notice(image, noticedAt, deleteAt, draft("noticed", noticedAt, "reporter", url));
}
