import type { Redis } from "ioredis";
import { mastersOf, nameOf, nodeOf, runOf } from "./client/cluster.ts";
import { isForbidden } from "./client/trouble.ts";
import type { RedisConnection } from "./connection.ts";
import type { Keys } from "./keys.ts";
import { asUpstream } from "./strange.ts";
import { translateErrors } from "../translate.ts";
import type { Durability } from "../../domain/limits/durability.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { ConfigError, describeError, UpstreamError } from "../../errors.ts";
import type { Keeping, Kept } from "../../ports/index.ts";

/** A replica that is in step answers within milliseconds, a disk that is written to once a second within that. */
const WAIT_MS = 3 * SECOND_MS;
const MARK_MS = 60 * SECOND_MS;

type Sure = Exclude<Durability, "received">;

/** How Redis is asked, and what it means that it does not say so. WAITAOF came with Redis 7.2 and with Valkey. */
const ASKED: Readonly<Record<Sure, { readonly words: readonly [string, ...number[]]; readonly unkept: string }>> = {
  synced: { words: ["WAITAOF", 1, 0], unkept: "Redis has not written to its disk what messages brought" },
  replicated: { words: ["WAIT", 1], unkept: "no replica of Redis has confirmed what messages brought" },
};

/**
 * Learns whether what was written stands on Redis' disk, or on a replica ("WAIT", "WAITAOF"). A server tells it of what came on
 * the same connection, and nothing of what another server had: so a mark is written behind all else, on a connection of its own,
 * as a server answers nothing on one that waits; and the run of Redis must be the same from before the first write to the answer.
 */
export class Keeper {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** The run in which what is written from now on counts. Throws what Redis throws. */
  begin(): Promise<string> {
    const { redis, keys } = this.#connection;
    return runOf(redis, keys);
  }

  /** Whether all that was written since survives a failover. Throws what Redis throws, and `UpstreamError` in another run. */
  async replicated(run: string): Promise<Kept> {
    try {
      const replicas = await Promise.all(mastersOf(this.#connection.redis).map(replicasOf));
      if (replicas.every((count) => count === 0)) return "alone";
      return (await this.isKept("replicated", run)) ? "replicated" : "unconfirmed";
    } catch (error) {
      if (isForbidden(error)) return "unconfirmed";
      throw error;
    }
  }

  /** Whether every master says so in its time. Throws as `replicated`. */
  async isKept(how: Sure, run: string): Promise<boolean> {
    const { redis, keys, beside } = this.#connection;
    const waiting = await beside();
    const answers = await Promise.all(mastersOf(waiting).map((node) => markAt(node, keyAt(waiting, keys, node), how)));
    const runs = await Promise.all([waiting, redis].map((client) => runOf(client, keys)));
    if (runs.some((each) => each !== run))
      throw new UpstreamError("redis", "other-run", "redis: it is in another run than when this was written");
    return answers.every((isSo) => isSo);
  }
}

/** What `redis_durability` asks for; null: Redis' answer will do. */
export function redisKeeping(connection: RedisConnection, durability: Durability): Keeping | null {
  if (durability === "received") return null;
  const keeper = new Keeper(connection);
  const keeping: Keeping = {
    check: async () => {
      const refusal = await refusalOf(connection, durability);
      if (refusal !== null) throw new ConfigError(refusal);
    },
    begin: () => keeper.begin(),
    confirm: async (run) => {
      if (await keeper.isKept(durability, run)) return;
      const within = `within ${WAIT_MS / SECOND_MS}s`;
      throw new UpstreamError(
        "redis",
        "not-kept",
        `redis: ${ASKED[durability].unkept} ${within}: nothing is acknowledged`,
      );
    },
  };
  return translateErrors(keeping, asUpstream);
}

/** Why Redis can never do what `redis_durability` asks for, in one sentence with what to do; null: it can. Throws what Redis throws. */
export async function refusalOf({ redis }: RedisConnection, durability: Durability): Promise<string | null> {
  if (durability === "received") return null;
  const { words } = ASKED[durability];
  for (const node of mastersOf(redis))
    try {
      await node.call(...words, 1);
    } catch (error) {
      const why = whyNot(describeError(error), words[0]);
      if (why === null) throw error;
      return `consumer_config.redis_durability = "${durability}": ${why}, or choose another`;
    }
  return null;
}

function whyNot(said: string, command: string): string | null {
  if (/^ERR unknown command/.test(said)) return `this Redis does not know ${command}: install Redis 7.2 or Valkey 8`;
  if (/^NOPERM/.test(said)) return `Redis' user may not give ${command}: allow it`;
  return said.includes("appendonly") ? "Redis writes nothing to its disk: set appendonly yes there" : null;
}

async function markAt(node: Redis, key: string, how: Sure): Promise<boolean> {
  const [, answer] = await Promise.all([
    node.set(key, "1", "PX", MARK_MS),
    node.call(...ASKED[how].words, WAIT_MS) as Promise<number | readonly number[]>,
  ]);
  // WAITAOF tells of the server's own disk, and of the replicas'.
  const [count = 0] = typeof answer === "number" ? [answer] : answer;
  return count > 0;
}

/** A mark's key that a server has. */
function keyAt(redis: Redis, keys: Keys, node: Redis): string {
  for (let number = 0; ; number += 1) {
    const key = keys.kept(number);
    if (nameOf(nodeOf(redis, key)) === nameOf(node)) return key;
  }
}

async function replicasOf(node: Redis): Promise<number> {
  const info = await node.info("replication");
  return Number(/^connected_slaves:(?<count>\d+)/m.exec(info)?.groups?.["count"] ?? 0);
}
