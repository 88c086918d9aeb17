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

  constructor(walker: Walker) {
    this.#walker = walker;
  }

  /** The next stretch; resolves to how many images were put right. Throws `UpstreamError`. */
  async step(): Promise<number> {
    const { places, counts, names, schedule, log } = this.#walker;
    const regions = await schedule.regions();
    for (const region of regions) this.#swept.set(region, await names.sweep(region, this.#swept.get(region) ?? 0));
    this.#counting ??= await Counting.begin(regions, counts);
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
    await this.#counting.count(walked);
    this.#from = walked.next;
    if (this.#from === null) this.#counting = null;
    return count;
  }

  /** The rest of the walk, or all of it. Throws `UpstreamError`. */
  async finish(): Promise<number> {
    let count = await this.step();
    while (this.#from !== null) count += await this.step();
    return count;
  }
}
