import { formatInstant, type Instant } from "../../domain/time.ts";
import { describeError, isForeign, type RefusedError, type UpstreamError } from "../../errors.ts";
import type { Clock, Log } from "../../ports/index.ts";

interface Outage {
  readonly since: Instant;
  /** Those that met it, and have not gone well since. */
  readonly passes: Set<string>;
  failures: number;
}

/**
 * Tells an outage once, however many passes meet it and however often, and its end once: when each pass that met it has gone well
 * again.
 */
export class Outages {
  readonly #clock: Pick<Clock, "now">;
  readonly #log: Log;
  readonly #outages = new Map<string, Outage>();

  constructor({ clock, log }: { readonly clock: Pick<Clock, "now">; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `pass`: its name, such as `reporter` or `ticker us-east-1`. */
  failed(pass: string, error: UpstreamError | RefusedError): void {
    const key = keyOf(pass, error);
    const known = this.#outages.get(key);
    const outage = known ?? { since: this.#clock.now(), passes: new Set(), failures: 0 };
    outage.passes.add(pass);
    outage.failures += 1;
    this.#outages.set(key, outage);
    const data = { pass, code: error.code, error: describeError(error), failures: outage.failures };
    if (known === undefined) this.#log.warn(data, "a pass failed, trying again");
    else this.#log.debug(data, "a pass failed again");
  }

  wentWell(pass: string): void {
    for (const [key, { since, passes, failures }] of this.#outages) {
      if (!passes.delete(pass) || passes.size > 0) continue;
      this.#outages.delete(key);
      this.#log.info({ pass, what: key, since: formatInstant(since), failures }, "what failed goes well again");
    }
  }
}

/** What fails for all alike is one outage; EC2 fails a region at a time, and what we give up is one pass' own. */
function keyOf(pass: string, error: UpstreamError | RefusedError): string {
  const { service, code } = error;
  // A person mends each by itself.
  if (isForeign(error)) return `${service} ${code} ${describeError(error)}`;
  return service === "ec2" || service === "clean-amis" ? `${pass} ${service} ${code}` : `${service} ${code}`;
}
