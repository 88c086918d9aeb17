import type { Counts, Log, Names, Places, Schedule } from "../ports/index.ts";
import { Counting } from "./counting.ts";

/** Who walks over all records. */
export interface Walker {
  readonly places: Places;
  readonly counts: Omit<Counts, "read">;
  readonly names: Pick<Names, "sweep">;
  readonly schedule: Pick<Schedule, "regions">;
  readonly log: Log;
}

/**
 * Sees to it that nothing stands in no queue, and that the counts are right: walks over all records, a stretch at a time, puts
 * right what lost its place when a key was deleted or evicted, and counts all anew. Names whose images are forgotten go.
 */
export class PlaceKeeper {
  readonly #walker: Walker;
  #from: string | null = null;
  #counting: Counting | null = null;
  readonly #swept = new Map<string, number>();
  /** How many stretches were walked: each sweeps the names of another region. */
  #steps = 0;

  constructor(walker: Walker) {
    this.#walker = walker;
  }

  /** The next stretch; resolves to how many images were put right. Throws `UpstreamError`. */
  async step(): Promise<number> {
    const regions = await this.#walker.schedule.regions();
    const next = regions[this.#steps % regions.length];
    this.#steps += 1;
    if (next !== undefined) await this.#sweepNames(next);
    return this.#walkOn();
  }

  /** The rest of the walk, or all of it. Throws `UpstreamError`. */
  async finish(): Promise<number> {
    for (const region of await this.#walker.schedule.regions()) await this.#sweepNames(region);
    let count = await this.#walkOn();
    while (this.#from !== null) count += await this.#walkOn();
    return count;
  }

  async #sweepNames(region: string): Promise<void> {
    this.#swept.set(region, await this.#walker.names.sweep(region, this.#swept.get(region) ?? 0));
  }

  async #walkOn(): Promise<number> {
    const { places, counts, schedule, log } = this.#walker;
    this.#counting ??= await Counting.begin(await schedule.regions(), counts);
    const walked = await places.walk(this.#from);
    let count = 0;
    for (const each of walked.misplaced) {
      if (!(await places.putRight(each))) continue;
      count += 1;
      const { region, amiId, stage } = each.image;
      log.warn(
        { region, ami: amiId, stage, stood: each.stands },
        "its place in the queues was lost, and is made again",
      );
    }
    for (const each of walked.lost) places.tellLost(each);
    await this.#counting.count(walked);
    this.#from = walked.next;
    if (this.#from === null) this.#counting = null;
    return count;
  }
}
