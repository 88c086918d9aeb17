import type { BrokerConsole } from "../servers/broker/broker-console.ts";
import { keysOf } from "../../../src/adapters/redis/keys.ts";
import type { FaultyRedis } from "./redis.ts";

/** What a process had begun when it was killed, by the broker and Redis alone. */
export interface InHand {
  /** Delivered to it, and not acknowledged; null: the broker is another one's, and does not say. */
  readonly unacknowledged: number | null;
  /** Leased to it. */
  readonly leased: number;
}

interface Where {
  readonly redis: FaultyRedis;
  readonly console: BrokerConsole | null;
  /** Of the keys in Redis. */
  readonly prefix: string;
  readonly queue: string;
  readonly regions: readonly string[];
  readonly leaseMs: number;
}

/** Of a process that stands still, is the only one, and lives since then. */
export async function inHand(since: number, where: Where): Promise<InHand> {
  const leased = await Promise.all(where.regions.map((region) => leasedIn(region, since, where)));
  return {
    unacknowledged: where.console === null ? null : await unacknowledged(where.queue, where.console),
    leased: leased.reduce((sum, count) => sum + count, 0),
  };
}

async function unacknowledged(queue: string, console: BrokerConsole): Promise<number> {
  const name = `rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)`;
  const answer = await console.ask(
    `begin {ok, Q} = rabbit_amqqueue:lookup(${name}), rabbit_amqqueue:info(Q, [messages_unacknowledged]) end`,
  );
  return Number(/messages_unacknowledged,(?<count>\d+)/.exec(answer)?.groups?.["count"] ?? 0);
}

/** An earlier one's leases end before those that were taken later: scores are whole seconds, rounded up. */
async function leasedIn(region: string, since: number, { redis, prefix, leaseMs }: Where): Promise<number> {
  const keys = keysOf(prefix);
  const from = Math.ceil((since + leaseMs) / 1000);
  let leased = 0;
  for (const queue of ["private", "delete"] as const) {
    const waiting = await ofOwner(redis, "ZRANGEBYSCORE", keys.queue(region, queue), `(${from}`, "+inf");
    for (const amiId of waiting as readonly string[]) {
      const token = await ofOwner(redis, "HGET", keys.image(region, amiId), "token");
      if (token !== null && token !== "") leased += 1;
    }
  }
  return leased;
}

/** The answer of the master that has the key; the others refuse. */
function ofOwner({ masters }: FaultyRedis, command: string, ...args: readonly string[]): Promise<unknown> {
  return Promise.any(masters.map(({ admin }) => admin.call(command, ...args)));
}
