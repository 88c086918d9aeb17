import {
  describeTrouble,
  EVERY_REGION,
  FAILURES_THAT_OPEN,
  openedBreaker,
  breakerStateOf,
  type Breaker,
  type BreakerState,
  type Trouble,
} from "../domain/limits/breaker.ts";
import { troubleOf } from "./trouble.ts";
import type { Image } from "../domain/image/image.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import { formatInstant } from "../domain/time.ts";
import { describeError, UpstreamError, type RefusedError } from "../errors.ts";
import type { Breakers, Clock, Images, Log, Random } from "../ports/index.ts";

/** Of a region alone: whatever its failure is called, no image is to blame. */
const OF_REGION: ReadonlySet<string> = new Set(["isWayBackOpen"]);
/** Methods that speak of no region. */
const OF_NO_REGION: ReadonlySet<string | symbol> = new Set(["account", "regions", "close"]);

/**
 * One breaker a region: it opens when calls to the region fail again and again, for several images if they are about images, and
 * closes when a probe was answered.
 */
export class RegionBreakers {
  readonly #breakers: Breakers;
  readonly #clock: Pick<Clock, "now">;
  readonly #log: Log;
  readonly #account: string;
  readonly #random: Random;
  /** Failures without a success between them, by region and method: each of the region, or of one image, which counts once. */
  readonly #failures = new Map<string, Map<string, (string | null)[]>>();
  /** The image that is worked on in a region. */
  readonly #worked = new Map<string, string>();
  /** Regions that were answered for a part of a batch, and are asked for the rest. */
  readonly #apart = new Set<string>();
  readonly #open = new Map<string, Breaker>();
  readonly #probed = new Map<string, Breaker>();
  /** The queue that the last probe of a region, which failed, came from. */
  readonly #lastProbe = new Map<string, Queue>();

  constructor({
    breakers,
    clock,
    log,
    account,
    random,
  }: {
    readonly breakers: Breakers;
    readonly clock: Pick<Clock, "now">;
    readonly log: Log;
    /** The account that the credentials must belong to. */
    readonly account: string;
    readonly random: Random;
  }) {
    this.#breakers = breakers;
    this.#clock = clock;
    this.#log = log;
    this.#account = account;
    this.#random = random;
  }

  /**
   * The state of a region's breaker, by what all replicas know. Asked before anything is claimed there: nothing while it is open,
   * one image while it is half-open. Throws `UpstreamError`.
   */
  async enter(region: string): Promise<BreakerState> {
    const states: BreakerState[] = [];
    for (const place of [EVERY_REGION, region]) {
      const breaker = await this.#breakers.get(place);
      const state = breakerStateOf(breaker, this.#clock.now());
      this.#open.delete(place);
      this.#probed.delete(place);
      if (breaker !== null) (state === "open" ? this.#open : this.#probed).set(place, breaker);
      states.push(state);
    }
    return (["open", "half-open"] as const).find((state) => states.includes(state)) ?? "closed";
  }

  /** The queues in the order in which they are worked: a probe of another queue follows one that failed. */
  inTurn(region: string, queues: readonly Queue[]): readonly Queue[] {
    const last = this.#lastProbe.get(region);
    const start = last === undefined ? 0 : queues.indexOf(last) + 1;
    return [...queues.slice(start), ...queues.slice(0, start)];
  }

  /** Notes from which queue a region that was half-open was probed, if that failed. */
  noteProbe(region: string, queue: Queue): void {
    if (this.#probed.has(region) && this.isOpen(region)) this.#lastProbe.set(region, queue);
    else this.#lastProbe.delete(region);
  }

  /** Calls made meanwhile speak of this image: what fails for it again and again says nothing of its region. */
  async working<T>({ region, amiId }: Pick<Image, "region" | "amiId">, work: () => Promise<T>): Promise<T> {
    this.#worked.set(region, amiId);
    try {
      return await work();
    } finally {
      this.#worked.delete(region);
    }
  }

  /** Calls made meanwhile find out for which images a question fails that others were answered: they say nothing of the region. */
  async apart<T>(region: string, work: () => Promise<T>): Promise<T> {
    this.#apart.add(region);
    try {
      return await work();
    } finally {
      this.#apart.delete(region);
    }
  }

  /** Whether the region was half-open when it was entered: one image is worked on to learn how it is. */
  isProbed(region: string): boolean {
    return this.#probed.has(region) || this.#probed.has(EVERY_REGION);
  }

  /** Whether it opened, or was open, since it was entered; or that of every region. */
  isOpen(region: string): boolean {
    return this.#openAt(region) !== undefined;
  }

  /** Closes the breakers that stood before a region that was probed and has answered. Throws `UpstreamError`. */
  async close(region: string): Promise<void> {
    if (this.isOpen(region)) return;
    for (const place of [EVERY_REGION, region]) {
      const breaker = this.#probed.get(place);
      if (breaker === undefined) continue;
      await this.#breakers.remove(place);
      this.#probed.delete(place);
      this.#log.warn(
        { region: place, since: formatInstant(breaker.since) },
        `${nameOf(place)} answers again: it goes on there`,
      );
    }
  }

  /**
   * Leaves a region alone after what no image there is to blame for; every region after what concerns the account. Throws
   * `UpstreamError`.
   */
  async leaveAlone(place: string, error: UpstreamError | RefusedError, images: Pick<Images, "account" | "regions">) {
    if (place === EVERY_REGION) await this.#openUp(place, "account", error);
    else await this.#judge(place, error, images);
  }

  /** The same port, whose failures are counted by region. Calls to a region that is open fail at once, with nothing sent. */
  watch(images: Images): Images {
    return new Proxy(images, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function" || OF_NO_REGION.has(name)) return method;
        return (region: string, ...args: unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(method, target, [region, ...args]);
          // Long lists are read by a person's command, page by page; a failure ends it.
          if (name === "tagged" || name === "taggedSnapshots") return call();
          return this.#watched(region, String(name), call, target);
        };
      },
    });
  }

  async #watched(region: string, method: string, call: () => unknown, images: Images): Promise<unknown> {
    const open = this.#openAt(region);
    if (open !== undefined)
      throw new UpstreamError("ec2", "breaker-open", `${region}: ${describeTrouble(open)}`, { scope: "region" });
    try {
      const answer = await call();
      this.#failures.get(region)?.delete(method);
      return answer;
    } catch (error) {
      await this.#count(region, method, error, images);
      throw error;
    }
  }

  #openAt(region: string): Breaker | undefined {
    return this.#open.get(EVERY_REGION) ?? this.#open.get(region);
  }

  async #count(region: string, method: string, error: unknown, images: Images): Promise<void> {
    if (!(error instanceof UpstreamError) || error.service !== "ec2") return;
    if (error.scope === "image" && !OF_REGION.has(method)) return;
    if (error.scope === "call" && this.#apart.has(region)) return;
    const ofRegion = this.#failures.get(region) ?? new Map<string, (string | null)[]>();
    this.#failures.set(region, ofRegion);
    const amiId = this.#worked.get(region) ?? null;
    const before = (ofRegion.get(method) ?? []).filter((each) => amiId === null || each !== amiId);
    const failures = [...before, amiId];
    ofRegion.set(method, failures);
    const isSure = !["call", "image"].includes(error.scope) || this.#probed.has(region);
    if (failures.length >= FAILURES_THAT_OPEN || isSure) await this.#judge(region, error, images);
  }

  /** Opens the breaker where the trouble is. */
  async #judge(region: string, error: UpstreamError | RefusedError, images: Pick<Images, "account" | "regions">) {
    const { place, trouble, found } = await troubleOf(region, error, images, this.#account);
    await this.#openUp(place, trouble, found);
  }

  async #openUp(place: string, trouble: Trouble, error: UpstreamError | RefusedError): Promise<void> {
    // Of calls that were under way together, the first one decides.
    if (this.#open.has(place)) return;
    const before = this.#probed.get(place) ?? null;
    const breaker = openedBreaker(before, { trouble, code: error.code }, this.#clock.now(), this.#random());
    this.#open.set(place, breaker);
    this.#failures.delete(place);
    const data = { region: place, error: describeError(error), askAgainAt: formatInstant(breaker.askAgainAt) };
    if (before === null)
      this.#log.warn({ ...data, why: describeTrouble(breaker) }, `nothing more is done in ${nameOf(place)} for now`);
    else this.#log.debug(data, "still in trouble");
    await this.#breakers.set(place, breaker);
  }
}

function nameOf(place: string): string {
  return place === EVERY_REGION ? "every region" : "the region";
}
