/** What goes wrong with a call. */
type Trouble =
  /** Answers this refusal. */
  | { readonly kind: "error"; readonly code: string; readonly status?: number; readonly message?: string }
  /** Answers `RequestLimitExceeded` with HTTP 503. */
  | { readonly kind: "throttle" }
  /** Answers as usual, `ms` real milliseconds later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Asks `until` when the call arrives, and answers as usual once that has resolved: a test decides when. */
  | { readonly kind: "hold"; readonly until: () => Promise<unknown> }
  /** Gives no answer: the connection stays open until the client gives up, or is cut. */
  | { readonly kind: "withhold"; readonly connection: "keep" | "cut" }
  /** Answers with the head and half of the body, and nothing more: the connection stays open until the client gives up. */
  | { readonly kind: "stall" }
  /** Answers with a proxy's web page, by default with 200, or with 200 and XML that ends in the middle. */
  | { readonly kind: "garbage"; readonly body: "html"; readonly status?: number }
  | { readonly kind: "garbage"; readonly body: "truncated" };

/** Which calls meet the trouble; what is left out matches all. */
export type Fault = Trouble & {
  readonly action?: string;
  readonly region?: string;
  /** An id that stands in one of the call's parameters. */
  readonly resource?: string;
  /** How many matching calls pass unharmed before. Default 0. */
  readonly skip?: number;
  /** How many calls it hits. Default 1; `Infinity` until it is lifted. */
  readonly times?: number;
  /**
   * `before` (default): the call does nothing; a delayed one is late in what it does. `after`: the call has taken effect
   * when the trouble comes.
   */
  readonly when?: "before" | "after";
};

/** What a fault is matched against. */
interface Target {
  readonly action: string;
  readonly region: string;
  readonly resources: readonly string[];
}

/** The faults in force, in the order they were added; the first that matches a call is the one it meets. */
export class Faults {
  #armed: { readonly fault: Fault; skip: number; left: number }[] = [];

  /** The returned function lifts the fault again. */
  add(fault: Fault): () => void {
    const armed = { fault, skip: fault.skip ?? 0, left: fault.times ?? 1 };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((other) => other !== armed);
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The trouble this call meets, which is used up by it. */
  take(target: Target): Fault | null {
    for (const armed of this.#armed) {
      if (armed.left === 0 || !matches(armed.fault, target)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      return armed.fault;
    }
    return null;
  }
}

function matches(fault: Fault, target: Target): boolean {
  return (
    (fault.action === undefined || fault.action === target.action) &&
    (fault.region === undefined || fault.region === target.region) &&
    (fault.resource === undefined || target.resources.includes(fault.resource))
  );
}
