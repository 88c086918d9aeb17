import type { Counts, Walked } from "../ports/index.ts";

/** Counts all images of these regions anew, beside a walk over all records that begins now. */
export class Counting {
  readonly #counts: Omit<Counts, "read">;
  readonly #epochs: ReadonlyMap<string, string>;

  private constructor(counts: Omit<Counts, "read">, epochs: ReadonlyMap<string, string>) {
    this.#counts = counts;
    this.#epochs = epochs;
  }

  /** Before the first stretch of the walk. Throws `UpstreamError`. */
  static async begin(regions: readonly string[], counts: Omit<Counts, "read">): Promise<Counting> {
    const epochs = await Promise.all(regions.map(async (region) => [region, await counts.begin(region)] as const));
    return new Counting(counts, new Map(epochs));
  }

  /** A stretch of the walk; the last one ends the counting. Throws `UpstreamError`. */
  async count({ records, next }: Pick<Walked, "records" | "next">): Promise<void> {
    for (const [region, amiIds] of records) if (this.#epochs.has(region)) await this.#counts.count(region, amiIds);
    if (next === null) for (const [region, epoch] of this.#epochs) await this.#counts.finish(region, epoch);
  }
}
