import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** From, to and how often, as V8 counts a block; the innermost one that has an offset counts. */
interface Block {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** The blocks of one file in one process. */
type Blocks = readonly Block[];

/** What NODE_V8_COVERAGE writes (Node's documentation, "NODE_V8_COVERAGE"), as far as it is read here. */
interface Written {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Block[] }[];
  }[];
}

/** What one test file has run of each built file; one entry a process. */
export type Coverage = ReadonlyMap<string, readonly Blocks[]>;

/** Reads what the processes of a test file wrote to a folder; files are named by their path below `root`. */
export function readCoverage(folder: string, root: string): Coverage {
  const coverage = new Map<string, Blocks[]>();
  if (!existsSync(folder)) return coverage;
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Written;
    for (const { url, functions } of result) {
      if (!url.startsWith(`file://${root}/dist/src/`)) continue;
      const file = url.slice(`file://${root}/`.length);
      const blocks = functions.flatMap(({ ranges }) => ranges);
      coverage.set(file, [...(coverage.get(file) ?? []), blocks]);
    }
  }
  return coverage;
}

/** Whether anything ran at this offset of the file. */
export function hasRun(coverage: Coverage, file: string, offset: number): boolean {
  return (coverage.get(file) ?? []).some((blocks) => {
    const around = blocks.filter(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset);
    const inner = around.toSorted((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))[0];
    return (inner?.count ?? 0) > 0;
  });
}

/** Which built tests load any of the files, by the imports that are written in them; `dynamic` ones too. */
export function testsLoading(tests: readonly string[], files: ReadonlySet<string>, root: string): readonly string[] {
  const loads = new Map<string, readonly string[]>();
  const importsOf = (file: string): readonly string[] => {
    const known = loads.get(file);
    if (known !== undefined) return known;
    const text = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
    const names = [...text.matchAll(/(?:from |import |import\()"(\.[^"]+\.js)"/g)].map((match) => match[1] ?? "");
    const found = names.map((name) => normalize(join(dirname(file), name)));
    loads.set(file, found);
    return found;
  };
  return tests.filter((test) => {
    const seen = new Set([test]);
    for (const file of seen) for (const next of importsOf(file)) seen.add(next);
    return [...files].some((file) => seen.has(file));
  });
}
