import type { RegionBreakers } from "./breakers.ts";
import { checkAccount, safeNow } from "./safety.ts";
import { ASKED_AHEAD_MS, elsewhereOf, elsewhereText, usageStep, type UsageRecord } from "../domain/elsewhere/usage.ts";
import type { Image } from "../domain/image/image.ts";
import type { Guards } from "../domain/plan/plan.ts";
import { ceilSecond, dayOf, type Instant } from "../domain/time.ts";
import { describeError, isOfNeighbour } from "../errors.ts";
import type { Images, Log, Orders, Schedule, UsageMemory, UsageReports } from "../ports/index.ts";

/** Who asks EC2 which other accounts use the images that are soon to be made private. */
export interface UsageAsker {
  readonly schedule: Pick<Schedule, "now" | "regions" | "between" | "get">;
  readonly reports: UsageReports;
  readonly memory: UsageMemory;
  readonly orders: Pick<Orders, "add">;
  readonly images: Pick<Images, "account">;
  readonly breakers: Pick<RegionBreakers, "enter">;
  readonly guards: Pick<Guards, "account">;
  readonly log: Log;
  /** So many other accounts hold an image for a person; 0: none do. */
  readonly keepFrom: number;
}

/** What a pass did. */
export interface UsageCounts {
  readonly asked: number;
  readonly answered: number;
  readonly held: number;
}

/** The name by which an image is held. */
const USAGE = "usage";

/** Images of a region that are thought of in a pass, and reports that are begun. */
const MOST_IMAGES = 500;
const MOST_ASKED = 20;

/**
 * One pass: begins reports on images that are soon due, reads those that are ready and removes them, and holds what is used in many
 * other accounts. What EC2 does not answer is asked again by the next pass. Throws `UpstreamError` when Redis is away, the clocks
 * disagree, or the account is another one.
 */
export async function askUsage(asker: UsageAsker): Promise<UsageCounts> {
  const { schedule, breakers, log } = asker;
  const now = await safeNow(asker);
  const counts = { asked: 0, answered: 0, held: 0 };
  for (const region of await schedule.regions()) {
    const wanted = await wantedIn(region, now, asker);
    await forgetOthers(region, wanted, asker);
    if (wanted.length === 0) continue;
    await checkAccount(asker);
    try {
      if ((await breakers.enter(region)) !== "closed") continue;
      counts.answered += await readReports(region, wanted, now, asker);
      counts.asked += await beginReports(region, wanted, now, asker);
    } catch (error) {
      if (!isOfNeighbour(error)) throw error;
      log.warn({ region, error: describeError(error) }, "who uses images elsewhere could not be asked: tried again");
    }
    counts.held += await holdUsed(region, wanted, now, asker);
  }
  if (counts.asked + counts.answered + counts.held > 0) log.info(counts, "asked who uses images in other accounts");
  return counts;
}

async function wantedIn(region: string, now: Instant, { schedule }: Pick<UsageAsker, "schedule">): Promise<Image[]> {
  const due = await schedule.between(region, "private", 0, now + ASKED_AHEAD_MS, MOST_IMAGES);
  return due.filter(({ stage, takenAway }) => stage === "public" && takenAway === null);
}

/** What is remembered of images that are past it goes. */
async function forgetOthers(
  region: string,
  wanted: readonly Image[],
  { memory, schedule }: Pick<UsageAsker, "memory" | "schedule">,
): Promise<void> {
  const known = new Set(wanted.map(({ amiId }) => amiId));
  const over: string[] = [];
  for (const amiId of (await memory.all(region)).keys()) {
    if (known.has(amiId) || over.length >= MOST_IMAGES) continue;
    const image = await schedule.get(region, amiId);
    // One that is held may go on.
    if (image?.stage !== "public" && image?.stage !== "held") over.push(amiId);
  }
  await memory.forget(region, over);
}

async function readReports(
  region: string,
  wanted: readonly Image[],
  now: Instant,
  { reports, memory, log }: Pick<UsageAsker, "reports" | "memory" | "log">,
): Promise<number> {
  const known = await memory.read(region, idsOf(wanted));
  const waiting = [...known].filter(([, record]) => usageStep(record, now) === "look");
  if (waiting.length === 0) return 0;
  const states = await reports.states(
    region,
    waiting.map(([amiId]) => amiId),
  );
  let answered = 0;
  for (const [amiId, record] of waiting) {
    const { reportId } = record;
    const state = states.get(reportId);
    if (state === "error") await memory.write(region, amiId, { ...record, reportId: "" });
    if (state !== "available") continue;
    const accounts = await reports.accounts(region, reportId);
    await memory.write(region, amiId, { reportId: "", askedAt: record.askedAt, accounts, answeredAt: now });
    answered += 1;
    try {
      await reports.remove(region, reportId);
    } catch (error) {
      if (!isOfNeighbour(error)) throw error;
      // EC2 removes it after 30 days.
      log.debug({ region, report: reportId, error: describeError(error) }, "a report was read, and not removed");
    }
  }
  return answered;
}

async function beginReports(
  region: string,
  wanted: readonly Image[],
  now: Instant,
  { reports, memory }: Pick<UsageAsker, "reports" | "memory">,
): Promise<number> {
  const known = await memory.read(region, idsOf(wanted));
  const unasked = idsOf(wanted).filter((amiId) => usageStep(known.get(amiId) ?? null, now) === "ask");
  for (const amiId of unasked.slice(0, MOST_ASKED)) {
    // The same on a day: who died before it was written down is given the same report.
    const reportId = await reports.begin(region, amiId, `clean-amis-${amiId}-${dayOf(now)}`);
    const before: Pick<UsageRecord, "accounts" | "answeredAt"> = known.get(amiId) ?? {
      accounts: null,
      answeredAt: null,
    };
    await memory.write(region, amiId, {
      reportId,
      askedAt: now,
      accounts: before.accounts,
      answeredAt: before.answeredAt,
    });
  }
  return Math.min(unasked.length, MOST_ASKED);
}

/** Without an end: a person decides. What a person has released is not held again. */
async function holdUsed(
  region: string,
  wanted: readonly Image[],
  now: Instant,
  { memory, orders, keepFrom, log }: Pick<UsageAsker, "memory" | "orders" | "keepFrom" | "log">,
): Promise<number> {
  const known = await memory.read(region, idsOf(wanted));
  let held = 0;
  for (const { amiId, releasedAt } of wanted) {
    const { accounts, isMany } = elsewhereOf(known.get(amiId) ?? null, now, keepFrom);
    if (!isMany || accounts === null || releasedAt !== null) continue;
    const why = elsewhereText(accounts);
    const images = [{ region, amiId }];
    await orders.add({ verb: "hold", by: USAGE, why, until: null, at: ceilSecond(now), images, composeId: null });
    log.info({ region, ami: amiId, accounts }, "an image is used in many other accounts: held for a person");
    held += 1;
  }
  return held;
}

function idsOf(images: readonly Image[]): readonly string[] {
  return images.map(({ amiId }) => amiId);
}
