import { Dice } from "../run/mutate.ts";
import { ACTS, KILLS, type Moment, type Point } from "./point.ts";
import { pointsOf, type Recordings } from "./sweep.ts";

export const MOMENTS = [...KILLS, "overtaken", "released", "released-killed"] as const;

/**
 * Which points to live through. CHAOS_SWEEP=kills: the three moments at which a process is killed, at every change; all: those
 * at which it is stopped as well; neither: one point of each kind, by SWEEP_SEED. CHAOS_SWEEP_ACT, _MOMENT and _CALL
 * (`12` or `30-45`) choose of these.
 */
export interface Choice {
  readonly isWhole: boolean;
  readonly seed: number;
  readonly of: (recordings: Recordings) => Point[];
}

/** Throws for a word that chooses nothing. */
export function choiceFrom(env: Readonly<Record<string, string | undefined>>): Choice {
  const word = (name: string, known: readonly string[]): string | undefined => {
    const value = env[name];
    if (value === undefined || value === "" || known.includes(value)) return value === "" ? undefined : value;
    throw new Error(`${name}=${value}: one of ${known.join(", ")}`);
  };
  const sweep = word("CHAOS_SWEEP", ["kills", "all"]);
  const act = word("CHAOS_SWEEP_ACT", ACTS);
  const moment = word("CHAOS_SWEEP_MOMENT", MOMENTS);
  const [first, last] = callsFrom(env["CHAOS_SWEEP_CALL"] ?? "");
  const seed = Number(env["SWEEP_SEED"] ?? Date.now() % 1_000_000);
  const isWhole = [sweep, act, moment].some((each) => each !== undefined) || first > 1;
  const moments: readonly Moment[] = sweep === "kills" ? KILLS : MOMENTS;
  return {
    isWhole,
    seed,
    of: (recordings) => {
      const dice = new Dice(seed);
      const isChosen = (point: Point): boolean =>
        (act ?? point.act) === point.act &&
        (moment ?? point.moment) === point.moment &&
        point.call >= first &&
        point.call <= last;
      return ACTS.flatMap((each) =>
        moments.flatMap((when) => {
          const points = pointsOf(recordings, each, when).filter(isChosen);
          return isWhole || points.length === 0 ? points : [dice.pick(points)];
        }),
      );
    },
  };
}

function callsFrom(text: string): readonly [number, number] {
  const { first, last } = /^(?<first>\d+)(?:-(?<last>\d+))?$/.exec(text)?.groups ?? {};
  if (first === undefined && text !== "") throw new Error(`CHAOS_SWEEP_CALL=${text}: a number, or two: 30-45`);
  return first === undefined ? [1, Infinity] : [Number(first), Number(last ?? first)];
}

/** The command that lives through this point again. */
export function replayOf({ act, moment, call }: Point): string {
  return `CHAOS_SWEEP_ACT="${act}" CHAOS_SWEEP_MOMENT=${moment} CHAOS_SWEEP_CALL=${call} npm test test/service/chaos/sweep.test.ts`;
}
