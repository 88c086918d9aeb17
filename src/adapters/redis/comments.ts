import { asUpstream, type RedisConnection } from "./connection.ts";
import { ControlLease } from "./lease.ts";
import { translateErrors } from "../translate.ts";
import { DAY_MS, formatInstant, MINUTE_MS, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import type { CommentLease, CommentMemory, PendingComment, Thread } from "../../ports/index.ts";

/** Confirmed with each thread and each comment; none takes longer than a few calls. */
const LEASE_MS = 5 * MINUTE_MS;
const COUNTS_S = (8 * DAY_MS) / SECOND_MS;

/** Comments on one kind of report: what was answered, what is on its way, and how many each author wrote. */
export function redisComments(connection: RedisConnection, kind: string): CommentMemory {
  const { redis, keys } = connection;
  const key = (name: "memory" | "lease"): string => keys.control(`comments:${kind}:${name}`);
  const memory: CommentMemory = {
    reading: async () => {
      const [at, runId] = await redis.hmget(key("memory"), "read_until", "run_id");
      return { at: parseInstant(at ?? ""), runId: runId || null };
    },
    isSilent: async () => {
      const [cursors, post] = [keys.control(`reporter:${kind}:cursors`), keys.control(`reporter:${kind}:part`)];
      return (await redis.exists(cursors, post)) === 0;
    },
    tooMany: async (day, most) => {
      const counts = Object.entries(await redis.hgetall(keys.control(`comments:${kind}:authors:${day}`)));
      return counts
        .map(([author, count]) => ({ author, comments: Number(count) }))
        .filter(({ comments }) => comments > most);
    },
    lease: async () => {
      const lease = await ControlLease.take(redis, key("lease"), LEASE_MS);
      return lease === null ? null : translateErrors<CommentLease>(leaseOf(connection, kind, lease), asUpstream);
    },
  };
  return translateErrors(memory, asUpstream);
}

function leaseOf({ redis, keys }: RedisConnection, kind: string, lease: ControlLease): CommentLease {
  const key = (name: "memory" | "handled" | "pending"): string => keys.control(`comments:${kind}:${name}`);
  return {
    confirm: () => lease.confirm(),
    digests: async ({ id, comments }: Thread) => {
      const fields = comments.map((comment) => `${id}/${comment.id}`);
      const digests = fields.length === 0 ? [] : await redis.hmget(key("handled"), ...fields);
      return new Map(comments.flatMap((comment, index) => (digests[index] ? [[comment.id, digests[index]]] : [])));
    },
    pending: async () => {
      const texts = Object.values(await redis.hgetall(key("pending")));
      return texts.map((text) => JSON.parse(text) as PendingComment).sort(byAge);
    },
    savePending: async (comment) => {
      await lease.confirm();
      await redis.hset(key("pending"), fieldOf(comment), JSON.stringify(comment));
    },
    finish: async (comment) => {
      await lease.confirm();
      const field = fieldOf(comment);
      await redis.multi().hset(key("handled"), field, comment.digest).hdel(key("pending"), field).exec();
    },
    count: async (author, day, comment) => {
      const [counted, authors] = [`counted:${day}`, `authors:${day}`] as const;
      const [seen, counts] = [keys.control(`comments:${kind}:${counted}`), keys.control(`comments:${kind}:${authors}`)];
      if ((await redis.sadd(seen, comment)) === 1) await redis.hincrby(counts, author, 1);
      await Promise.all([redis.expire(seen, COUNTS_S), redis.expire(counts, COUNTS_S)]);
      return Number(await redis.hget(counts, author));
    },
    noteRead: async (at: Instant, runId: string | null) => {
      await lease.confirm();
      await redis.hset(key("memory"), { read_until: formatInstant(at), run_id: runId ?? "" });
    },
    end: () => lease.end(),
  };
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
