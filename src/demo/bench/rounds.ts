/** Rounds of all sides, of which the first is not counted. */
const ROUNDS = 6;

/**
 * Measures all sides in turns, so that a machine that is slow for a while is slow for each: one warm-up, then five rounds, each
 * beginning with another side.
 */
export async function inTurns<Side extends string, T>(
  sides: Readonly<Record<Side, () => Promise<T>>>,
): Promise<readonly Readonly<Record<Side, T>>[]> {
  const names = Object.keys(sides) as Side[];
  const rounds: Record<Side, T>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % names.length;
    const measured: [Side, T][] = [];
    for (const name of [...names.slice(first), ...names.slice(0, first)]) measured.push([name, await sides[name]()]);
    rounds.push(Object.fromEntries(measured) as Record<Side, T>);
  }
  return rounds.slice(1);
}
