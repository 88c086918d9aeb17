import type { Log, Places } from "../ports/index.ts";

/**
 * Sees to it that nothing stands in no queue: walks over all records, a stretch at a time, and puts right what lost its place
 * when a key was deleted or evicted.
 */
export class PlaceKeeper {
  readonly #places: Places;
  readonly #log: Log;
  #from: string | null = null;

  constructor({ places, log }: { readonly places: Places; readonly log: Log }) {
    this.#places = places;
    this.#log = log;
  }

  /** The next stretch; resolves to how many images were put right. Throws `UpstreamError`. */
  async step(): Promise<number> {
    const { next, misplaced } = await this.#places.walk(this.#from);
    let count = 0;
    for (const each of misplaced) {
      if (!(await this.#places.putRight(each))) continue;
      count += 1;
      const { region, amiId, stage } = each.image;
      this.#log.warn(
        { region, ami: amiId, stage, stood: each.stands },
        "its place in the queues was lost, and is made again",
      );
    }
    this.#from = next;
    return count;
  }

  /** The rest of the walk, or all of it. Throws `UpstreamError`. */
  async finish(): Promise<number> {
    let count = await this.step();
    while (this.#from !== null) count += await this.step();
    return count;
  }
}
