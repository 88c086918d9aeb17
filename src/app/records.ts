import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { listening, openStore, readable, type Store } from "./store.ts";
import type { Config } from "../config/config.ts";
import type { Instant } from "../domain/time.ts";
import type { Listen } from "../ports/index.ts";

/** What is remembered, to be read: needs Redis alone. */
export type Records = Omit<Store, "positions" | "comments" | "queueName" | "abandon"> & {
  readonly now: () => Instant;
  readonly listen: Listen;
};

/** Opens Redis for reading. Throws `UpstreamError` when it cannot be reached, `ConfigError` for a newer key format. */
export async function openRecords(config: Config): Promise<Records> {
  const store = await openStore(config, openLog("error"));
  const hearing = readable(store.hearing);
  return {
    listen: listening({ hearing, comments: readable(store.comments) }, config),
    schedule: readable(store.schedule),
    queues: readable(store.queues),
    facts: readable(store.facts),
    journal: readable(store.journal),
    orders: readable(store.orders),
    budgets: readable(store.budgets),
    hearing,
    pulse: readable(store.pulse),
    rejected: readable(store.rejected),
    breakers: readable(store.breakers),
    now: () => systemClock.now(),
    close: () => store.close(),
  };
}
