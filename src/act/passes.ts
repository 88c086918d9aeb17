import { queuesOf } from "./queues.ts";
import { rememberAnswers } from "./remembered.ts";
import { planRegion } from "./survey.ts";
import { tickRegion, type Ticker } from "./tick.ts";
import { resolveRegion, type Resolver } from "../decide/resolve.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import { describePlan } from "../domain/plan/describe.ts";
import type { Plan } from "../domain/plan/plan.ts";
import { describeError, orUnreadable, RefusedError, UpstreamError } from "../errors.ts";

/** Whoever resolves a region, and works on it. */
export type PassingTicker = Ticker & Resolver;

/** Runs the pass of a region, and tells what failed; throws what it throws, or `UpstreamError` when it was given up. */
type RunPass = (region: string, pass: () => Promise<void>) => Promise<void>;

/** Outcomes that took something from a claim's images, or gave it back. */
const ACTS: readonly Plan["do"][] = ["make-private", "delete", "restore"];
/** Timers may be early, and clocks apart: no pass follows another one at once. */
const LEAST_MS = 20;

/**
 * Passes over all regions at once, each at its own speed: a region whose EC2 is slow or dead is still under way when the next
 * pass begins, and delays nobody but itself.
 */
export class RegionPasses {
  readonly #ticker: PassingTicker;
  readonly #run: RunPass;
  readonly #underWay = new Map<string, Promise<void>>();
  /** What a service that may do nothing has printed of each image, so that it prints only what is new. */
  readonly #printed = new Map<string, ReadonlyMap<string, string>>();
  readonly #planner: PassingTicker;
  /** Regions whose last pass had its hands full. */
  readonly #busy = new Set<string>();
  #bug: Error | null = null;

  /** `run`: by which each region's pass is run, to keep it to its time. */
  constructor(ticker: PassingTicker, run: RunPass = (_, pass) => pass()) {
    this.#ticker = ticker;
    this.#run = run;
    // A plan that is made every minute asks again only for what changed.
    this.#planner = { ...ticker, images: rememberAnswers(ticker.images, ticker.clock) };
  }

  /**
   * Starts a pass in every region that has none under way, and one more behind each that had its hands full, until `stop`. Resolves
   * to how many regions there are, and in how many milliseconds something is due that is not yet, `Infinity` where nothing is. Throws
   * `UpstreamError` when Redis is away, or a bug.
   */
  async start(stop?: AbortSignal): Promise<{ readonly regions: number; readonly untilDueMs: number }> {
    if (this.#bug !== null) throw this.#bug;
    const { schedule, act } = this.#ticker;
    // Before the passes, which then see all that was due at this moment.
    const { at } = await schedule.now();
    const regions = await schedule.regions();
    for (const region of regions) {
      if (this.#underWay.has(region)) continue;
      const pass = this.#passOver(region, stop).finally(() => this.#underWay.delete(region));
      this.#underWay.set(region, pass);
    }
    const queues: readonly Queue[] = ["unresolved", ...queuesOf(act, null)];
    const next = await schedule.nextDue(regions, queues, at);
    return { regions: regions.length, untilDueMs: Math.max(LEAST_MS, next - at) };
  }

  /** Resolves when no pass is under way; throws the first bug that one ended with. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
    if (this.#bug !== null) throw this.#bug;
  }

  async #passOver(region: string, stop: AbortSignal | undefined): Promise<void> {
    const { log } = this.#ticker;
    try {
      do await this.#run(region, () => this.#tick(region));
      while (this.#busy.delete(region) && stop?.aborted !== true);
    } catch (error) {
      if (error instanceof UpstreamError || error instanceof RefusedError)
        log.debug({ region, error: describeError(error) }, "region not ticked, trying again");
      else this.#bug ??= error instanceof Error ? error : new Error(describeError(error));
    }
  }

  async #tick(region: string): Promise<void> {
    const { act, batch, log } = this.#ticker;
    const resolved = await orUnreadable(() => resolveRegion(region, this.#ticker), 0, { log });
    if (act === "nothing") await this.#print(region);
    const counts = await tickRegion(region, this.#ticker);
    // What is refused, or cannot be done now, is not pressed.
    const acted = ACTS.reduce((sum, act) => sum + (counts[act] ?? 0), 0);
    if (acted > batch() / 2) this.#busy.add(region);
    if (resolved > 0 || Object.keys(counts).length > 0) log.info({ region, resolved, ...counts }, "region ticked");
  }

  async #print(region: string): Promise<void> {
    const { breakers, log } = this.#ticker;
    const state = await breakers.enter(region);
    if (state === "open") return;
    const plans = await (state === "half-open"
      ? planRegion(region, this.#planner, 1)
      : planRegion(region, this.#planner));
    if (plans.length > 0) await breakers.close(region);
    const before = this.#printed.get(region) ?? new Map<string, string>();
    const lines = new Map(plans.map((planned) => [planned.image.amiId, describePlan(planned)]));
    for (const [amiId, line] of lines) if (before.get(amiId) !== line) log.info({ plan: line }, "would do");
    // What is no longer due is forgotten; of a region that is only probed the other plans stand.
    this.#printed.set(region, state === "half-open" ? new Map([...before, ...lines]) : lines);
  }
}
