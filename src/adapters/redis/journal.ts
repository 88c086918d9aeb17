import { randomUUID } from "node:crypto";
import { formatInstant, MINUTE_MS, SECOND_MS } from "../../domain/time.ts";
import type { ImageEvent } from "../../domain/event.ts";
import { describeError } from "../../errors.ts";
import type { Journal, Log, PendingPart, Rejected } from "../../ports.ts";
import { translateErrors } from "../translate.ts";
import { asUpstream, type RedisConnection } from "./connection.ts";
import { readEvent } from "./record.ts";
import { loadScript } from "./script.ts";

const renew = loadScript("renew");
const release = loadScript("release");

const LEASE_MS = 2 * MINUTE_MS;
const RENEW_MS = 30 * SECOND_MS;

/** A region's stream can be long: it is searched in pages, and of one image no more events than these are kept. */
const HISTORY_PAGE = 1000;
const MOST_HISTORY = 1000;

/**
 * The event streams of all regions, and the reporter's place in them. Each kind of report has a place of its own, so that
 * what was only logged is still told to the public when a public report is set up later.
 */
export function redisJournal({ redis, keys }: RedisConnection, kind: string, log: Log): Journal {
  const lease = keys.control(`reporter:${kind}:lease`);
  const cursors = keys.control(`reporter:${kind}:cursors`);
  const partKey = keys.control(`reporter:${kind}:part`);
  const journal: Journal = {
    reporterLease: async () => {
      const token = randomUUID();
      if ((await redis.set(lease, token, "PX", LEASE_MS, "NX")) !== "OK") return null;
      const timer = setInterval(() => {
        renew(redis, [lease], [token, LEASE_MS]).catch((error: unknown) => {
          log.warn({ error: describeError(error) }, "the reporter's lease could not be renewed");
        });
      }, RENEW_MS);
      return {
        release: async () => {
          clearInterval(timer);
          await release(redis, [lease], [token]);
        },
      };
    },
    unreported: async (region, limit) => {
      const cursor = await redis.hget(cursors, region);
      const entries = await redis.xrange(
        keys.events(region),
        cursor === null ? "-" : `(${cursor}`,
        "+",
        "COUNT",
        limit,
      );
      return entries.map(([id, flat]) => readEvent(region, id, flat));
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
    pendingPart: async () => {
      const text = await redis.get(partKey);
      return text === null ? null : (JSON.parse(text) as PendingPart);
    },
    savePendingPart: async (part) => {
      await redis.set(partKey, JSON.stringify(part));
    },
    finishPart: async (part) => {
      await redis.multi().hset(cursors, part.until).del(partKey).exec();
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
