/** How often a fault comes. */
export interface Repeated {
  /** How many matching calls pass unharmed before. Default 0. */
  readonly skip?: number;
  /** How many calls it hits. Default 1; `Infinity` until it is lifted. */
  readonly times?: number;
}

/** A double's faults in force, in the order they were added; the first that matches a call is the one it meets. */
export class Armed<F extends Repeated> {
  #armed: { readonly fault: F; skip: number; left: number }[] = [];

  /** The returned function lifts the fault again. */
  add(fault: F): () => void {
    const armed = { fault, skip: fault.skip ?? 0, left: fault.times ?? 1 };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((other) => other !== armed);
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault that the call meets, which is used up by it; null when none matches. */
  take(matches: (fault: F) => boolean): F | null {
    for (const armed of this.#armed) {
      if (armed.left === 0 || !matches(armed.fault)) continue;
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
