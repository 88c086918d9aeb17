import {
  describeTrouble,
  FAILURES_THAT_OPEN,
  openedBreaker,
  breakerStateOf,
  type Breaker,
  type BreakerState,
  type Trouble,
} from "../domain/limits/breaker.ts";
import type { Image } from "../domain/image/image.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import { formatInstant } from "../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import type { Breakers, Clock, Images, Log, Random } from "../ports/index.ts";

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
   * The state of a region's breaker, by what all replicas know. Asked before anything is claimed there: nothing while it is open, one image
   * while it is half-open. Throws `UpstreamError`.
   */
  async enter(region: string): Promise<BreakerState> {
    const breaker = await this.#breakers.get(region);
    const state = breakerStateOf(breaker, this.#clock.now());
    this.#open.delete(region);
    this.#probed.delete(region);
    if (breaker !== null) (state === "open" ? this.#open : this.#probed).set(region, breaker);
    return state;
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

  /** Whether the region was half-open when it was entered: one image is worked on to learn how it is. */
  isProbed(region: string): boolean {
    return this.#probed.has(region);
  }

  /** Whether it opened, or was open, since it was entered. */
  isOpen(region: string): boolean {
    return this.#open.has(region);
  }

  /** Closes the breaker of a region that was probed and has answered. Throws `UpstreamError`. */
  async close(region: string): Promise<void> {
    const breaker = this.#probed.get(region);
    if (breaker === undefined || this.isOpen(region)) return;
    await this.#breakers.remove(region);
    this.#probed.delete(region);
    this.#log.warn({ region, since: formatInstant(breaker.since) }, "the region answers again: it goes on there");
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
    const open = this.#open.get(region);
    if (open !== undefined) throw new UpstreamError("ec2", "breaker-open", `${region}: ${describeTrouble(open)}`);
    try {
      const answer = await call();
      this.#failures.get(region)?.delete(method);
      return answer;
    } catch (error) {
      await this.#count(region, method, error, images);
      throw error;
    }
  }

  async #count(region: string, method: string, error: unknown, images: Images): Promise<void> {
    if (!isOfRegion(error)) return;
    const ofRegion = this.#failures.get(region) ?? new Map<string, (string | null)[]>();
    this.#failures.set(region, ofRegion);
    const amiId = this.#worked.get(region) ?? null;
    const before = (ofRegion.get(method) ?? []).filter((each) => amiId === null || each !== amiId);
    const failures = [...before, amiId];
    ofRegion.set(method, failures);
    const isSure = error instanceof RefusedError || this.#probed.has(region);
    if (failures.length >= FAILURES_THAT_OPEN || isSure) await this.#openUp(region, error, images);
  }

  async #openUp(region: string, error: UpstreamError | RefusedError, images: Images): Promise<void> {
    const trouble = await this.#troubleOf(error, images);
    // Of calls that were under way together, the first one decides.
    if (this.#open.has(region)) return;
    const before = this.#probed.get(region) ?? null;
    const breaker = openedBreaker(before, { trouble, code: error.code }, this.#clock.now(), this.#random());
    this.#open.set(region, breaker);
    this.#failures.delete(region);
    const data = { region, error: describeError(error), askAgainAt: formatInstant(breaker.askAgainAt) };
    if (before === null)
      this.#log.warn({ ...data, why: describeTrouble(breaker) }, "nothing more is done in the region for now");
    else this.#log.debug(data, "the region is still in trouble");
    await this.#breakers.set(region, breaker);
  }

  /** Credentials that nobody accepts, and a network without names, shut no region: then STS does not answer for our account either. */
  async #troubleOf({ code }: UpstreamError | RefusedError, images: Images): Promise<Trouble> {
    if (!SHUT.includes(code)) return "failing";
    if (code === "OptInRequired") return "shut";
    try {
      return (await images.account(true)) === this.#account ? "shut" : "failing";
    } catch (error) {
      if (error instanceof UpstreamError || error instanceof RefusedError) return "failing";
      throw error;
    }
  }
}

/** "Error codes for the Amazon EC2 API": a region that is not enabled has either; one that does not exist has no host name. */
const SHUT = ["OptInRequired", "AuthFailure", "ENOTFOUND"];

/** Whether a failure says something about its region, and not only about one image. */
function isOfRegion(error: unknown): error is UpstreamError | RefusedError {
  if (error instanceof UpstreamError) return error.service === "ec2";
  if (!(error instanceof RefusedError)) return false;
  // The same code says "Not authorized for image": that is the image's affair.
  return error.code === "OptInRequired" || (error.code === "AuthFailure" && /credentials/.test(error.message));
}
