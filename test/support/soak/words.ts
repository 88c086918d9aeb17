import { parseArgs } from "node:util";
import { understood, WordsError } from "../run/words.ts";
import { REGIONS } from "./calendar.ts";
import type { Size } from "./year.ts";

const text = { type: "string" } as const;
const OPTIONS = { days: text, regions: text, copies: text, images: text, passes: text, seed: text } as const;
type Name = keyof typeof OPTIONS;

const MOST_DAYS = 3650;
const MOST_SEED = 2 ** 32 - 1;

/** The size of a soak: `--days N --regions N --copies N --images N --passes N --seed N`. Throws `WordsError`. */
export function readWords(args: readonly string[]): Size {
  const { values } = understood(() => parseArgs({ args: [...args], options: OPTIONS }), Object.keys(OPTIONS));
  const count = (name: Name, otherwise: number, most: number, least = 1): number => {
    const value = values[name] ?? String(otherwise);
    const number = /^\d{1,10}$/.test(value) ? Number(value) : -1;
    if (number < least || number > most) throw new WordsError(`--${name}=${value}: a number, ${least} to ${most}`);
    return number;
  };
  const regions = count("regions", REGIONS.length, REGIONS.length);
  return {
    days: count("days", 365, MOST_DAYS),
    regions,
    copies: count("copies", 1, regions),
    images: count("images", 4, 4),
    passesADay: count("passes", 2, 24),
    seed: count("seed", Date.now() % 1_000_000, MOST_SEED, 0),
  };
}
