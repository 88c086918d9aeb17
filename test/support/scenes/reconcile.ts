import type { Test } from "tap";
import { openDatagrepper } from "../../../src/adapters/datagrepper/archive.ts";
import { redisPositions } from "../../../src/adapters/redis/control/positions.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { DAY_MS, floorSecond, type Instant } from "../../../src/domain/time.ts";
import { backfill } from "../../../src/hear/backfill.ts";
import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import { redisPlaces } from "../../../src/adapters/redis/images/places.ts";
import type { PlaceReconciler } from "../../../src/operate/places.ts";
import { reconcile } from "../../../src/operate/reconcile.ts";
import type { Told } from "../../../src/operate/told.ts";
import type { Archive } from "../../../src/ports/index.ts";
import { REGION, type World } from "../world/world.ts";

/** A datagrepper by the world's clock, and the adapter over it. */
export interface Datagrepper {
  readonly double: DatagrepperDouble;
  readonly archive: Archive;
  /** Stores a message as it was sent then. */
  add(event: string, body: object, at: Instant): void;
  /** Puts the last days through the world's ingest. */
  backfill(days: number): Promise<void>;
}

export async function openDatagrepperOf(test: Test, world: World): Promise<Datagrepper> {
  const { clock } = world;
  const double = await startDatagrepper({ now: clock.now });
  test.teardown(() => double.close());
  const access = { url: double.url, userAgent: "test", timeoutMs: 60_000, clock, ratePerSecond: Infinity };
  const archive = openDatagrepper(access);
  let messages = 0;
  return {
    double,
    archive,
    add: (event, body, at) => {
      messages += 1;
      const headers = { "sent-at": new Date(at).toISOString() };
      double.add({ topic: `org.fedoraproject.prod.${event}`, id: `archived-${messages}`, at, headers, body });
    },
    backfill: async (days) => {
      const end = floorSecond(clock.now());
      const positions = redisPositions(world.connection);
      const reader = { archive, ingester: world.ingester, positions, stop: new AbortController().signal };
      const tell = { progress: () => Promise.resolve(), witness: () => undefined };
      await backfill("test", { start: end - days * DAY_MS, end }, reader, tell);
    },
  };
}

/** Reconciles, and resolves to all that was told. */
export async function reconcileIn(
  world: World,
  changes: Partial<PlaceReconciler> = {},
  regions: readonly string[] | null = [REGION],
): Promise<Told[]> {
  const told: Told[] = [];
  const places = redisPlaces(world.connection, world.clock, world.ticker.periods);
  const counts = redisCounts(world.connection);
  const reconciler = {
    ...world.ticker,
    ...world.ingester,
    places,
    counts,
    archive: null,
    isApplied: false,
    ...changes,
  };
  await reconcile(regions, reconciler, (each) => {
    told.push(each);
    return Promise.resolve();
  });
  return told;
}

/** Every key of the world with all that it holds, as Redis dumps it. */
export async function dumpOf({ connection: { redis, keys } }: World): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of await keysOf({ redis, prefix: prefixOf(keys.format) }))
    found[key] = (await redis.dumpBuffer(key)).toString("base64");
  return found;
}

/** What an operator does who has lost the disk: nothing is left. */
export async function loseRedis({ connection: { redis, keys } }: World): Promise<void> {
  const all = await keysOf({ redis, prefix: prefixOf(keys.format) });
  await Promise.all(all.map((key) => redis.del(key)));
}

function prefixOf(formatKey: string): string {
  return formatKey.replace(/:format$/, "");
}

async function keysOf({
  redis,
  prefix,
}: {
  readonly redis: World["connection"]["redis"];
  readonly prefix: string;
}): Promise<readonly string[]> {
  const found = new Set<string>();
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1000 }))
    for (const key of keys as string[]) found.add(key);
  return [...found].sort();
}
