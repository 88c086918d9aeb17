import { DAY_MS, formatInstant, HOUR_MS } from "../../domain/time.ts";
import type { ImageEvent } from "../../domain/event.ts";
import type { Journal, Log, Rejected } from "../../ports.ts";
import { translateErrors } from "../translate.ts";
import { asUpstream, type RedisConnection } from "./connection.ts";
import { readEvent } from "./record.ts";
import { readReporterStatus, takeReporterLease } from "./reporter.ts";

/** A region's stream can be long: it is searched in pages, and of one image no more events than these are kept. */
const HISTORY_PAGE = 1000;
const MOST_HISTORY = 1000;

/** A stream is ordered by when Redis wrote; an event may say that it happened up to so much later or earlier than that. */
const WRITTEN_SOONER_MS = HOUR_MS;
const WRITTEN_LATER_MS = DAY_MS;

/** The event streams of all regions, and the reporter's place in them, by its kind. */
export function redisJournal(connection: RedisConnection, kind: string, log: Log): Journal {
  const { redis, keys } = connection;
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
    history: async (region, amiId) => {
      const found: ImageEvent[] = [];
      // From the newest back: an image's first event ends the search, and most streams need not be read whole.
      for (let end = "+"; found.length < MOST_HISTORY;) {
        const page = await redis.xrevrange(keys.events(region), end, "-", "COUNT", HISTORY_PAGE);
        const events = page.map(([id, flat]) => readEvent(region, id, flat)).filter((event) => event.amiId === amiId);
        const first = events.findIndex((event) => event.what === "scheduled");
        found.push(...(first < 0 ? events : events.slice(0, first + 1)));
        if (first >= 0 || page.length < HISTORY_PAGE) break;
        end = `(${page.at(-1)?.[0] ?? ""}`;
      }
      return found.slice(0, MOST_HISTORY).reverse();
    },
  };
  return translateErrors(journal, asUpstream);
}

/** About so many entries are kept, the newest: a flood of rubbish must not fill the memory that the schedule lives in. */
const MOST_REJECTED = 100_000;

/** The largest body that is kept whole. */
const WHOLE_BYTES = 256 * 1024;

/** What could not be understood: one stream, for people to read and to replay. */
export function redisRejected({ redis, keys }: RedisConnection): Rejected {
  const rejected: Rejected = {
    add: async ({ body, reason, messageId, topic, at }) => {
      const kept = body.subarray(0, WHOLE_BYTES);
      await redis.xadd(
        keys.rejected,
        "MAXLEN",
        "~",
        MOST_REJECTED,
        "*",
        ...["reason", reason, "message_id", messageId, "topic", topic, "when", formatInstant(at)],
        ...["bytes", String(body.length), "body", kept],
      );
    },
  };
  return translateErrors(rejected, asUpstream);
}
