import type { Image } from "../domain/image/image.ts";
import { HOUR_MS, type Instant } from "../domain/time.ts";
import { orUnreadable } from "../errors.ts";
import type { Clock, Journal, Log, Schedule } from "../ports/index.ts";

/** New notices stand on pages that changed since yesterday, and those are read anyway. */
const REFRESH_MS = HOUR_MS;

/**
 * Where the notices in force stand: of every image that is still there and was told, the page that told it, whatever became of
 * that page, its title, its project or our account since. What is once known of a notice is kept: it never changes.
 */
export class NoticePages {
  readonly #records: NoticeRecords;
  /** Of the notices in force, by region, image and instant; empty: the journal does not know it any more. */
  #known: ReadonlyMap<string, string> = new Map();
  #last: { readonly at: Instant; readonly pages: readonly string[] } | null = null;

  constructor(records: NoticeRecords) {
    this.#records = records;
  }

  /** Their addresses, each once. Throws `UpstreamError`. */
  async inForce(): Promise<readonly string[]> {
    const at = this.#records.clock.now();
    const age = this.#last === null ? -1 : at - this.#last.at;
    if (this.#last !== null && age >= 0 && age < REFRESH_MS) return this.#last.pages;
    const known = new Map<string, string>();
    for (const region of await this.#records.schedule.regions())
      for (const [notice, page] of await this.#pagesOf(region)) known.set(notice, page);
    // What is not in force any more is forgotten with that.
    this.#known = known;
    this.#last = { at, pages: [...new Set(known.values())].filter((page) => page !== "") };
    return this.#last.pages;
  }

  /** The page of each notice that is in force in a region. */
  async #pagesOf(region: string): Promise<ReadonlyMap<string, string>> {
    const { schedule, journal, log } = this.#records;
    const told: string[] = [];
    const unknown: string[] = [];
    for await (const page of schedule.live(region))
      for (const { amiId, noticedAt } of page) {
        if (noticedAt === null) continue;
        const key = keyOf({ region, amiId }, noticedAt);
        told.push(key);
        if (!this.#known.has(key)) unknown.push(amiId);
      }
    const found = new Map<string, string>();
    const events =
      unknown.length === 0 ? [] : await orUnreadable(() => journal.historyOf(region, unknown), [], { log });
    for (const event of events) if (event.what === "noticed") found.set(keyOf(event, event.at), event.why);
    return new Map(told.map((key) => [key, this.#known.get(key) ?? found.get(key) ?? ""]));
  }
}

/** What tells of notices. */
interface NoticeRecords {
  readonly schedule: Pick<Schedule, "regions" | "live">;
  readonly journal: Pick<Journal, "historyOf">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Pick<Log, "debug">;
}

function keyOf({ region, amiId }: Pick<Image, "region" | "amiId">, noticedAt: Instant): string {
  return `${region} ${amiId} ${noticedAt}`;
}
