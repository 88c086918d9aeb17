import { Redis } from "ioredis";
import { keysOf, type Keys } from "./keys.ts";
import { within } from "../limit.ts";
import { ConfigError, describeError, RefusedError, UpstreamError } from "../../errors.ts";
import type { Log } from "../../ports/index.ts";

/** The key layout that this program writes. Within a format, fields are only added. */
export const FORMAT = 1;

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 10_000;
/** A connection that brought nothing for so long, while something was asked, is made anew: its other end may be gone. */
const SILENT_MS = 15_000;
const QUIT_WITHIN_MS = 1_000;

/** An open Redis and the names of its keys, for the other files of this folder. */
export interface RedisConnection {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Ends the connection at once: commands under way fail. */
  abandon(): void;
  close(): Promise<void>;
}

/**
 * Connects and checks the key format. Throws `UpstreamError` when Redis cannot be reached, `ConfigError` when a newer program
 * has written there. A connection that breaks later is made anew by itself; commands fail meanwhile as `UpstreamError`.
 */
export function openRedis(url: string, prefix: string, log: Log): Promise<RedisConnection> {
  return connect(url, prefix, log, checkFormat);
}

/** Connects without a look at the key format, and without writing it. Throws `UpstreamError`. */
export function connectRedis(url: string, prefix: string, log: Log): Promise<RedisConnection> {
  return connect(url, prefix, log, () => Promise.resolve());
}

async function connect(
  url: string,
  prefix: string,
  log: Log,
  check: (redis: Redis, keys: Keys) => Promise<void>,
): Promise<RedisConnection> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  let isTold = false;
  // The reason of a failed connection comes as an event; `connect` itself only says that it was closed.
  const reasons: Error[] = [];
  redis.on("error", (error: Error) => {
    reasons[0] = error;
    if (!isTold) log.warn({ service: "redis", error: describeError(error) }, "redis is away, trying again");
    isTold = true;
  });
  redis.on("ready", () => {
    if (isTold) log.info({ service: "redis" }, "redis is back");
    isTold = false;
  });
  const keys = keysOf(prefix);
  try {
    await redis.connect();
    await check(redis, keys);
  } catch (error) {
    redis.disconnect();
    if (error instanceof ConfigError) throw error;
    const where = redactUrl(url);
    throw new UpstreamError(
      "redis",
      "unreachable",
      `redis at ${where} cannot be used: ${describeError(reasons[0] ?? error)}: start it, or mend consumer_config.redis_url or REDIS_URL`,
      { cause: error },
    );
  }
  return {
    redis,
    keys,
    abandon: () => {
      abandon(redis);
    },
    close: () => close(redis, log),
  };
}

/** Says goodbye where somebody listens. */
async function close(redis: Redis, log: Log): Promise<void> {
  try {
    if (redis.status === "ready") await within(QUIT_WITHIN_MS, redis.quit(), "no goodbye");
  } catch (error) {
    log.debug({ error: describeError(error) }, "redis did not say goodbye");
  }
  if (redis.status !== "end") abandon(redis);
}

/** A server that has hung never closes its end: the socket is cut, or commands under way would wait for their time-out. */
function abandon(redis: Redis): void {
  redis.disconnect();
  const { stream } = redis as unknown as { readonly stream?: { destroy(): void } };
  stream?.destroy();
}

/** An access list forbids the command to our user, or a provider has taken it away. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error && /^NOPERM |^ERR unknown (?:command|subcommand)/.test(error.message);
}

/** A record in Redis that cannot be read: somebody else wrote there. Not a failure that passes by itself. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
}

/**
 * Redis' failures as `UpstreamError`. What is not Redis' failure stays as it is: a record or key that is not ours, or a bug,
 * would fail again on every repeat.
 */
export function asUpstream(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UpstreamError || error instanceof UnreadableRecord) return error;
  if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) return error;
  if (error.message.startsWith("WRONGTYPE")) return error;
  return new UpstreamError("redis", "failed", `redis: ${describeError(error)}`, { cause: error });
}

/**
 * As `asUpstream`, for commands that only read: a key of ours that holds something else is told in one sentence, as a
 * `RefusedError` with the code `foreign-key`; so is a record that cannot be understood.
 */
export function asReadError(error: unknown): unknown {
  if (error instanceof UnreadableRecord) return foreign(`redis: ${error.message}`, error);
  if (!(error instanceof Error) || !error.message.startsWith("WRONGTYPE")) return asUpstream(error);
  // ioredis adds the command that failed.
  const { command } = error as { readonly command?: { readonly args?: readonly unknown[] } };
  const key = command?.args?.[0];
  return foreign(`redis: ${typeof key === "string" ? key : "a key"} is not of the type that clean-amis writes`, error);
}

function foreign(what: string, cause: Error): RefusedError {
  const remedy = "look at it, and move it away if it is not ours";
  return new RefusedError("redis", "foreign-key", `${describeError(what)}: ${remedy}`, { cause });
}

async function checkFormat(redis: Redis, keys: Keys): Promise<void> {
  await redis.set(keys.format, FORMAT, "NX");
  const format = Number(await redis.get(keys.format));
  if (!(format <= FORMAT))
    throw new ConfigError(
      `redis: ${keys.format} is ${format}, this program knows ${FORMAT}: run the newer clean-amis that wrote it`,
    );
}

function redactUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//***@");
}
