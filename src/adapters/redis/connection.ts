import type { Socket } from "node:net";
import { Redis } from "ioredis";
import { keysOf, type Keys } from "./keys.ts";
import { quoteKey, Strangers } from "./strange.ts";
import { unlessAbandoned, wantedSignal } from "../abandon.ts";
import { within } from "../limit.ts";
import { ConfigError, describeError, UpstreamError } from "../../errors.ts";
import { NO_METER, type Log, type Meter } from "../../ports/index.ts";

/** The key layout that this program writes. Within a format, fields are only added. */
export const FORMAT = 1;

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 10_000;
/** A connection that brought nothing for so long, while something was asked, is made anew: its other end may be gone. */
const SILENT_MS = 15_000;
const QUIT_WITHIN_MS = 1_000;

/** Commands that are issued in one turn of the event loop leave in one write, in their order; each is answered by itself. */
class OneWrite extends Redis {
  override sendCommand(...words: Parameters<Redis["sendCommand"]>): ReturnType<Redis["sendCommand"]> {
    const { stream } = this as unknown as { readonly stream?: Socket };
    if (stream?.writable === true && stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => {
        stream.uncork();
      });
    }
    return super.sendCommand(...words);
  }
}

/** An open Redis and the names of its keys, for the other files of this folder. */
export interface RedisConnection {
  readonly redis: Redis;
  readonly keys: Keys;
  /** What of ours cannot be read. */
  readonly strangers: Strangers;
  /** Ends the connection at once: commands under way fail. */
  abandon(): void;
  close(): Promise<void>;
}

/**
 * Connects and checks the key format. Throws `UpstreamError` when Redis cannot be reached, `ConfigError` when a newer program
 * has written there. A connection that breaks later is made anew by itself; commands fail meanwhile as `UpstreamError`.
 */
export function openRedis(
  url: string,
  prefix: string,
  log: Log,
  meter: Pick<Meter, "reconnected"> = NO_METER,
): Promise<RedisConnection> {
  return connect(url, prefix, { log, meter }, checkFormat);
}

/** Connects without a look at the key format, and without writing it. Throws `UpstreamError`. */
export function connectRedis(url: string, prefix: string, log: Log): Promise<RedisConnection> {
  return connect(url, prefix, { log, meter: NO_METER }, () => Promise.resolve());
}

async function connect(
  url: string,
  prefix: string,
  { log, meter }: { readonly log: Log; readonly meter: Pick<Meter, "reconnected"> },
  check: (redis: Redis, keys: Keys, strangers: Strangers) => Promise<void>,
): Promise<RedisConnection> {
  const redis = new OneWrite(url, {
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
    // Our client would go on, in the database of number 0, which is another one's.
    if (isOfSelect(error)) redis.disconnect(true);
  });
  redis.on("ready", () => {
    if (isTold) log.info({ service: "redis" }, "redis is back");
    if (isTold) meter.reconnected("redis");
    isTold = false;
  });
  const keys = keysOf(prefix);
  const strangers = new Strangers(log);
  try {
    await unlessAbandoned(async () => {
      await redis.connect();
      await check(redis, keys, strangers);
    });
  } catch (error) {
    abandon(redis);
    wantedSignal()?.throwIfAborted();
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
    strangers,
    abandon: () => {
      abandon(redis);
    },
    close: () => close(redis, log),
  };
}

/** Says goodbye where somebody listens, unless everything was given up. */
async function close(redis: Redis, log: Log): Promise<void> {
  try {
    if (redis.status === "ready" && wantedSignal()?.aborted !== true)
      await within(QUIT_WITHIN_MS, redis.quit(), "no goodbye");
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
  return (
    error instanceof Error && /^(?:EXECABORT [^:]+: )?NOPERM |^ERR unknown (?:command|subcommand)/.test(error.message)
  );
}

/** Redis has refused to take the database that the address names. */
function isOfSelect(error: Error): boolean {
  return (error as { readonly command?: { readonly name: string } }).command?.name === "select";
}

/** What nobody of us can have written there says nothing of a format: it is told, and passed over. */
async function checkFormat(redis: Redis, keys: Keys, strangers: Strangers): Promise<void> {
  await redis.set(keys.format, FORMAT, "NX");
  const text = await strangers.orTell(keys.format, redis.get(keys.format), null);
  if (text !== null && !/^\d+(?:\.\d+)*$/.test(text))
    strangers.tell(keys.format, `redis: ${keys.format} is no number: redis-cli SET ${quoteKey(keys.format)} ${FORMAT}`);
  else if (text !== null && Number.parseFloat(text) > FORMAT)
    throw new ConfigError(
      `redis: ${keys.format} is ${text}, this program knows ${FORMAT}: run the newer clean-amis that wrote it`,
    );
}

function redactUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//***@");
}
