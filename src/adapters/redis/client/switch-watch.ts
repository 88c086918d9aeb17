import { Redis, type RedisOptions } from "ioredis";

/** Where a sentinel tells that another server is the master now: NAME OLD-IP OLD-PORT NEW-IP NEW-PORT. */
const CHANNEL = "+switch-master";
const ASK_AGAIN_MS = 10_000;

/**
 * Leaves a master that is none any more, though its connection lives, as soon as a sentinel says so: what stands still, or is
 * cut off from the others, says nothing itself. Our client has a watch of its own, which ends it for ever when the news comes
 * while it connects.
 */
export function watchSwitches(client: Redis, sentinels: readonly RedisOptions[], master: string): void {
  let watches: readonly Redis[] = [];
  client.on("ready", () => {
    if (watches.length === 0) watches = sentinels.map((options) => watchOne(client, options, master));
  });
  client.on("end", () => {
    for (const watch of watches) watch.disconnect();
    watches = [];
  });
}

function watchOne(client: Redis, options: RedisOptions, master: string): Redis {
  const watch = new Redis({ ...options, enableReadyCheck: false, retryStrategy: () => ASK_AGAIN_MS } as RedisOptions & {
    replyMapping?: "legacy";
  });
  // Another sentinel says it as well, and whoever connects asks them anyway.
  watch.on("error", () => undefined);
  void watch.subscribe(CHANNEL).catch(() => undefined);
  watch.on("message", (_channel: string, text: string) => {
    if (text.split(" ")[0] === master && client.status === "ready") client.disconnect(true);
  });
  return watch;
}
