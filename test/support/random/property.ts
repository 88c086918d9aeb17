import fc from "fast-check";
import type { Test } from "tap";

const SEED = 20260122;

/** One assertion for a property of all values: the shortest counterexample and the seed are in the failure's text. */
export function holds<T>(test: Test, property: fc.IProperty<T>, parameters: fc.Parameters<T> = {}): void {
  test.doesNotThrow(
    () => {
      fc.assert(property, { seed: SEED, ...parameters });
    },
    `${parameters.numRuns ?? 100} cases`,
  );
}

/** `fc.record` of plain objects only, as our own code makes them. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}
