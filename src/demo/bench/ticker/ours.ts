import { RegionBreakers } from "../../../act/breakers.ts";
import { RegionPasses } from "../../../act/passes.ts";
import { systemClock } from "../../../adapters/clock.ts";
import { runLoop } from "../../../app/life/loop.ts";
import { Outages } from "../../../app/life/outages.ts";
import { listening, openStore } from "../../../app/store.ts";
import { loadConfig } from "../../../config/config.ts";
import { Consultation } from "../../../decide/consult.ts";
import { batchOf } from "../../../domain/limits/pace.ts";
import type { Queue } from "../../../domain/image/lifecycle.ts";
import { formatInstant } from "../../../domain/time.ts";
import { NO_METER, type Images, type Log, type Schedule } from "../../../ports/index.ts";
import type { Scene } from "../scene.ts";

/** Fedora's own, as shipped. */
export const ACCOUNT = "125523088429";
const MANY = 10_000_000;
const nothing = (): void => undefined;
export const log: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The ticker as the service wires it, but for EC2. */
export interface Ours {
  readonly schedule: Schedule;
  /** Passes over all regions until nothing is due in the queue; resolves to how many images ended in which outcome. */
  workOff(queue: Queue): Promise<Readonly<Record<string, number>>>;
  /** Ticks as the service does, at most so many milliseconds apart, until `stop`. */
  run(tickEveryMs: number, stop: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** `name`: of its keys. With no budget that binds, and what is told may be deleted at once. */
export async function openOurs({ redis, redisUrl, write }: Scene, name: string, ec2: Images): Promise<Ours> {
  const file = await write(`${name}.toml`, `[consumer_config]\nredis_url = "${redisUrl}"\nredis_prefix = "${name}"\n`);
  const shipped = loadConfig(file, {}, []);
  const periods = { ...shipped.periods, deleteAfterMs: 0 };
  const config = {
    ...shipped,
    periods,
    budgets: { maxDeletesPerDay: MANY, maxPrivatePerDay: MANY, maxShareOfRegion: 1 },
  };
  const { guards, share } = config.ec2;
  const store = await openStore(config, log);
  const { schedule, facts, breakers, budgets, orders } = store;
  const base = { schedule, facts, clock: systemClock, log, meter: NO_METER, periods, policy: config.policy };
  const regions = new RegionBreakers({ breakers, clock: systemClock, log, account: ACCOUNT, random: Math.random });
  let outcomes: Record<string, number> = {};
  const passes = new RegionPasses({
    ...base,
    meter: { act: (_, outcome) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1) },
    consultation: new Consultation({ ...base, sources: [] }),
    budgets,
    orders,
    guards,
    usage: null,
    act: "delete",
    listen: listening(store, config),
    images: regions.watch(ec2),
    breakers: regions,
    batch: () => batchOf(periods.leaseMs, share),
    random: Math.random,
  });
  const hear = async (): Promise<void> => {
    const run = (await store.hearing.runId()) ?? "";
    await redis.hset(`${name}:{control}:ears`, { heard_until: formatInstant(Date.now()), run_id: run });
  };
  return {
    schedule,
    run: async (tickEveryMs, stop) => {
      await hear();
      let untilDueMs = Infinity;
      const pass = async (): Promise<void> => void ({ untilDueMs } = await passes.start());
      const untilNextMs = (): number => untilDueMs;
      const outages = new Outages({ clock: systemClock, log });
      await runLoop("ticker", tickEveryMs, pass, { clock: systemClock, outages, untilNextMs }, stop);
      await passes.idle();
    },
    workOff: async (queue) => {
      await hear();
      outcomes = {};
      for (let before = -1; (await schedule.countDue(queue, Date.now())) > 0;) {
        const done = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
        if (done === before) throw new Error(`nothing more is worked after ${JSON.stringify(outcomes)}`);
        before = done;
        await passes.start();
        await passes.idle();
      }
      return outcomes;
    },
    close: () => store.close(),
  };
}
