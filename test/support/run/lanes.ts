import { availableParallelism } from "node:os";

/** What takes long begins first, the longest first, so that no lane works alone at the end. */
export const LONG: readonly string[] = [
  "test/service/trouble/poorer.test.ts",
  "test/service/chaos/faults.test.ts",
  "test/service/trouble/promoted.test.ts",
  "test/service/trouble/redis-lost.test.ts",
  "test/cli/bad-input.test.ts",
  "test/doctor/doctor.test.ts",
  "test/adapters/redis/forms/refusals.test.ts",
  "test/hear/backfill.test.ts",
  "test/demo/sabotage.test.ts",
  "test/service/trouble/stop.test.ts",
  "test/adapters/amqp/weather.test.ts",
  "test/adapters/redis/least-user.test.ts",
  "test/operate/comments-flood.test.ts",
  "test/service/cases.test.ts",
  "test/docs/runbook.test.ts",
  "test/demo/demo.test.ts",
  "test/service/chaos/soak.test.ts",
  "test/service/chaos/model.test.ts",
  "test/service/chaos/sweep.test.ts",
  "test/setup/package.test.ts",
  "test/monitoring/browser.test.ts",
  "test/service/chaos/comments-crash.test.ts",
  "test/cli/run/tick.test.ts",
  "test/act/pace.test.ts",
  "test/service/told-on-the-bus.test.ts",
  "test/service/trouble/jumps.test.ts",
  "test/cli/lazy.test.ts",
  "test/adapters/redis/forms/kept.test.ts",
  "test/adapters/redis/forms/failover.test.ts",
  "test/service/chaos/report-crash.test.ts",
  "test/adapters/redis/forms/pause.test.ts",
  "test/cli/stopped.test.ts",
  "test/cli/inspect/events.test.ts",
  "test/setup/counts.test.ts",
  "test/setup/servers.test.ts",
  "test/cli/cli.test.ts",
];

/** What must have the machine to itself, and why. */
export const ALONE: ReadonlyMap<string, string> = new Map([
  ["test/cli/run/doctor.test.ts", "the doctor warns of a Redis that answers slowly, as one on a busy machine does"],
]);

/** Three lanes more than there are processors: most files wait half of their time. */
export function lanesHere(): number {
  return availableParallelism() + 3;
}

/** The order in which test files start; `sourceOf` gives the name that the tables know. */
export function inOrder(
  files: readonly string[],
  sourceOf: (file: string) => string,
): { readonly together: readonly string[]; readonly alone: readonly string[] } {
  const place = (file: string): number => {
    const index = LONG.indexOf(sourceOf(file));
    return index < 0 ? LONG.length : index;
  };
  const isAlone = (file: string): boolean => ALONE.has(sourceOf(file));
  const together = files.filter((file) => !isAlone(file)).toSorted((one, other) => place(one) - place(other));
  return { together, alone: files.filter(isAlone) };
}

/**
 * Runs `work` over all, as many at once as there are lanes; each lane takes the next when it is free. Stops taking when
 * `isStopped`.
 */
export async function inLanes<T>(
  all: readonly T[],
  lanes: number,
  work: (one: T) => Promise<void>,
  isStopped: () => boolean,
): Promise<void> {
  const rest = all.values();
  const lane = async (): Promise<void> => {
    for (const one of rest) {
      if (isStopped()) return;
      await work(one);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
