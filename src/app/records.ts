import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { openStore, type Store } from "./store.ts";
import type { Config } from "../config/config.ts";
import type { Instant } from "../domain/time.ts";

/** What is remembered, to be read: needs Redis alone. */
export type Records = Omit<Store, "places" | "positions" | "comments" | "queueName" | "abandon"> & {
  readonly now: () => Instant;
};

/** Opens Redis for reading. Throws `UpstreamError` when it cannot be reached, `ConfigError` for a newer key format. */
export async function openRecords(config: Config): Promise<Records> {
  const {
    schedule,
    queues,
    facts,
    journal,
    orders,
    budgets,
    hearing,
    pulse,
    rejected,
    breakers,
    strangeThings,
    close,
  } = await openStore(config, openLog("silent"));
  const now = (): Instant => systemClock.now();
  return {
    schedule,
    queues,
    facts,
    journal,
    orders,
    budgets,
    hearing,
    pulse,
    rejected,
    breakers,
    strangeThings,
    now,
    close,
  };
}
