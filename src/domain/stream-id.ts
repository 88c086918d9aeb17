/** Orders ids of stream entries, `milliseconds-number`, as Redis does. */
export function compareIds(a: string, b: string): number {
  const [aMs, aNumber] = partsOf(a);
  const [bMs, bNumber] = partsOf(b);
  return aMs - bMs || aNumber - bNumber;
}

function partsOf(id: string): readonly [number, number] {
  const [ms, number] = id.split("-");
  return [Number(ms), Number(number ?? 0)];
}
