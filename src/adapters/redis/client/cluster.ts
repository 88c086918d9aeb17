import { createHash } from "node:crypto";
import { Cluster, Command, type Redis } from "ioredis";
import { isForbidden } from "./trouble.ts";
import { markedRun } from "../control/run-marker.ts";
import type { Keys } from "../keys.ts";
import { loadScript } from "../script.ts";
import { SECOND_MS, type Instant } from "../../../domain/time.ts";
import { describeError, UpstreamError } from "../../../errors.ts";

const askTime = loadScript("control/time");

const SLOTS = 16_384;

/** Null: it is no Cluster. */
export function clusterOf(redis: Redis | Cluster): Cluster | null {
  const client: unknown = redis;
  return client instanceof Cluster ? client : null;
}

/**
 * Every master, in an order that stays: the one server, or those of a Cluster that have slots. Throws `UpstreamError` while
 * a Cluster's are not all known: of a part of it nothing can be said.
 */
export function mastersOf(redis: Redis | Cluster): readonly Redis[] {
  const cluster = clusterOf(redis);
  if (cluster === null) return [redis as Redis];
  const names = new Set<string>();
  for (let slot = 0; slot < SLOTS; slot += 1) names.add(cluster.slots[slot]?.[0] ?? "");
  const nodes = [...names].sort().map((name) => cluster.nodes("master").find((node) => nameOf(node) === name));
  const known = nodes.filter((node) => node !== undefined);
  if (known.length === 0 || known.length < nodes.length) throw halfKnown("not all of its masters are known");
  return known;
}

/** The server that has a key. Throws `UpstreamError`. */
export function nodeOf(redis: Redis, key: string): Redis {
  const cluster = clusterOf(redis);
  if (cluster === null) return redis;
  const name = cluster.slots[new Command("get", [key]).getSlot()]?.[0];
  const node = cluster.nodes("master").find((each) => nameOf(each) === name);
  if (node === undefined) throw halfKnown(`nobody has the slot of ${key}`);
  return node;
}

/** Redis' clock: of a Cluster that of the server which has our control keys, so that it is always the same. */
export async function timeOf(redis: Redis, keys: Keys): Promise<Instant> {
  const answer = clusterOf(redis) === null ? await redis.time() : await askTime(redis, [keys.control("run")], []);
  const [seconds, microseconds] = answer as readonly (string | number)[];
  return Number(seconds) * SECOND_MS + Math.floor(Number(microseconds) / 1000);
}

/** Where a walk over all keys has come to; null: at its beginning, or its end. */
export interface KeyPage {
  readonly next: string | null;
  readonly found: readonly string[];
}

/** About a thousand keys that are like the pattern, of one server after the other. */
export async function walkKeys(redis: Redis, from: string | null, pattern: string, count: number): Promise<KeyPage> {
  const masters = mastersOf(redis);
  const [, index = "0", cursor = "0"] = /^(?:(\d+) )?(\d+)$/.exec(from ?? "0") ?? [];
  const [at, node] = [Number(index), masters[Number(index)]];
  // There are fewer servers than when the walk began.
  if (node === undefined) return { next: null, found: [] };
  const [next, found] = await node.scan(cursor, "MATCH", pattern, "COUNT", count);
  if (next !== "0") return { next: masters.length === 1 ? next : `${at} ${next}`, found };
  return { next: at + 1 < masters.length ? `${at + 1} 0` : null, found };
}

/**
 * The identity of Redis' run. A process that was started anew has another run id; a memory that was copied from another
 * Redis, another replication id. Of a Cluster the ids of all masters: what one of them has lost is lost. Throws what Redis
 * throws, and `UpstreamError` while its masters are not all known.
 */
export async function runOf(redis: Redis, keys: Keys): Promise<string> {
  const masters = mastersOf(redis);
  const [first, ...more] = await Promise.all(masters.map((node) => signOf(node)));
  if (clusterOf(redis) === null) return first ?? markedRun(redis, keys);
  const signs = [first, ...more].sort();
  if (signs.includes(null))
    throw new UpstreamError(
      "redis",
      "info-refused",
      "redis: a Cluster's run is known by INFO alone: allow it to our user",
    );
  return `cluster ${createHash("sha256").update(signs.join("\n")).digest("hex")}`;
}

/** Null: it may not be asked, or does not say. */
async function signOf(node: Redis): Promise<string | null> {
  try {
    const [server, replication] = await Promise.all([node.info("server"), node.info("replication")]);
    const run = /^run_id:(?<id>\S+)/m.exec(server)?.groups?.["id"];
    const copy = /^master_replid:(?<id>\S+)/m.exec(replication)?.groups?.["id"];
    if (/^redis_mode:cluster/m.test(server) && /^role:slave/m.test(replication))
      throw halfKnown(`${nameOf(node)} has become a replica`);
    return run === undefined ? null : `${run} ${copy ?? ""}`.trim();
  } catch (error) {
    if (isForbidden(error)) return null;
    throw error;
  }
}

/** `host:port`, as its Cluster calls it. */
export function nameOf({ options }: Redis): string {
  return options.path ?? `${options.host ?? ""}:${options.port ?? ""}`;
}

function halfKnown(why: string): UpstreamError {
  return new UpstreamError(
    "redis",
    "half-known",
    `redis: the Cluster is changing: ${why}: nothing is done until they are`,
  );
}

/** Why no node of a Cluster answered, as far as the client says; null: it does not. */
export function lastNodeError(error: unknown): string | null {
  const { lastNodeError: last } = (error ?? {}) as { readonly lastNodeError?: unknown };
  return last == null ? null : describeError(last);
}
