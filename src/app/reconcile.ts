import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { openStore } from "./store.ts";
import { openArchive, openEc2 } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { orUnreadable } from "../errors.ts";
import type { PlaceReconciler } from "../operate/places.ts";
import { NO_METER } from "../ports/index.ts";

/** Opens Redis, EC2 and the archive, to hold them against each other. Throws `UpstreamError`, `ConfigError`. */
export async function openReconcile(
  config: Config,
): Promise<Omit<PlaceReconciler, "isApplied"> & { close(): Promise<void> }> {
  const log = openLog("warn");
  const { periods, policy, environments } = config;
  const store = await openStore(config, log);
  const { schedule, facts, places, counts } = store;
  const living = await orUnreadable(() => store.pulse.living(systemClock.now()), 0, { log });
  const images = openEc2(config, log, NO_METER, () => 1 + living);
  return {
    schedule,
    facts,
    places,
    counts,
    images,
    archive: openArchive(config),
    log,
    periods,
    policy,
    environments,
    guards: config.ec2.guards,
    close: async () => {
      images.close();
      await store.close();
    },
  };
}
