import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { WordsError } from "../run/words.ts";
import { Dice } from "../random/mutate.ts";
import type { Compiler } from "./compiler.ts";
import { mutantsOf, withMutant, type Mutant } from "./mutants.ts";

const LONGEST = 100;

/** A mutant in its built file. */
export interface Planted {
  /** By its path below the project. */
  readonly file: string;
  /** As it is built. */
  readonly code: string;
  readonly mutant: Mutant;
}

/** The built files of these sources, each one a file or a folder, whose names end so. Throws `WordsError`. */
export function filesIn(root: string, sources: readonly string[], end: string): readonly string[] {
  return sources.flatMap((source) => {
    const path = join("dist", source.replace(/\.ts$/, ".js"));
    if (!existsSync(join(root, path))) throw new WordsError(`there is no ${source}: a file or a folder of the project`);
    if (statSync(join(root, path)).isFile()) return [path];
    return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(end))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .toSorted();
  });
}

/** All mutants of the files, in an order that `seed` gives: the first ones are a fair sample. */
export function plant(root: string, files: readonly string[], seed: number): readonly Planted[] {
  const all = files.flatMap((file) => {
    const code = readFileSync(join(root, file), "utf8");
    return mutantsOf(code).map((mutant) => ({ file, code, mutant }));
  });
  const dice = new Dice(seed);
  return all
    .map((planted) => ({ planted, by: dice.roll(1_000_000_000) }))
    .toSorted((one, other) => one.by - other.by)
    .map(({ planted }) => planted);
}

/** One line for a person: where it stands in the source, and what becomes what. */
export function describe(planted: Planted, root: string): string {
  const { code, mutant } = planted;
  const { source, line } = placeOf(planted, root);
  const short = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, LONGEST);
  const start = code.lastIndexOf("\n", mutant.start) + 1;
  const around = short(code.slice(start, code.indexOf("\n", mutant.start)).trim());
  const [before, after] = [short(code.slice(mutant.start, mutant.end)), short(mutant.text) || "nothing"];
  return `${source}:${line}  ${before}  →  ${after}   in: ${around}`;
}

/** Whether the compiler would refuse the source with this change; false where build and source are written differently. */
export function isRefused(planted: Planted, root: string, compiler: Compiler): boolean {
  const { code, mutant } = planted;
  const { source, at } = placeOf(planted, root);
  const path = join(root, source);
  const text = readFileSync(path, "utf8");
  const length = mutant.end - mutant.start;
  if (text.slice(at, at + length) !== code.slice(mutant.start, mutant.end)) return false;
  return compiler.refuses(path, withMutant(text, { ...mutant, start: at, end: at + length }));
}

/** Where a mutant stands in the source: its line, counted from 1, and the offset of what it changes. */
function placeOf({ file, code, mutant }: Planted, root: string) {
  const source = file.replace(/^dist\/(.*)\.js$/, "$1.ts");
  const lines = code.slice(0, mutant.start).split("\n");
  const map = new SourceMap(JSON.parse(readFileSync(join(root, `${file}.map`), "utf8")) as SourceMapPayload);
  const entry = map.findEntry(lines.length - 1, (lines.at(-1) ?? "").length);
  if (!("originalLine" in entry)) throw new Error(`${file}: the build knows no place in the source for this`);
  const before = readFileSync(join(root, source), "utf8").split("\n").slice(0, entry.originalLine);
  const at = before.reduce((sum, line) => sum + line.length + 1, entry.originalColumn);
  return { source, line: entry.originalLine + 1, at };
}
