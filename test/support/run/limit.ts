import type { Test } from "tap";

const SHORT_MS = 600_000;
const HOUR_MS = 3_600_000;

/** A file that hangs is told after ten minutes; its long form, which `npm run chaos` asks for with `word`, has its hours. */
export function limitFor(t: Pick<Test, "setTimeout">, word: string, hours = 1): void {
  t.setTimeout(process.env[word] === undefined ? SHORT_MS : hours * HOUR_MS);
}
