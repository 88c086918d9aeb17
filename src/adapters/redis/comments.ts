import type { ChainableCommander } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import { isAnswers } from "./control/orders.ts";
import { asUpstream } from "./strange.ts";
import { ControlLease } from "./lease.ts";
import { isTexts } from "./images/record.ts";
import { translateErrors } from "../translate.ts";
import { jsonOf } from "../../domain/json.ts";
import { DAY_MS, formatInstant, MINUTE_MS, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import {
  DIGESTS_KEPT_MS,
  type CommentLease,
  type CommentMemory,
  type PendingComment,
  type Thread,
} from "../../ports/index.ts";

/** Confirmed with each thread and each comment; none takes longer than a few calls. */
const LEASE_MS = 5 * MINUTE_MS;
/** Digests that are dated, or forgotten, with one command. */
const AT_ONCE = 1000;
const COUNTS_S = (8 * DAY_MS) / SECOND_MS;

/** Comments on one kind of report: what was answered, what is on its way, and how many each author wrote. */
export function redisComments(connection: RedisConnection, kind: string): CommentMemory {
  const { redis, keys, strangers } = connection;
  const handled = new Handled(connection, kind);
  const key = (name: "memory" | "lease"): string => keys.control(`comments:${kind}:${name}`);
  const memory: CommentMemory = {
    // Never, where it cannot be read: nothing is acted on then.
    reading: async () => {
      const read = redis.hmget(key("memory"), "read_until", "run_id");
      const [at, runId] = await strangers.orTell(key("memory"), read, []);
      return { at: parseInstant(at ?? ""), runId: runId || null };
    },
    isSilent: async () => {
      const ofReporter = [keys.control(`reporter:${kind}:cursors`), keys.control(`reporter:${kind}:part`)];
      return (await redis.exists(...ofReporter, key("memory"))) === 0;
    },
    tooMany: async (day, most) => {
      const authors = keys.control(`comments:${kind}:authors:${day}`);
      const counts = Object.entries(await strangers.orTell(authors, redis.hgetall(authors), {}));
      return counts
        .map(([author, count]) => ({ author, comments: Number(count) }))
        .filter(({ comments }) => comments > most);
    },
    lease: async () => {
      const lease = await ControlLease.take(redis, key("lease"), LEASE_MS);
      return lease === null
        ? null
        : translateErrors<CommentLease>(leaseOf(connection, kind, lease, handled), asUpstream);
    },
  };
  return translateErrors(memory, asUpstream);
}

function leaseOf(
  { redis, keys, strangers }: RedisConnection,
  kind: string,
  lease: ControlLease,
  handled: Handled,
): CommentLease {
  const key = (name: "memory" | "pending"): string => keys.control(`comments:${kind}:${name}`);
  return {
    confirm: () => lease.confirm(),
    digests: async ({ id, comments }: Thread) => {
      const fields = comments.map((comment) => `${id}/${comment.id}`);
      const digests = await handled.digests(fields);
      return new Map(comments.flatMap((comment, index) => (digests[index] ? [[comment.id, digests[index]]] : [])));
    },
    pending: async () => {
      const entries = Object.entries(await redis.hgetall(key("pending")));
      const found = entries.flatMap(([field, text]): PendingComment[] => {
        const comment = jsonOf(text);
        // Version 0.1 wrote no second looks.
        if (isPendingComment(comment) && fieldOf(comment) === field)
          return [{ ...comment, lookAt: comment.lookAt ?? null }];
        const why = `redis: the field ${field} of ${key("pending")} cannot be read: the comment is taken up anew`;
        strangers.tell(`${key("pending")} ${field}`, why);
        return [];
      });
      return found.sort(byAge);
    },
    savePending: async (comment) => {
      await lease.confirm();
      await redis.hset(key("pending"), fieldOf(comment), JSON.stringify(comment));
    },
    finish: async (comment) => {
      await lease.confirm();
      const field = fieldOf(comment);
      await handled.add(redis.multi().hdel(key("pending"), field), field, comment.digest).exec();
    },
    count: async (author, day, comment) => {
      const [counted, authors] = [`counted:${day}`, `authors:${day}`] as const;
      const [seen, counts] = [keys.control(`comments:${kind}:${counted}`), keys.control(`comments:${kind}:${authors}`)];
      const isNew = (await strangers.orTell(seen, redis.sadd(seen, comment), 0)) === 1;
      const count = Number((await strangers.orTell(counts, redis.hget(counts, author), null)) ?? 0);
      // What cannot be read counts nothing: all of it is held the same, and answered.
      if (!Number.isSafeInteger(count)) return 1;
      if (isNew) await strangers.orTell(counts, redis.hincrby(counts, author, 1), 0);
      await Promise.all([redis.expire(seen, COUNTS_S), redis.expire(counts, COUNTS_S)]);
      return isNew ? count + 1 : Math.max(1, count);
    },
    noteRead: async (at: Instant, runId: string | null) => {
      await lease.confirm();
      await redis.hset(key("memory"), { read_until: formatInstant(at), run_id: runId ?? "" });
      await handled.forgetOld(at);
    },
    end: () => lease.end(),
  };
}

/** The digests of comments that were answered, and since when each is known, so that they do not grow without end. */
class Handled {
  readonly #connection: Pick<RedisConnection, "redis" | "strangers">;
  readonly #digests: string;
  readonly #dates: string;
  /** Those that have no date yet; null: nobody knows, as at the start. */
  #undated: Set<string> | null = null;

  constructor(connection: RedisConnection, kind: string) {
    this.#connection = connection;
    this.#digests = connection.keys.control(`comments:${kind}:handled`);
    this.#dates = connection.keys.control(`comments:${kind}:handled:dates`);
  }

  async digests(fields: readonly string[]): Promise<readonly (string | null)[]> {
    return fields.length === 0 ? [] : await this.#connection.redis.hmget(this.#digests, ...fields);
  }

  /** Its date is given by the next reading that ends well, by clocks that agree. */
  add(transaction: ChainableCommander, field: string, digest: string): ChainableCommander {
    this.#undated?.add(field);
    return transaction.hset(this.#digests, field, digest).zrem(this.#dates, field);
  }

  async forgetOld(now: Instant): Promise<void> {
    const { redis, strangers } = this.#connection;
    const undated = [...(this.#undated ?? (await redis.hkeys(this.#digests)))];
    for (let start = 0; start < undated.length; start += AT_ONCE) {
      const dated = undated.slice(start, start + AT_ONCE).flatMap((field) => [now, field]);
      await strangers.orTell(this.#dates, redis.zadd(this.#dates, "NX", ...dated), 0);
    }
    this.#undated = new Set();
    const range = ["-inf", `(${now - DIGESTS_KEPT_MS}`, "LIMIT", 0, AT_ONCE] as const;
    const old = await strangers.orTell(this.#dates, redis.zrangebyscore(this.#dates, ...range), []);
    if (old.length > 0)
      await redis
        .multi()
        .hdel(this.#digests, ...old)
        .zrem(this.#dates, ...old)
        .exec();
  }
}

function isPendingComment(value: unknown): value is Omit<PendingComment, "lookAt"> & Partial<PendingComment> {
  if (typeof value !== "object" || value === null) return false;
  const { threadId, commentId, author, url, digest, orderIds, answers, remarks, isSilent, sentAt, lookAt } =
    value as Partial<Record<keyof PendingComment, unknown>>;
  return (
    [threadId, commentId, author, url, digest].every((word) => typeof word === "string") &&
    isTexts(orderIds) &&
    (answers === null || isAnswers(answers)) &&
    isTexts(remarks) &&
    typeof isSilent === "boolean" &&
    (sentAt === null || typeof sentAt === "number") &&
    (lookAt === undefined || lookAt === null || typeof lookAt === "number")
  );
}

/** Numbers that grow, written in digits. */
function byAge(a: PendingComment, b: PendingComment): number {
  const compare = (one: string, other: string): number =>
    one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
  return compare(a.threadId, b.threadId) || compare(a.commentId, b.commentId);
}

function fieldOf({ threadId, commentId }: Pick<PendingComment, "threadId" | "commentId">): string {
  return `${threadId}/${commentId}`;
}
