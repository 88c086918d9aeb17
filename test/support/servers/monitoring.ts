import type { Test } from "tap";
import { openMonitoring, openOwnMetrics, type MonitoredConfig } from "../../../src/app/monitoring.ts";
import type { Config } from "../../../src/config/config.ts";
import { storeOn, type Store } from "../../../src/app/store.ts";
import { DEFAULT_POLICY } from "../../../src/domain/compose/classify.ts";
import { MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import type { OwnMetrics } from "../../../src/monitoring/metrics/meter.ts";
import type { Bounds } from "../../../src/monitoring/server.ts";
import type { Log } from "../../../src/ports/index.ts";
import { silentLog } from "../run/log.ts";
import { openWorld, PERIODS, type World } from "../world/world.ts";

/** The whole service but for the bus, and what is served of it. */
export interface Served {
  readonly world: World;
  readonly store: Store;
  readonly own: OwnMetrics;
  readonly url: string;
  /** What the process knows of itself, for the test to change. */
  readonly self: { readonly end: () => void; isConsuming: boolean };
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
  /** Text of what was answered with 200. */
  readonly text: (path: string) => Promise<string>;
  readonly json: (path: string) => Promise<unknown>;
}

const CONFIG: MonitoredConfig = {
  budgets: { maxDeletesPerDay: 500, maxPrivatePerDay: 1000, maxShareOfRegion: 0.2 },
  report: { kind: "pagure", also: null },
  policy: DEFAULT_POLICY,
  act: "delete",
  hearEveryMs: 10 * MINUTE_MS,
  tickEveryMs: 10 * SECOND_MS,
};

/** A busy machine may take long: no test of what is served waits for the end of these. */
const BOUNDS: Bounds = { most: 50, withinMs: MINUTE_MS, longestUrl: 2_048 };

/** Serves a world of its own on a free port. */
export async function openServed(
  test: Test,
  {
    redisWithinMs,
    announce = null,
    ...options
  }: Partial<MonitoredConfig> & Partial<Pick<Config, "announce">> & { readonly redisWithinMs?: number } = {},
  log: Log = silentLog,
): Promise<Served> {
  const own = openOwnMetrics({});
  const world = await openWorld(test, { meter: own.meter });
  const { schedule } = world.ticker;
  const store = {
    ...storeOn(world.connection, { ...CONFIG, redis: { durability: "received" }, periods: PERIODS, announce }, log),
    schedule,
  };
  const since = world.clock.now();
  let running = { isEnding: false, since };
  const end = (): void => {
    running = { isEnding: true, since: world.clock.now() };
  };
  const self = { end, isConsuming: true };
  const server = await openMonitoring(
    { address: "127.0.0.1", port: 0, bounds: BOUNDS, ...(redisWithinMs !== undefined && { redisWithinMs }) },
    { ...CONFIG, ...options },
    {
      store,
      own,
      clock: world.clock,
      log,
      self: { running: () => running, consuming: () => ({ isConsuming: self.isConsuming, since }) },
    },
  );
  test.teardown(() => server.close());
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);
  const text = async (path: string): Promise<string> => {
    const response = await get(path);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${body}`);
    return body;
  };
  const json = async (path: string): Promise<unknown> => JSON.parse(await text(path));
  return { world, store, own, url: server.url, self, get, text, json };
}
