import type { Armed, Repeated } from "../../armed.ts";

/** What goes wrong with a call. */
type Trouble =
  /** Answers this refusal, with the status that its code has, unless another is given. */
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
export type Fault = Trouble &
  Repeated & {
    readonly action?: string;
    readonly region?: string;
    /** An id that stands in one of the call's parameters. */
    readonly resource?: string;
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

export type Faults = Armed<Fault>;

/** The trouble that a call meets, which is used up by it; null when none does. */
export function takeFault(faults: Faults, target: Target): Fault | null {
  return faults.take((fault) => matches(fault, target));
}

function matches(fault: Fault, target: Target): boolean {
  return (
    (fault.action === undefined || fault.action === target.action) &&
    (fault.region === undefined || fault.region === target.region) &&
    (fault.resource === undefined || target.resources.includes(fault.resource))
  );
}
