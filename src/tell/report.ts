import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../domain/time.ts";
import { describeError, isOfNeighbour, orUnreadable, RefusedError, UpstreamError } from "../errors.ts";
import { TOO_LONG } from "../ports/index.ts";
import type { PendingPost, ReporterLease, ReporterMemory } from "../ports/index.ts";
import { noticeImage } from "./notice.ts";
import { nowBy } from "./now.ts";
import { beginPost, hasNews, writePost } from "./post.ts";
import type { Reporter } from "./reporter.ts";
import { noteStatus } from "./status.ts";
import { findUntold } from "./untold.ts";

/** What one pass of the reporter did. */
export interface Reported {
  readonly posted: number;
  readonly noticed: number;
}

/** A post that is refused as too long is halved, down to this: below it, the length is not what is wrong. */
const LEAST_BYTES = 2_000;
/** How long a post whose answer was lost may still be under way. */
const UNSURE_MS = MINUTE_MS;
/** When a second look that failed is repeated, and for how long after its day. */
const LOOK_AGAIN_MS = HOUR_MS;
const LOOK_FOR_MS = 7 * DAY_MS;
const WORDS = {
  failing: "the reports cannot be posted until a person mends this",
  again: "the reports can be posted again",
} as const;
/** How long events are kept. */
const KEEP_EVENTS_MS = 400 * DAY_MS;
/** They are kept so much longer than an image waits once it was told, however many there are: its notice is looked for by them. */
const SPARE_EVENTS_MS = 30 * DAY_MS;

/**
 * Posts what happened and was not told yet, post by post, each exactly once; then sets the delete deadlines of the images
 * that it named. Does nothing while another process reports. Throws `UpstreamError`, `RefusedError`; nothing is lost
 * then, and the status says what is wrong.
 */
export async function reportOnce(reporter: Reporter): Promise<Reported> {
  // While the clocks disagree nothing is told: no date would be true.
  await nowBy(reporter);
  const lease = await reporter.journal.reporterLease();
  if (lease === null) return { posted: 0, noticed: 0 };
  try {
    // Every pass asks first: a token that expired must not wait for the next upload to be found out.
    const trouble = await askIn(reporter);
    if (trouble !== null) {
      // Who has nothing to tell need not be loud: the status says it.
      if (await hasNews(lease, reporter)) throw trouble;
      await noteStatus(lease, trouble, { ...reporter, words: WORDS });
      return { posted: 0, noticed: 0 };
    }
    await tidy(lease, reporter);
    await seekUntold(lease, reporter);
    const { posted, noticed, isAll } = await tellAll(lease, reporter);
    if (isAll) await noteStatus(lease, null, { ...reporter, words: WORDS });
    return { posted, noticed };
  } catch (error) {
    if (isOfNeighbour(error)) await noteStatus(lease, error, { ...reporter, words: WORDS });
    throw error;
  } finally {
    await lease.end();
  }
}

/** What keeps us out for now; null when nothing does. Throws `RefusedError` for what a person must mend. */
async function askIn({ reports }: Pick<Reporter, "reports">): Promise<UpstreamError | null> {
  try {
    await reports.check();
    return null;
  } catch (error) {
    if (error instanceof UpstreamError) return error;
    throw error;
  }
}

async function tellAll(lease: ReporterLease, reporter: Reporter): Promise<Reported & { readonly isAll: boolean }> {
  let [posted, noticed, mostBytes] = [0, 0, reporter.mostBytes];
  for (;;) {
    const post = (await lease.pendingPost()) ?? (await beginPost(lease, reporter, mostBytes));
    if (post === null) return { posted, noticed, isAll: true };
    const done = await publishPost(post, lease, reporter);
    if (done === "wait") return { posted, noticed, isAll: false };
    if (done === "too-long") {
      mostBytes = Math.floor(post.mostBytes / 2);
      await lease.finishPost({}, {});
      await beginPost(lease, reporter, mostBytes);
    } else {
      posted += 1;
      noticed += done.noticed;
    }
  }
}

/** Second looks that are due, and once a day the removal of what is very old. */
async function tidy(
  lease: ReporterLease,
  { reports, schedule, periods, log }: Pick<Reporter, "reports" | "schedule" | "periods" | "log">,
): Promise<void> {
  const now = await nowBy({ schedule });
  const { secondLooks, trimmedAt, quietSince } = await lease.memory();
  if (believable(quietSince, now) === null) await lease.remember({ quietSince: now });
  for (const look of secondLooks.filter(({ at }) => at <= now || at > now + 2 * LOOK_AGAIN_MS)) {
    const again = await lookAgain(look, lease, { reports, now, log });
    const { secondLooks: left } = await lease.memory();
    const others = left.filter(({ marker }) => marker !== look.marker);
    await lease.remember({ secondLooks: again === null ? others : [...others, again] });
  }
  if (now - (believable(trimmedAt, now) ?? 0) < DAY_MS) return;
  for (const region of await schedule.regions()) {
    const removed = await orUnreadable(() => lease.trim(region, Math.max(0, now - KEEP_EVENTS_MS), now), 0, { log });
    if (removed > 0) log.info({ region, removed }, "events older than 400 days removed");
    const spared = Math.max(0, now - periods.deleteAfterMs - SPARE_EVENTS_MS);
    const tooMany = await orUnreadable(() => lease.bound(region, spared, now), 0, { log });
    if (tooMany > 0) log.warn({ region, removed: tooMany }, "events took more than 64 MiB: the oldest are removed");
  }
  await lease.remember({ trimmedAt: now });
}

/** Only a notice gives a date: where none is given, everybody is untold, and stays so. */
async function seekUntold(lease: ReporterLease, reporter: Reporter): Promise<void> {
  if (!reporter.isPublic) return;
  const now = await nowBy(reporter);
  const { soughtAt } = await lease.memory();
  if (now - (believable(soughtAt, now) ?? 0) < HOUR_MS) return;
  await findUntold(lease, reporter);
  await lease.remember({ soughtAt: now });
}

/** The look to come, when this one failed, as where the repeated report is locked: it keeps no other report back. */
async function lookAgain(
  look: ReporterMemory["secondLooks"][number],
  lease: Pick<ReporterLease, "confirm">,
  { reports, now, log }: Pick<Reporter, "reports" | "log"> & { readonly now: Instant },
): Promise<ReporterMemory["secondLooks"][number] | null> {
  try {
    const repeats = await reports.mergeRepeats(look, () => lease.confirm());
    if (repeats > 0) log.warn({ day: look.day, marker: look.marker, repeats }, "a post arrived late, and twice");
    return null;
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    const isOld = now - Date.parse(`${look.day}T00:00:00Z`) > LOOK_FOR_MS;
    log.warn({ day: look.day, error: describeError(error), isOld }, "a post that may stand twice was not looked at");
    return isOld ? null : { ...look, at: now + LOOK_AGAIN_MS };
  }
}

/** Posts what was begun, perhaps by a process that died, and sets the deadlines of the images that it names. */
async function publishPost(
  post: PendingPost,
  lease: ReporterLease,
  reporter: Reporter,
): Promise<"wait" | "too-long" | { readonly noticed: number }> {
  const { reports, schedule, log } = reporter;
  const begunAt = await nowBy(reporter);
  if (post.unsureAt !== null && begunAt < post.unsureAt + UNSURE_MS) {
    // A wrong clock wrote it, and nobody knows how long ago that was: a minute from now it is over.
    if (believable(post.unsureAt, begunAt) === null) await lease.savePendingPost({ ...post, unsureAt: begunAt });
    return "wait";
  }
  // What an earlier attempt wrote may be what the public reads: its dates hold, and so it is remembered before it is sent.
  const writtenAt = Math.max(post.writtenAt ?? 0, begunAt);
  await lease.savePendingPost({ ...post, writtenAt });
  const { text, events, dates } = await writePost(post, writtenAt, lease, reporter);
  let url: string;
  try {
    const published = await reports.publish(text, () => lease.confirm());
    if ("unsure" in published) {
      await lease.savePendingPost({ ...post, writtenAt, unsureAt: await nowBy(reporter) });
      throw published.unsure;
    }
    url = published.url;
  } catch (error) {
    const isTooLong = error instanceof RefusedError && error.code === TOO_LONG;
    if (isTooLong && post.mostBytes >= 2 * LEAST_BYTES) return "too-long";
    throw error;
  }
  let noticed = 0;
  for (const event of reporter.isPublic ? events : []) {
    const date = dates.get(event) ?? null;
    const notice = async (): Promise<boolean> => {
      if (date !== null) await schedule.promise(event, date);
      return noticeImage(event, url, reporter);
    };
    if (await orUnreadable(notice, false, reporter)) noticed += 1;
  }
  const { secondLooks } = await lease.memory();
  const now = await nowBy(reporter);
  const look = { day: post.day, title: text.title, marker: post.marker, at: now + UNSURE_MS };
  await lease.finishPost(post.until, {
    quietSince: now,
    ...(events.length === 0 ? {} : { toldDay: post.day }),
    ...(post.extra === null ? {} : { outlookDay: post.day }),
    ...(post.unsureAt === null ? {} : { secondLooks: [...secondLooks, look] }),
  });
  log.info({ day: post.day, events: events.length, noticed, url }, "report posted");
  return { noticed };
}
