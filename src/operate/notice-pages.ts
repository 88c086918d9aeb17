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
  /** By region, image and instant of the notice; empty: the journal does not know it any more. */
  readonly #known = new Map<string, string>();
  #last: { readonly at: Instant; readonly pages: readonly string[] } | null = null;

  constructor(records: NoticeRecords) {
    this.#records = records;
  }

  /** Their addresses, each once. Throws `UpstreamError`. */
  async inForce(): Promise<readonly string[]> {
    const at = this.#records.clock.now();
    const age = this.#last === null ? -1 : at - this.#last.at;
    if (this.#last !== null && age >= 0 && age < REFRESH_MS) return this.#last.pages;
    const pages = new Set<string>();
    for (const region of await this.#records.schedule.regions())
      for (const page of await this.#pagesOf(region)) pages.add(page);
    this.#last = { at, pages: [...pages] };
    return this.#last.pages;
  }

  async #pagesOf(region: string): Promise<readonly string[]> {
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
    if (unknown.length > 0) {
      const events = await orUnreadable(() => journal.historyOf(region, unknown), [], { log });
      for (const event of events) if (event.what === "noticed") this.#known.set(keyOf(event, event.at), event.why);
    }
    for (const key of told) if (!this.#known.has(key)) this.#known.set(key, "");
    return told.map((key) => this.#known.get(key) ?? "").filter((page) => page !== "");
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
