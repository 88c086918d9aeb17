import type { Image } from "../../domain/image/image.ts";
import type { Periods } from "../../domain/image/lifecycle.ts";
import type { Instant } from "../../domain/time.ts";
import { orUnreadable } from "../../errors.ts";
import type { Clock, Journal, Log, Schedule } from "../../ports/index.ts";

/**
 * The notices are read anew so often within the days that they give: every hour of ten days. New ones stand on pages that
 * changed since yesterday, and those are read anyway.
 */
const TIMES = 240;

/** That an image was told, and where; an empty page: the journal does not know it any more. */
export interface Notice {
  readonly region: string;
  readonly amiId: string;
  readonly noticedAt: Instant;
  readonly page: string;
}

/**
 * Where the notices in force stand: of every image that is still there and was told, the page that told it, whatever became of
 * that page, its title, its project or our account since. What is once known of a notice is kept: it never changes.
 */
export class NoticePages {
  readonly #records: NoticeRecords;
  readonly #isDated: boolean;
  /** The pages of the notices in force, by region, image and instant. */
  #known: ReadonlyMap<string, string> = new Map();
  #last: { readonly at: Instant; readonly pages: ReadonlyMap<string, readonly Notice[]> } | null = null;
  #isLookedAt = false;

  /** `isDated`: those alone that promise a date which is still to come. */
  constructor(records: NoticeRecords, { isDated = false }: { readonly isDated?: boolean } = {}) {
    this.#records = records;
    this.#isDated = isDated;
  }

  /** Their addresses, each once. Throws `UpstreamError`. */
  async inForce(): Promise<readonly string[]> {
    return [...(await this.#pages()).keys()];
  }

  /** The notices by their pages, as long as nobody has looked whether these stand since they were read. Throws `UpstreamError`. */
  async toLookAt(): Promise<ReadonlyMap<string, readonly Notice[]>> {
    const pages = await this.#pages();
    return this.#isLookedAt ? new Map() : pages;
  }

  noteLookedAt(): void {
    this.#isLookedAt = true;
  }

  async #pages(): Promise<ReadonlyMap<string, readonly Notice[]>> {
    const { clock, schedule, periods } = this.#records;
    const at = clock.now();
    const age = this.#last === null ? -1 : at - this.#last.at;
    if (this.#last !== null && age >= 0 && age < periods.deleteAfterMs / TIMES) return this.#last.pages;
    const known = new Map<string, string>();
    const pages = new Map<string, Notice[]>();
    for (const region of await schedule.regions())
      for (const notice of await this.#noticesOf(region)) {
        known.set(keyOf(notice, notice.noticedAt), notice.page);
        const others = pages.get(notice.page);
        if (others !== undefined) others.push(notice);
        else if (notice.page !== "") pages.set(notice.page, [notice]);
      }
    // What is not in force any more is forgotten with that.
    this.#known = known;
    this.#last = { at, pages };
    this.#isLookedAt = false;
    return pages;
  }

  /** The notices that are in force in a region. */
  async #noticesOf(region: string): Promise<readonly Notice[]> {
    const { schedule, journal, log } = this.#records;
    const told: Omit<Notice, "page">[] = [];
    for await (const page of schedule.live(region))
      for (const image of page) {
        const { amiId, noticedAt } = image;
        if (noticedAt !== null && (!this.#isDated || isDated(image))) told.push({ region, amiId, noticedAt });
      }
    const unknown = told.filter((each) => !this.#known.has(keyOf(each, each.noticedAt))).map(({ amiId }) => amiId);
    const found = new Map<string, string>();
    const events =
      unknown.length === 0 ? [] : await orUnreadable(() => journal.historyOf(region, unknown), [], { log });
    for (const event of events) if (event.what === "noticed") found.set(keyOf(event, event.at), event.why);
    return told.map((each) => {
      const key = keyOf(each, each.noticedAt);
      return { ...each, page: this.#known.get(key) ?? found.get(key) ?? "" };
    });
  }
}

/** What tells of notices. */
interface NoticeRecords {
  readonly schedule: Pick<Schedule, "regions" | "live">;
  readonly journal: Pick<Journal, "historyOf">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Pick<Log, "debug">;
  readonly periods: Pick<Periods, "deleteAfterMs">;
}

/** One that is held is told again when its hold ends. */
function isDated({ stage, deleteAt }: Pick<Image, "stage" | "deleteAt">): boolean {
  return stage !== "held" && deleteAt !== null;
}

function keyOf({ region, amiId }: Pick<Image, "region" | "amiId">, noticedAt: Instant): string {
  return `${region} ${amiId} ${noticedAt}`;
}
