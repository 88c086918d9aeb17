import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { openStore } from "./store.ts";
import { openArchive } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import type { Ingester } from "../hear/ingest.ts";
import { NO_METER, type Archive, type Positions, type RejectedMessages } from "../ports/index.ts";

/** What a backfill needs: no EC2, no report, no broker. */
export interface OpenBackfill {
  readonly archive: Archive | null;
  readonly ingester: Ingester;
  readonly positions: Positions;
  readonly rejected: RejectedMessages;
  close(): Promise<void>;
}

/** Opens Redis and the archive, to put past messages through ingest. Throws `UpstreamError`, `ConfigError`. */
export async function openBackfill(config: Config, logLevel = "warn"): Promise<OpenBackfill> {
  // What a command prints may be read by a program.
  const log = openLog(logLevel, process.stderr);
  const { periods, policy, environments } = config;
  const store = await openStore(config, log);
  const { schedule, facts, rejected, positions } = store;
  return {
    rejected,
    archive: openArchive(config),
    ingester: { schedule, facts, rejected, clock: systemClock, log, meter: NO_METER, periods, policy, environments },
    positions,
    close: () => store.close(),
  };
}
