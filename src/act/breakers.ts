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
import { wrongAccount } from "./safety.ts";
import { formatInstant } from "../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import type { Breakers, Clock, Images, Log, Random } from "../ports/index.ts";

/** Methods that speak of no region. */
const OF_NO_REGION: ReadonlySet<string | symbol> = new Set(["account", "regions", "close"]);

/** One breaker a region: it opens when calls to the region fail again and again, and closes when a probe was answered. */
export class RegionBreakers {
  readonly #breakers: Breakers;
  readonly #clock: Pick<Clock, "now">;
  readonly #log: Log;
  readonly #account: string;
  readonly #random: Random;
  /** Failures without a success between them, by region and method. */
  readonly #failures = new Map<string, Map<string, number>>();
  readonly #open = new Map<string, Breaker>();
  readonly #probed = new Map<string, Breaker>();

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
    if (!(error instanceof UpstreamError) || error.service !== "ec2" || error.scope === "image") return;
    const counts = this.#failures.get(region) ?? new Map<string, number>();
    this.#failures.set(region, counts);
    const failures = (counts.get(method) ?? 0) + 1;
    counts.set(method, failures);
    const isSure = error.scope !== "call" || this.#probed.has(region);
    if (failures >= FAILURES_THAT_OPEN || isSure) await this.#judge(region, error, images);
  }

  /** Opens the breaker where the trouble is. */
  async #judge(region: string, error: UpstreamError | RefusedError, images: Pick<Images, "account" | "regions">) {
    const { place, trouble, found } = await this.#troubleOf(region, error, images);
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

  /**
   * Credentials that a region does not take, and a host without a name, may be the account's affair, the region's, or a hiccup:
   * STS tells whose they are, and the account's own list of regions whether there is such a one.
   */
  async #troubleOf(
    region: string,
    error: UpstreamError | RefusedError,
    images: Pick<Images, "account" | "regions">,
  ): Promise<Found> {
    const scope = error instanceof UpstreamError ? error.scope : "region";
    if (scope === "account") return { place: EVERY_REGION, trouble: "account", found: error };
    const failing: Found = { place: region, trouble: "failing", found: error };
    if (scope !== "credentials" && !MAYBE_SHUT.includes(error.code)) return failing;
    const whose = await answerOf(() => images.account(true));
    if (typeof whose !== "string")
      return isOfAccount(whose) ? { place: EVERY_REGION, trouble: "account", found: whose } : failing;
    if (whose !== this.#account)
      return { place: EVERY_REGION, trouble: "account", found: wrongAccount(whose, this.#account) };
    if (!MAYBE_SHUT.includes(error.code)) return failing;
    const listed = await answerOf(() => images.regions());
    const isShut = Array.isArray(listed) ? !listed.includes(region) : error.code === "OptInRequired";
    return isShut ? { ...failing, trouble: "shut" } : failing;
  }
}

/** Where what is wrong, and the failure that says so. */
interface Found {
  readonly place: string;
  readonly trouble: Trouble;
  readonly found: UpstreamError | RefusedError;
}

/** "Error codes for the Amazon EC2 API": a region that is not enabled has either; one that does not exist has no host name. */
const MAYBE_SHUT = ["OptInRequired", "AuthFailure", "ENOTFOUND"];

/** Whether what STS says of the account is no mere trouble on the way to it. */
function isOfAccount(error: UpstreamError | RefusedError): boolean {
  return error instanceof RefusedError || error.scope === "account" || error.scope === "credentials";
}

async function answerOf<T>(ask: () => Promise<T>): Promise<T | UpstreamError | RefusedError> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UpstreamError || error instanceof RefusedError) return error;
    throw error;
  }
}

function nameOf(place: string): string {
  return place === EVERY_REGION ? "every region" : "the region";
}
