import type { Redis } from "ioredis";
import { clusterOf, lastNodeError } from "./client/cluster.ts";
import { clientFor } from "./client/dial.ts";
import { NodeWatch } from "./client/node-watch.ts";
import { keysOf, type Keys } from "./keys.ts";
import { quoteKey, Strangers } from "./strange.ts";
import { forSeveral, unlessAbandoned, wantedSignal } from "../abandon.ts";
import { within } from "../limit.ts";
import { showRedisAddress } from "../../config/redis/address.ts";
import { redisAt, type RedisPlace } from "../../config/redis/redis.ts";
import { ConfigError, describeError, UpstreamError } from "../../errors.ts";
import { NO_METER, type Log, type Meter } from "../../ports/index.ts";

/** The key layout that this program writes. Within a format, fields are only added. */
export const FORMAT = 1;

const QUIT_WITHIN_MS = 1_000;
const AGAIN_MS = 500;
/** A failover may lead once more to who is no master, or not yet: an outage ends when a connection has stayed so long. */
const STAYS_MS = 2_000;
/** Where several are asked, opening ends by itself. */
const OPEN_WITHIN_MS = 15_000;

/** An open Redis and the names of its keys, for the other files of this folder. */
export interface RedisConnection {
  readonly redis: Redis;
  readonly keys: Keys;
  /** What of ours cannot be read. */
  readonly strangers: Strangers;
  /** A second connection, for commands that wait; opened when it is first asked for. Throws `UpstreamError`. */
  readonly beside: () => Promise<Redis>;
  /** Ends the connection at once: commands under way fail. */
  abandon(): void;
  close(): Promise<void>;
}

/** An address says it all where nothing else is configured. */
type Place = string | RedisPlace;

/**
 * Connects and checks the key format. Throws `UpstreamError` when Redis cannot be reached, `ConfigError` when a newer program
 * has written there. A connection that breaks later is made anew by itself; commands fail meanwhile as `UpstreamError`.
 */
export function openRedis(
  place: Place,
  prefix: string,
  log: Log,
  meter: Pick<Meter, "reconnected"> = NO_METER,
): Promise<RedisConnection> {
  return connect(placeOf(place), prefix, { log, meter }, checkFormat);
}

/** Connects without a look at the key format, and without writing it. Throws `UpstreamError`. */
export function connectRedis(place: Place, prefix: string, log: Log): Promise<RedisConnection> {
  return connect(placeOf(place), prefix, { log, meter: NO_METER }, () => Promise.resolve());
}

function placeOf(place: Place): RedisPlace {
  return typeof place === "string" ? redisAt(place) : place;
}

async function connect(
  place: RedisPlace,
  prefix: string,
  { log, meter }: { readonly log: Log; readonly meter: Pick<Meter, "reconnected"> },
  check: (redis: Redis, keys: Keys, strangers: Strangers) => Promise<void>,
): Promise<RedisConnection> {
  const redis = clientFor(place, log);
  // The reason of a failed connection comes as an event; `connect` itself only says that it was closed.
  const reasons = tellTrouble(redis, log, meter);
  const stay = stayOpen(redis);
  const keys = keysOf(prefix);
  const strangers = new Strangers(log);
  try {
    await unlessAbandoned(async () => {
      await opened(redis, place);
      await check(redis, keys, strangers);
    });
    if (place.address.form === "sentinel") stay.begin();
  } catch (error) {
    abandon(redis);
    wantedSignal()?.throwIfAborted();
    if (error instanceof ConfigError) throw error;
    const where = showRedisAddress(place.address);
    const why = /^MOVED /.test(describeError(error))
      ? "it is a node of a Cluster: write redis+cluster for redis"
      : (lastNodeError(reasons[0]) ?? describeError(reasons[0] ?? error));
    throw new UpstreamError(
      "redis",
      "unreachable",
      `redis at ${where} cannot be used: ${why}: start it, or mend consumer_config.redis_url or REDIS_URL`,
      { cause: error },
    );
  }
  const second = secondOf(() => connect(place, prefix, { log: quiet(log), meter: NO_METER }, () => Promise.resolve()));
  return {
    redis,
    keys,
    strangers,
    beside: second.open,
    abandon: () => {
      stay.end();
      abandon(redis);
      void second.use((connection) => {
        connection.abandon();
      });
    },
    close: async () => {
      stay.end();
      await second.use((connection) => connection.close());
      await close(redis, log);
    },
  };
}

/** A connection that is opened when it is first asked for, and anew when that failed. */
function secondOf(connectAgain: () => Promise<RedisConnection>) {
  let second: Promise<RedisConnection> | null = null;
  return {
    open: async (): Promise<Redis> => {
      second ??= forSeveral(connectAgain);
      try {
        return (await second).redis;
      } catch (error) {
        second = null;
        throw error;
      }
    },
    /** Does nothing while there is none. */
    use: async (work: (connection: RedisConnection) => void | Promise<void>): Promise<void> => {
      const [opened] = await Promise.allSettled([second]);
      if (opened.status === "fulfilled" && opened.value !== null) await work(opened.value);
    },
  };
}

/** Of two connections one tells that Redis is away. */
function quiet(log: Log): Log {
  const debug: Log["debug"] = (data, message) => {
    log.debug(data, message);
  };
  return { debug, info: debug, warn: debug, error: debug };
}

/** Our client ends for ever when it is cut while it looks for the master: it begins again, until we end it. */
function stayOpen(redis: Redis): { begin(): void; end(): void } {
  let isWanted = false;
  redis.on("end", () => {
    if (!isWanted) return;
    // Its failures come as events.
    setTimeout(() => void (isWanted && redis.status === "end" && redis.connect().catch(() => undefined)), AGAIN_MS);
  });
  return {
    begin: () => {
      isWanted = true;
    },
    end: () => {
      isWanted = false;
    },
  };
}

/** Waits as long as one server reads its memory; where several are asked, none may be the right one. */
async function opened(redis: Redis, { address }: RedisPlace): Promise<void> {
  if (address.form === "alone" || address.form === "socket") await redis.connect();
  else await within(OPEN_WITHIN_MS, redis.connect(), "no master that can be used");
}

/** Tells an outage once, and its end once. Resolves to a list that has the last reason, if there was one. */
function tellTrouble(redis: Redis, log: Log, meter: Pick<Meter, "reconnected">): readonly Error[] {
  const reasons: Error[] = [];
  let isTold = false;
  let staying: NodeJS.Timeout | undefined;
  const away = (error: Error): void => {
    reasons[0] = error;
    clearTimeout(staying);
    const why = lastNodeError(error) ?? describeError(error);
    if (!isTold) log.warn({ service: "redis", error: why }, "redis is away, trying again");
    isTold = true;
  };
  const back = (): void => {
    if (!isTold) return;
    clearTimeout(staying);
    staying = setTimeout(() => {
      log.info({ service: "redis" }, "redis is back");
      meter.reconnected("redis");
      isTold = false;
    }, STAYS_MS).unref();
  };
  redis.on("error", (error: Error) => {
    away(error);
    // Our client would go on, in the database of number 0, which is another one's.
    if (isOfSelect(error)) redis.disconnect(true);
  });
  redis.on("sentinelError", (error: Error) => {
    reasons[0] = new Error(
      error.message.replace("successfully, but got an invalid reply: null", "and it knows no such master"),
    );
  });
  redis.on("ready", back);
  const cluster = clusterOf(redis);
  if (cluster !== null) new NodeWatch(cluster, away, back);
  return reasons;
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
  const nodes = clusterOf(redis)?.nodes() ?? [redis];
  redis.disconnect();
  for (const node of nodes) (node as unknown as { readonly stream?: { destroy(): void } }).stream?.destroy();
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
