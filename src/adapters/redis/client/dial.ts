import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { watchSwitches } from "./switch-watch.ts";
import { isElsewhere, isForbidden, Patience } from "./trouble.ts";
import type { RedisPlace, RedisTlsFiles } from "../../../config/redis/redis.ts";
import type { Log } from "../../../ports/index.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** Of several sentinels or nodes the next is asked after this. */
const NEXT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 10_000;
/**
 * A connection that brought nothing for so long, while something was asked, is made anew: its other end may be gone. Longer than
 * any command of ours waits in Redis, and shorter than our patience with one: what was asked is asked again there.
 */
const SILENT_MS = 5_000;
const LONGEST_PAUSE_MS = 2_000;
/** How often it is asked which node of a Cluster has which slots, beside whenever a node says that it moved. */
const SLOTS_EVERY_MS = 10_000;

/** Answers are as they were before RESP3. */
type Options = Omit<RedisOptions, "replyMapping">;

/** Commands that are issued in one turn of the event loop leave in one write, in their order; each is answered by itself. */
class OneWrite extends Redis {
  override sendCommand(...words: Parameters<Redis["sendCommand"]>): ReturnType<Redis["sendCommand"]> {
    if (this.status === "connect") passReadyCheck(words[0]);
    corkTurn(this);
    return super.sendCommand(...words);
  }
}

/** A command is given up by itself whether or not any node can be reached: the client would keep it for ever. */
class PatientCluster extends Cluster {
  override sendCommand(...words: Parameters<Cluster["sendCommand"]>): unknown {
    words[0].setTimeout(COMMAND_TIMEOUT_MS);
    return super.sendCommand(...words);
  }
}

/**
 * INFO without a section, on a connection that is not ready, is the client's own question whether Redis still reads its memory.
 * Where it is refused the client goes on, with a line of its own on standard error, or tries for ever: then nothing is known,
 * and that will do.
 */
function passReadyCheck(command: Parameters<Redis["sendCommand"]>[0]): void {
  if (command.name !== "info" || command.args.length > 0) return;
  const { reject } = command;
  command.reject = (error) => {
    if (isForbidden(error)) command.resolve("");
    else reject(error);
  };
}

function corkTurn(redis: Redis): void {
  const { stream } = redis as unknown as { readonly stream?: Socket };
  if (stream?.writable !== true || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => {
    stream.uncork();
  });
}

/**
 * A client that is not connected yet. For a Cluster it is another class: of what both have in common all is used here, and
 * `cluster.ts` has the rest.
 */
export function clientFor(place: RedisPlace, log: Log): Redis {
  const { address, files } = place;
  const { form, isTls, user, password, hosts, path, database } = address;
  const patience = new Patience();
  const common: Options = {
    lazyConnect: true,
    connectTimeout: form === "alone" || form === "socket" ? CONNECT_TIMEOUT_MS : NEXT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENT_MS,
    maxRetriesPerRequest: 1,
    ...(user !== "" && { username: user }),
    ...(password !== "" && { password }),
    ...(isTls && { tls: tlsOf(files) }),
  };
  const alone: Options = {
    ...common,
    db: database,
    retryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_PAUSE_MS),
    reconnectOnError: (error) => {
      if (!isElsewhere(error) || !patience.isOver()) return false;
      log.debug({ service: "redis", error: error.message }, "redis takes nothing there: the connection is made anew");
      return true;
    },
  };
  if (form === "socket") return new OneWrite({ ...alone, path });
  if (form === "alone") return new OneWrite({ ...alone, ...hosts[0] });
  if (form === "cluster") return clusterOf(hosts, common);
  return sentinelled(alone, place, patience);
}

function sentinelled(alone: Options, { address, sentinel }: RedisPlace, patience: Patience): Redis {
  const { hosts, master, isTls } = address;
  const auth = {
    ...(sentinel.user !== "" && { username: sentinel.user }),
    ...(sentinel.password !== "" && { password: sentinel.password }),
    ...(sentinel.isTls && { tls: tlsOf(sentinel.files) }),
  };
  const client: Redis = new OneWrite({
    ...alone,
    sentinels: [...hosts],
    name: master,
    sentinelCommandTimeout: NEXT_TIMEOUT_MS,
    enableTLSForSentinelMode: isTls,
    ...(sentinel.user !== "" && { sentinelUsername: sentinel.user }),
    ...(sentinel.password !== "" && { sentinelPassword: sentinel.password }),
    ...(sentinel.isTls && { sentinelTLS: tlsOf(sentinel.files) }),
    // Whoever opens is told at once that none answers.
    sentinelRetryStrategy: (attempt) => (patience.isOpen ? Math.min(attempt * 100, LONGEST_PAUSE_MS) : null),
  });
  client.once("ready", () => {
    patience.isOpen = true;
  });
  const each = hosts.map((host) => ({ ...host, ...auth, connectTimeout: NEXT_TIMEOUT_MS }));
  watchSwitches(client, each, master);
  return client;
}

function clusterOf(hosts: RedisPlace["address"]["hosts"], redisOptions: Options): Redis {
  const cluster = new PatientCluster([...hosts], {
    lazyConnect: true,
    clusterRetryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_PAUSE_MS),
    slotsRefreshInterval: SLOTS_EVERY_MS,
    slotsRefreshTimeout: NEXT_TIMEOUT_MS,
    // A certificate has the name of a host, and not its address.
    dnsLookup: (host, callback) => {
      callback(null, host);
    },
    redisOptions,
  });
  cluster.on("+node", (node: Redis) => {
    const send = node.sendCommand.bind(node);
    node.sendCommand = (...words) => {
      corkTurn(node);
      return send(...words);
    };
  });
  return cluster as unknown as Redis;
}

/** The files are read at each new connection, so that a certificate may be renewed; what cannot be read then fails it. */
function tlsOf({ caCert, certfile, keyfile }: RedisTlsFiles): NonNullable<Options["tls"]> {
  const tls = {};
  for (const [name, path] of Object.entries({ ca: caCert, cert: certfile, key: keyfile }))
    if (path !== "") Object.defineProperty(tls, name, { enumerable: true, get: () => readFileSync(path, "utf8") });
  return tls;
}
