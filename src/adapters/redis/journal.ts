import type { RedisConnection } from "./connection.ts";
import { asUpstream } from "./strange.ts";
import { named, readEvents } from "./images/named.ts";
import { readEvent } from "./images/record.ts";
import { readReporterStatus, takeReporterLease } from "./control/reporter.ts";
import { readUntoldSince } from "./control/untold.ts";
import { translateErrors } from "../translate.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import { DAY_MS, HOUR_MS, type Instant } from "../../domain/time.ts";
import type { Journal, Log } from "../../ports/index.ts";

/** A region's stream can be long: it is searched in pages, and of one image no more events than these are kept. */
const HISTORY_PAGE = 1000;
const MOST_HISTORY = 1000;
/** So many pages are looked through from either end, where the search is bounded. */
const MOST_PAGES = 5;

/** A stream is ordered by when Redis wrote; an event may say that it happened up to so much later or earlier than that. */
const WRITTEN_SOONER_MS = HOUR_MS;
const WRITTEN_LATER_MS = DAY_MS;

/** The event streams of all regions, and the reporter's place in them, by its kind; `before`: the kind whose work it goes on with. */
export function redisJournal(
  connection: RedisConnection,
  kind: string,
  log: Log,
  before: string | null = null,
): Journal {
  const { redis, keys } = connection;
  const journal: Journal = {
    reporterLease: () => takeReporterLease(connection, { kind, before }, log),
    status: () => readReporterStatus(connection, kind),
    between: async (region, from, to) => {
      const found: ImageEvent[] = [];
      const end = String(to + WRITTEN_LATER_MS);
      for (let start = String(from - WRITTEN_SOONER_MS); ;) {
        const page = await redis.xrange(keys.events(region), start, end, "COUNT", HISTORY_PAGE);
        const events = page.map(([id, flat]) => readEvent(region, id, flat));
        found.push(...events.filter(({ at }) => at >= from && at < to));
        if (page.length < HISTORY_PAGE) return named(connection, region, found);
        start = `(${page.at(-1)?.[0] ?? ""}`;
      }
    },
    lastId: async (region) => {
      const [last] = await redis.xrevrange(keys.events(region), "+", "-", "COUNT", 1);
      return last?.[0] ?? null;
    },
    newest: async (region, limit) => {
      const page = await redis.xrevrange(keys.events(region), "+", "-", "COUNT", limit);
      return readEvents(connection, region, page);
    },
    untoldSince: () => readUntoldSince(connection, kind),
    history: async ({ region, amiId, uploadedAt }) => {
      const back = await searchBack(connection, region, [amiId], MOST_PAGES);
      if (back.reached === null) return { events: await named(connection, region, back.events), unread: null };
      const on = await searchOn(connection, { region, amiId }, uploadedAt - WRITTEN_SOONER_MS, back.reached);
      const unread = on.reached === null ? null : { from: instantOf(on.reached), to: instantOf(back.reached) };
      const events = [...on.events, ...back.events].slice(-MOST_HISTORY);
      return { events: await named(connection, region, events), unread };
    },
    historyOf: async (region, amiIds) => {
      const { events } = await searchBack(connection, region, amiIds, Infinity);
      return named(connection, region, events);
    },
    after: async (region, after, limit) => {
      const page = await redis.xrange(keys.events(region), `(${after}`, "+", "COUNT", limit);
      return readEvents(connection, region, page);
    },
  };
  return translateErrors(journal, asUpstream);
}

type Stream = Pick<RedisConnection, "redis" | "keys">;

/**
 * From the newest back, oldest first: the images' first events end the search, and most streams need not be read whole.
 * `reached` is the last id that was looked at; null: all that is wanted was found.
 */
async function searchBack(
  { redis, keys }: Stream,
  region: string,
  amiIds: readonly string[],
  mostPages: number,
): Promise<{ readonly events: ImageEvent[]; readonly reached: string | null }> {
  const found: ImageEvent[] = [];
  const open = new Set(amiIds);
  const counts = new Map<string, number>();
  let reached: string | null = null;
  for (let pages = 0; open.size > 0 && pages < mostPages; pages += 1) {
    const end: string = reached === null ? "+" : `(${reached}`;
    const page = await redis.xrevrange(keys.events(region), end, "-", "COUNT", HISTORY_PAGE);
    for (const event of page.map(([id, flat]) => readEvent(region, id, flat))) {
      if (!open.has(event.amiId)) continue;
      found.push(event);
      const count = (counts.get(event.amiId) ?? 0) + 1;
      counts.set(event.amiId, count);
      if (event.what === "scheduled" || count === MOST_HISTORY) open.delete(event.amiId);
    }
    if (page.length < HISTORY_PAGE) return { events: found.reverse(), reached: null };
    reached = page.at(-1)?.[0] ?? null;
  }
  return { events: found.reverse(), reached: open.size === 0 ? null : reached };
}

/** From an instant on, up to the event with that id; `reached` as above. */
async function searchOn(
  { redis, keys }: Stream,
  { region, amiId }: { readonly region: string; readonly amiId: string },
  from: Instant,
  until: string,
): Promise<{ readonly events: readonly ImageEvent[]; readonly reached: string | null }> {
  const found: ImageEvent[] = [];
  let start = String(Math.max(0, from));
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await redis.xrange(keys.events(region), start, `(${until}`, "COUNT", HISTORY_PAGE);
    const events = page.map(([id, flat]) => readEvent(region, id, flat));
    found.push(...events.filter((event) => event.amiId === amiId));
    if (page.length < HISTORY_PAGE) return { events: found, reached: null };
    start = `(${page.at(-1)?.[0] ?? ""}`;
  }
  return { events: found, reached: start.slice(1) };
}

/** When Redis wrote an event. */
function instantOf(id: string): Instant {
  return Number(id.split("-")[0]);
}
