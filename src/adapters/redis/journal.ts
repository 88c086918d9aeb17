import type { RedisConnection } from "./connection.ts";
import { asUpstream } from "./strange.ts";
import { readEvent } from "./images/record.ts";
import { readReporterStatus, takeReporterLease } from "./control/reporter.ts";
import { readUntoldSince } from "./control/untold.ts";
import { translateErrors } from "../translate.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import { DAY_MS, HOUR_MS } from "../../domain/time.ts";
import type { Journal, Log } from "../../ports/index.ts";

/** A region's stream can be long: it is searched in pages, and of one image no more events than these are kept. */
const HISTORY_PAGE = 1000;
const MOST_HISTORY = 1000;

/** A stream is ordered by when Redis wrote; an event may say that it happened up to so much later or earlier than that. */
const WRITTEN_SOONER_MS = HOUR_MS;
const WRITTEN_LATER_MS = DAY_MS;

/** The event streams of all regions, and the reporter's place in them, by its kind. */
export function redisJournal(connection: RedisConnection, kind: string, log: Log): Journal {
  const { redis, keys } = connection;
  /** From the newest back: the images' first events end the search, and most streams need not be read whole. */
  async function historyOf(region: string, amiIds: readonly string[]): Promise<readonly ImageEvent[]> {
    const found: ImageEvent[] = [];
    const open = new Set(amiIds);
    const counts = new Map<string, number>();
    for (let end = "+"; open.size > 0;) {
      const page = await redis.xrevrange(keys.events(region), end, "-", "COUNT", HISTORY_PAGE);
      for (const event of page.map(([id, flat]) => readEvent(region, id, flat))) {
        if (!open.has(event.amiId)) continue;
        found.push(event);
        const count = (counts.get(event.amiId) ?? 0) + 1;
        counts.set(event.amiId, count);
        if (event.what === "scheduled" || count === MOST_HISTORY) open.delete(event.amiId);
      }
      if (page.length < HISTORY_PAGE) break;
      end = `(${page.at(-1)?.[0] ?? ""}`;
    }
    return found.reverse();
  }
  const journal: Journal = {
    reporterLease: () => takeReporterLease(connection, kind, log),
    status: () => readReporterStatus(connection, kind),
    between: async (region, from, to) => {
      const found: ImageEvent[] = [];
      const end = String(to + WRITTEN_LATER_MS);
      for (let start = String(from - WRITTEN_SOONER_MS); ;) {
        const page = await redis.xrange(keys.events(region), start, end, "COUNT", HISTORY_PAGE);
        const events = page.map(([id, flat]) => readEvent(region, id, flat));
        found.push(...events.filter(({ at }) => at >= from && at < to));
        if (page.length < HISTORY_PAGE) return found;
        start = `(${page.at(-1)?.[0] ?? ""}`;
      }
    },
    newest: async (region, limit) => {
      const page = await redis.xrevrange(keys.events(region), "+", "-", "COUNT", limit);
      return page.map(([id, flat]) => readEvent(region, id, flat));
    },
    untoldSince: () => readUntoldSince(connection, kind),
    history: (region, amiId) => historyOf(region, [amiId]),
    historyOf,
    after: async (region, after, limit) => {
      const page = await redis.xrange(keys.events(region), `(${after}`, "+", "COUNT", limit);
      return page.map(([id, flat]) => readEvent(region, id, flat));
    },
  };
  return translateErrors(journal, asUpstream);
}
