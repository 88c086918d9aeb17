import { UpstreamError } from "../errors.ts";
import type { Hearing, HearingLease } from "../ports/index.ts";

interface Held {
  readonly lease: Promise<HearingLease | null>;
  users: number;
}

/** The right to read the archive, shared by what one process reads at the same time. */
export class Turn {
  readonly #hearing: Pick<Hearing, "lease">;
  #held: Held | null = null;

  constructor(hearing: Pick<Hearing, "lease">) {
    this.#hearing = hearing;
  }

  /**
   * Does work that only one process does at a time; resolves to whether it was done to its end: another process may have the
   * lease, or got it meanwhile. Throws what the work throws, and `UpstreamError`.
   */
  async take(work: (lease: HearingLease) => Promise<void>): Promise<boolean> {
    const held = (this.#held ??= { lease: this.#hearing.lease(), users: 0 });
    held.users += 1;
    try {
      const lease = await held.lease;
      if (lease === null) return false;
      await work(lease);
      return true;
    } catch (error) {
      const isLost = error instanceof UpstreamError && error.code === "lease-lost";
      if (!isLost) throw error;
      // What still reads under it must keep nobody from taking a new one.
      this.#release(held);
      return false;
    } finally {
      held.users -= 1;
      if (held.users === 0) {
        this.#release(held);
        await (await held.lease)?.end();
      }
    }
  }

  #release(held: Held): void {
    if (this.#held === held) this.#held = null;
  }
}
