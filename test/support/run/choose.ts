/** What `npm test` was asked to run. */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { nearest } from "../../../src/domain/words.ts";
import { understood, WordsError } from "./words.ts";

const OPTIONS = {
  slowest: { type: "boolean", default: false },
  lanes: { type: "string" },
  apart: { type: "boolean", default: false },
} as const;

export interface Words {
  readonly names: readonly string[];
  /** Whether the slowest files shall be told at the end. */
  readonly isSlowestWanted: boolean;
  /** How many files run at once; null for as many as fit this machine. */
  readonly lanes: number | null;
  /** Whether each file has a Redis of its own, and they begin in the order in which they are named. */
  readonly isApart: boolean;
}

/** Throws `WordsError` for an option that there is not. */
export function readWords(args: readonly string[]): Words {
  const parse = () => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const { values, positionals } = understood(parse, Object.keys(OPTIONS));
  const { lanes, slowest: isSlowestWanted, apart: isApart } = values;
  if (lanes !== undefined && !/^[1-9]\d?$/.test(lanes)) throw new WordsError(`--lanes=${lanes}: a number, 1 to 99`);
  return { names: positionals, isSlowestWanted, lanes: lanes === undefined ? null : Number(lanes), isApart };
}

/**
 * The built test files that are meant: each name is one, as source or built, or a folder of them; no name means all.
 * Throws `WordsError` for a name that is neither, with the nearest that is.
 */
export function chooseFiles(names: readonly string[], built: readonly string[]): readonly string[] {
  const tests = built.filter((path) => path.endsWith(".test.js"));
  if (names.length === 0) return tests;
  return [...new Set(names.flatMap((name) => meantBy(name, tests)))];
}

/** The runner's arguments for what a person typed. Throws `WordsError` as the two above. */
export function runnerArguments(args: readonly string[], built: readonly string[]): readonly string[] {
  const { names, isSlowestWanted, lanes, isApart } = readWords(args);
  const options = [
    ...(isSlowestWanted ? ["--slowest"] : []),
    ...(lanes === null ? [] : [`--lanes=${lanes}`]),
    ...(isApart ? ["--apart"] : []),
  ];
  return [...options, ...chooseFiles(names, built)];
}

function meantBy(name: string, tests: readonly string[]): readonly string[] {
  const wanted = name
    .replace(/^(\.\/)?(dist\/)?/, "")
    .replace(/\/+$/, "")
    .replace(/\.js$/, ".ts");
  const meant = tests.filter((path) => sourceOf(path) === wanted || sourceOf(path).startsWith(`${wanted}/`));
  if (meant.length > 0) return meant;
  const guess = guessAt(wanted, tests.map(sourceOf));
  throw new WordsError(
    `there is no test ${name}: ${guess === null ? "a file or a folder below test/" : `did you mean ${guess}?`}`,
  );
}

/** A file that moved keeps its name: that is nearer than any other spelling. */
function guessAt(wanted: string, tests: readonly string[]): string | null {
  const file = basename(wanted).replace(/(\.test)?(\.[jt]s)?$/, ".test.ts");
  const moved = tests.find((path) => basename(path) === file);
  if (moved !== undefined) return moved;
  const alike = nearest(wanted, tests) ?? nearest(wanted, foldersOf(tests));
  if (alike !== null) return alike;
  const name = nearest(
    file,
    tests.map((path) => basename(path)),
  );
  return tests.find((path) => basename(path) === name) ?? null;
}

function foldersOf(tests: readonly string[]): readonly string[] {
  const folders = tests.flatMap((path) => {
    const parts = path.split("/").slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  });
  return [...new Set(folders)];
}

/** Tests run as built JavaScript; people look for the source. */
export function sourceOf(file: string): string {
  return file.replace(/^dist\/(test\/.*)\.js$/, "$1.ts");
}
