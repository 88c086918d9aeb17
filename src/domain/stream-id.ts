import type { Instant } from "./time.ts";

/** Orders ids of stream entries, `milliseconds-number`, as Redis does. */
export function compareIds(a: string, b: string): number {
  const [aMs, aNumber] = partsOf(a);
  const [bMs, bNumber] = partsOf(b);
  return aMs - bMs || aNumber - bNumber;
}

/** The last id that an entry written before `at` can have. */
export function idBefore(at: Instant): string {
  // A number is of 64 bits (Redis' XADD).
  return at <= 0 ? "0-0" : `${Math.ceil(at) - 1}-18446744073709551615`;
}

function partsOf(id: string): readonly [number, number] {
  const [ms, number] = id.split("-");
  return [Number(ms), Number(number ?? 0)];
}
