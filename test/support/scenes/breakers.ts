import type { Test } from "tap";
import { RegionBreakers } from "../../../src/act/breakers.ts";
import { tickRegion, type Ticker } from "../../../src/act/tick.ts";
import { redisBreakers } from "../../../src/adapters/redis/control/breakers.ts";
import { DAY_MS, SECOND_MS } from "../../../src/domain/time.ts";
import type { Breakers, Log } from "../../../src/ports/index.ts";
import { ACCOUNT } from "../world/image.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "../world/world.ts";

export const OTHER = "eu-west-1";
/** Nothing in the region answers. */
export const CUT = { kind: "withhold", connection: "cut", region: REGION, times: Infinity } as const;

interface BreakerScene {
  readonly world: World;
  readonly ticker: Ticker;
  readonly breakers: Breakers;
  /** What was logged as a warning. */
  readonly warnings: string[];
  readonly tick: (region?: string) => Promise<Record<string, number>>;
  readonly attempts: () => Promise<readonly number[]>;
}

/** So many due images in a region, one in another; jitter takes nothing away. */
export async function openBreakers(t: Test, images: number): Promise<BreakerScene> {
  const world = await openWorld(t);
  const warnings: string[] = [];
  const log: Log = { ...world.ticker.log, warn: (_, message) => warnings.push(message) };
  for (let number = 1; number <= images; number += 1) await world.hear(UPLOADER, addNightly(world, number).message);
  await world.hear(UPLOADER, addNightly(world, 9, OTHER).message);
  world.clock.advance(5 * DAY_MS);
  const breakers = redisBreakers(world.connection);
  const { clock, ec2 } = world;
  const regions = new RegionBreakers({ breakers, clock, log, account: ACCOUNT, random: () => 0.99 });
  const ticker = { ...world.ticker, log, breakers: regions, images: regions.watch(ec2), random: () => 0.99 };
  return {
    world,
    ticker,
    breakers,
    warnings,
    tick: async (region = REGION) => {
      // What was yielded is due from the next whole second.
      world.clock.advance(SECOND_MS);
      return tickRegion(region, ticker);
    },
    attempts: async () => (await ticker.schedule.due(REGION, "private", Infinity, 100)).map((image) => image.attempts),
  };
}

/** How many calls to EC2 there were in a region. */
export function calls({ world }: BreakerScene, region = REGION): number {
  return world.simulator.journal.entries.filter((entry) => entry.service === "ec2" && entry.region === region).length;
}
