import { planRegion } from "./survey.ts";
import { tickRegion, type TickParts } from "./tick.ts";
import { resolveRegion } from "../decide/resolve.ts";
import { describePlan } from "../domain/plan/plan.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";

/**
 * Passes over all regions at once, each at its own speed: a region whose EC2 is slow or dead is still under way when the next
 * pass begins, and delays nobody but itself.
 */
export class RegionPasses {
  readonly #parts: TickParts;
  readonly #underWay = new Map<string, Promise<void>>();
  /** What a service that may do nothing has printed of each image, so that it prints only what is new. */
  readonly #printed = new Map<string, string>();
  #bug: Error | null = null;

  constructor(parts: TickParts) {
    this.#parts = parts;
  }

  /** Starts a pass in every region that has none under way. Throws `UpstreamError` when Redis is away, or a bug. */
  async start(): Promise<void> {
    if (this.#bug !== null) throw this.#bug;
    for (const region of await this.#parts.schedule.regions()) {
      if (this.#underWay.has(region)) continue;
      const pass = this.#passOver(region).finally(() => this.#underWay.delete(region));
      this.#underWay.set(region, pass);
    }
  }

  /** Resolves when no pass is under way; throws the first bug that one ended with. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
    if (this.#bug !== null) throw this.#bug;
  }

  async #passOver(region: string): Promise<void> {
    const { log } = this.#parts;
    try {
      const resolved = await resolveRegion(region, this.#parts);
      if (this.#parts.act === "nothing") await this.#print(region);
      const counts = this.#parts.act === "nothing" ? {} : await tickRegion(region, this.#parts);
      if (resolved > 0 || Object.keys(counts).length > 0) log.info({ region, resolved, ...counts }, "region ticked");
    } catch (error) {
      if (error instanceof UpstreamError || error instanceof RefusedError)
        log.warn({ region, error: describeError(error) }, "region not ticked, trying again");
      else this.#bug ??= error instanceof Error ? error : new Error(describeError(error));
    }
  }

  async #print(region: string): Promise<void> {
    const standing = await this.#parts.breakers.enter(region);
    if (standing === "open") return;
    const plans = await (standing === "half-open"
      ? planRegion(region, this.#parts, 1)
      : planRegion(region, this.#parts));
    if (plans.length > 0) await this.#parts.breakers.close(region);
    for (const planned of plans) {
      const line = describePlan(planned);
      const key = `${region} ${planned.image.amiId}`;
      if (this.#printed.get(key) !== line) this.#parts.log.info({ plan: line }, "would do");
      this.#printed.set(key, line);
    }
  }
}
