import { FORGE_NAMES, type ForgeName } from "../../../src/demo/service-config.ts";
import { Dice } from "../random/mutate.ts";
import { ACTS, KILLS, type Moment, type Point } from "./point.ts";
import { pointsOf, type Recordings } from "./sweep.ts";

const FORGES = Object.keys(FORGE_NAMES) as ForgeName[];

export const MOMENTS = [...KILLS, "overtaken", "released", "released-killed"] as const;

/**
 * Which points to live through. CHAOS_SWEEP=kills: the three moments at which a process is killed, at every change; all: those
 * at which it is stopped as well; neither: one point of each kind, by SWEEP_SEED. CHAOS_SWEEP_ACT, _MOMENT and _CALL
 * (`12` or `30-45`) choose of these. CHAOS_SWEEP_FORGE: where the reports go; Pagure where more than one point of a kind is
 * lived through, else the seed's choice.
 */
export interface Choice {
  readonly isWhole: boolean;
  readonly seed: number;
  readonly forge: ForgeName;
  readonly of: (recordings: Recordings) => Point[];
}

/** Throws for a word that chooses nothing. */
export function choiceFrom(env: Readonly<Record<string, string | undefined>>): Choice {
  const sweep = wordOf(env, "CHAOS_SWEEP", ["kills", "all"]);
  const act = wordOf(env, "CHAOS_SWEEP_ACT", ACTS);
  const moment = wordOf(env, "CHAOS_SWEEP_MOMENT", MOMENTS);
  const forge = wordOf(env, "CHAOS_SWEEP_FORGE", FORGES);
  const [first, last] = callsFrom(env["CHAOS_SWEEP_CALL"] ?? "");
  const seed = Number(env["SWEEP_SEED"] ?? Date.now() % 1_000_000);
  const isWhole = [sweep, act, moment].some((each) => each !== undefined) || first > 1;
  const moments: readonly Moment[] = sweep === "kills" ? KILLS : MOMENTS;
  return {
    isWhole,
    seed,
    forge: forge ?? (isWhole ? "pagure" : new Dice(seed).pick(FORGES)),
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

function wordOf<Word extends string>(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  known: readonly Word[],
): Word | undefined {
  const value = env[name] ?? "";
  const word = known.find((each) => each === value);
  if (word === undefined && value !== "") throw new Error(`${name}=${value}: one of ${known.join(", ")}`);
  return word;
}

function callsFrom(text: string): readonly [number, number] {
  const { first, last } = /^(?<first>\d+)(?:-(?<last>\d+))?$/.exec(text)?.groups ?? {};
  if (first === undefined && text !== "") throw new Error(`CHAOS_SWEEP_CALL=${text}: a number, or two: 30-45`);
  return first === undefined ? [1, Infinity] : [Number(first), Number(last ?? first)];
}

/** The command that lives through this point again. */
export function replayOf({ act, moment, call }: Point, forge: ForgeName): string {
  return `CHAOS_SWEEP_FORGE=${forge} CHAOS_SWEEP_ACT="${act}" CHAOS_SWEEP_MOMENT=${moment} CHAOS_SWEEP_CALL=${call} npm test test/service/chaos/sweep.test.ts`;
}
