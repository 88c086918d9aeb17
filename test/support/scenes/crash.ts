import type { Test } from "tap";

/** The process is gone: nothing after this moment happens. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Calls of the ports that answer bit by bit. */
const WALKS: readonly (string | symbol)[] = ["live", "tagged", "taggedSnapshots", "threads"];

/** Where a run ends: at its n-th call, before the call has its effect or after. */
export interface CrashPoint {
  readonly call: number;
  readonly when: "before" | "after";
}

/** Work that perhaps dies. */
export async function untilCrash(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Crash)) throw error;
  });
}

/** Which points are tried: all of them for `npm run chaos`, else one of `stride`, other ones in each run. */
export function choosePoints(t: Pick<Test, "comment">, stride: number): (_: unknown, index: number) => boolean {
  const step = process.env["CHAOS_CRASH"] === "all" ? 1 : stride;
  const first = Number(process.env["CRASH_SEED"] ?? Date.now()) % step;
  t.comment(`points ${first}, ${first + step}, … of all: CRASH_SEED=${first}`);
  return (_, index) => index % step === first;
}

/**
 * Counts the calls that go through the ports it wraps, and ends the run at one of them. From then on every call fails, as
 * nothing runs in a dead process. `at` may do something else at the point instead: what another process does meanwhile.
 */
export class CallCounter {
  readonly names: string[] = [];
  #point: CrashPoint | null;
  #isDead = false;
  readonly #meanwhile: (() => Promise<unknown>) | null;

  constructor(point: CrashPoint | null, meanwhile: (() => Promise<unknown>) | null = null) {
    this.#point = point;
    this.#meanwhile = meanwhile;
  }

  wrap<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const call = (args: unknown[]): unknown => Reflect.apply(value, target, args);
        if (WALKS.includes(name)) return (...args: unknown[]) => this.#walk(String(name), () => call(args));
        return async (...args: unknown[]): Promise<unknown> => {
          const isHere = await this.#begin(String(name));
          const result = await call(args);
          if (isHere) await this.#happen();
          return result;
        };
      },
    });
  }

  /** A call begins; whether it ends at the point. */
  async #begin(name: string): Promise<boolean> {
    if (this.#isDead) throw new Crash("dead");
    this.names.push(name);
    if (this.#point?.call !== this.names.length) return false;
    if (this.#point.when === "after") return true;
    await this.#happen();
    return false;
  }

  async *#walk(name: string, call: () => unknown): AsyncGenerator {
    const isHere = await this.#begin(name);
    yield* call() as AsyncIterable<unknown>;
    if (isHere) await this.#happen();
  }

  async #happen(): Promise<void> {
    this.#point = null;
    if (this.#meanwhile !== null) {
      await this.#meanwhile();
      return;
    }
    this.#isDead = true;
    throw new Crash("killed");
  }
}
