import type { Test } from "tap";
import type { ForgeName } from "../../../src/demo/service-config.ts";

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

/** Each place at which a run that makes these calls can die. */
export function pointsOf(calls: readonly unknown[]): readonly CrashPoint[] {
  return calls.flatMap((_, index) =>
    (["before", "after"] as const).map((when): CrashPoint => ({ call: index + 1, when })),
  );
}

/** A run that may die anywhere, and what follows. */
interface Story<Scene> {
  open(): Promise<Scene>;
  /** The run; its calls go through ports that the counter wraps. */
  run(scene: Scene, counter: CallCounter): Promise<void>;
  /** What the next processes do. */
  carryOn(scene: Scene): Promise<void>;
  /** What is wrong in the end; empty when nothing is. */
  wrongs(scene: Scene): Promise<readonly string[]>;
}

/**
 * Tells the story once to its end, and then once for each chosen point, where it dies: nothing may be wrong after any of them.
 * Resolves to the calls of the first one, and how many points there were.
 */
export async function killEverywhere<Scene>(
  t: Pick<Test, "same">,
  story: Story<Scene>,
  isChosen: (point: CrashPoint, index: number) => boolean,
): Promise<{ readonly calls: readonly string[]; readonly kills: number }> {
  const dry = await story.open();
  const counted = new CallCounter(null);
  await story.run(dry, counted);
  t.same(await story.wrongs(dry), []);
  const points = pointsOf(counted.names).filter(isChosen);
  for (const point of points) {
    const scene = await story.open();
    await story.run(scene, new CallCounter(point));
    await story.carryOn(scene);
    const name = counted.names[point.call - 1] ?? "";
    t.same(await story.wrongs(scene), [], `killed ${point.when} call ${point.call} (${name})`);
  }
  return { calls: counted.names, kills: points.length };
}

/** Does the same for each forge, with the points that are tried of it. */
export function forEachForge(
  t: Pick<Test, "comment">,
  strides: Readonly<Record<ForgeName, number>>,
  tell: (forge: ForgeName, isChosen: ReturnType<typeof choosePoints>) => void,
): void {
  for (const forge of ["pagure", "forgejo"] as const) tell(forge, choosePoints(t, strides[forge]));
}
