import { Gauge, Registry } from "prom-client";
import { EVERY_REGION } from "../../domain/limits/breaker.ts";
import { ACT_KINDS, type BudgetLimits } from "../../domain/limits/budget.ts";
import { SECOND_MS, type Instant } from "../../domain/time.ts";
import type { Stats } from "../../inspect/stats.ts";
import { MARKS } from "../../ports/index.ts";

/** What every replica reads in Redis, and tells alike. */
export interface SharedFigures {
  readonly stats: Stats;
  /** When the oldest event was written that the public is still to be told of; null: there is none. */
  readonly untoldSince: Instant | null;
  /** The same of the bus; null: there is none, or it is told nothing. */
  readonly busUntoldSince: Instant | null;
  /** How far comments were read; null: nobody can comment, or nothing was read yet. */
  readonly commentsReadUntil: Instant | null;
  /** Null: Redis does not say. */
  readonly memory: { readonly usedBytes: number; readonly limitBytes: number } | null;
  readonly limits: Pick<BudgetLimits, "maxDeletesPerDay" | "maxPrivatePerDay">;
}

/** Sets one series of a gauge. */
type Put = (name: string, help: string, value: number, labels?: Readonly<Record<string, string>>) => void;

const NOTE = "The same from every replica: take the max, never the sum.";

/** Redis' figures in Prometheus' form, made anew for each scrape: what is gone leaves no series behind. */
export async function sharedMetrics(figures: SharedFigures): Promise<string> {
  const registry = new Registry();
  const gauges = new Map<string, Gauge>();
  const put: Put = (name, help, value, labels = {}) => {
    const options = { name: `clean_amis_shared_${name}`, help: `${help} ${NOTE}`, registers: [registry] };
    const gauge = gauges.get(name) ?? new Gauge({ ...options, labelNames: Object.keys(labels) });
    gauges.set(name, gauge);
    gauge.set(labels, value);
  };
  putImages(figures.stats, put);
  putWaiting(figures.stats, put);
  putActs(figures, put);
  putHearing(figures, put);
  putTelling(figures, put);
  putService(figures, put);
  return registry.metrics();
}

function putImages({ regions }: Stats, put: Put): void {
  for (const { region, stages, refused, missing, altered, untold } of regions) {
    for (const [name, count] of Object.entries(stages)) {
      const stage = name === "?" ? "unreadable" : name;
      put("images", "Live images by stage and region.", count, { stage, region });
    }
    put("refused_images", "Live images that are refused: a person has to act.", refused, { region });
    put("missing_images", "Live images that EC2 did not show when they were looked at last.", missing, { region });
    put("altered_images", "Released images that are not as they should be.", altered, { region });
    put("untold_images", "Private images that wait for their public notice.", untold, { region });
  }
}

function putWaiting({ at, overdue, days }: Stats, put: Put): void {
  for (const { queue, images, oldest } of overdue) {
    const lateMs = oldest === null ? 0 : Math.max(0, at - oldest.wakeAt);
    put("overdue_images", "Images whose wake-up is over, by queue.", images, { queue });
    put("oldest_overdue_seconds", "How long ago the first of them woke up.", lateMs / SECOND_MS, { queue });
  }
  for (const kind of ACT_KINDS)
    put("due_today_images", "Images that wake up later today (UTC), by kind of act.", days[0]?.[kind] ?? 0, { kind });
}

function putActs({ stats: { spent, stops, pause, breakers }, limits }: SharedFigures, put: Put): void {
  for (const kind of ACT_KINDS) {
    const most = kind === "delete" ? limits.maxDeletesPerDay : limits.maxPrivatePerDay;
    put("budget_spent_acts", "Acts that were reserved today (UTC).", spent[kind], { kind });
    put("budget_limit_acts", "Acts that a UTC day may have.", most, { kind });
    const isStopped = stops.some((stop) => stop.kind === kind);
    put("stopped", "1: this kind of act is stopped until a person resumes it.", isStopped ? 1 : 0, { kind });
  }
  put("paused", "1: a person has paused all acts.", pause === null ? 0 : 1);
  const help = "Since when a region is left alone for a while, and why.";
  for (const { region: name, trouble, since } of breakers) {
    const region = name === EVERY_REGION ? "every" : name;
    put("breaker_open_since_timestamp_seconds", help, since / SECOND_MS, { region, trouble });
  }
}

function putHearing({ stats: { heard, rejected }, commentsReadUntil }: SharedFigures, put: Put): void {
  const isDeaf = heard === null || heard.deafness !== null;
  put("deaf", "1: it has not heard all that was said; nothing is made private or deleted.", isDeaf ? 1 : 0);
  if (heard?.until != null && Number.isFinite(heard.until))
    put("heard_until_timestamp_seconds", "All was heard up to then.", heard.until / SECOND_MS);
  if (commentsReadUntil !== null)
    put("comments_read_until_timestamp_seconds", "Comments were read up to then.", commentsReadUntil / SECOND_MS);
  put("rejected_messages", "Messages that could not be understood, for a person to look at.", rejected);
}

function putTelling({ stats, untoldSince, busUntoldSince }: SharedFigures, put: Put): void {
  const { at, reporter, bus } = stats;
  const lagS = (since: Instant | null): number => (since === null ? 0 : Math.max(0, at - since) / SECOND_MS);
  put("report_lag_seconds", "Age of the oldest event that the public is still to be told of.", lagS(untoldSince));
  put("report_failing", "1: the public is not told.", reporter?.state === "failing" ? 1 : 0);
  put("bus_lag_seconds", "Age of the oldest event that the bus is still to be told of.", lagS(busUntoldSince));
  put("bus_failing", "1: the bus is not told.", bus?.state === "failing" ? 1 : 0);
}

function putService({ stats: { signs }, memory }: SharedFigures, put: Put): void {
  put("replicas", "Processes that were seen within a day.", signs.replicas.length);
  put("hung_passes", "Passes that were given up and have not ended well since.", signs.hung.length);
  for (const what of MARKS) {
    const at = signs.marks[what];
    const help = "When it happened last: a pass that ended well, a message, a notice.";
    if (at !== undefined) put("last_timestamp_seconds", help, at / SECOND_MS, { what });
  }
  if (memory === null) return;
  put("redis_memory_used_bytes", "Memory that Redis uses.", memory.usedBytes);
  put("redis_memory_limit_bytes", "Memory that Redis may use, or that its machine has.", memory.limitBytes);
}
