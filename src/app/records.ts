import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { listening, openStore, type Store } from "./store.ts";
import type { Config } from "../config/config.ts";
import type { Instant } from "../domain/time.ts";
import type { Listen } from "../ports/index.ts";

/** What is remembered, to be read: needs Redis alone. */
export type Records = Omit<Store, "positions" | "comments" | "formerComments" | "info" | "queueName" | "abandon"> & {
  readonly now: () => Instant;
  readonly listen: Listen;
};

/** Opens Redis for reading. Throws `UpstreamError` when it cannot be reached, `ConfigError` for a newer key format. */
export async function openRecords(config: Config): Promise<Records> {
  const store = await openStore(config, openLog("silent"));
  return { ...store, listen: listening(store, config), now: () => systemClock.now() };
}
