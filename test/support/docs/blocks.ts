import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's own folder. */
export const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** How a block is held against the truth: its language, and the mark behind that. A block of no such kind is refused. */
export const KINDS = {
  console: "each command is typed, with the real redis-cli and the built program, over the data set of schedule.ts",
  "console runbook":
    "test/docs/runbook.test.ts: each command is typed on a machine in the trouble that its section speaks of",
  "console demo": "test/demo/demo.test.ts: each line is told, in form, by a run of the demo",
  sh: "each command, with its options, is known to the program, to npm or to the file system",
  toml: "it is a valid configuration",
  "toml package": "test/docs/complete.test.ts: it has an entry point for each message on the bus",
  "python package": "test/docs/complete.test.ts: it has a class for each message on the bus",
  "json message": "test/docs/complete.test.ts: it is a message of that topic, with all that its schema has",
  "text comment": "the service reads it in a comment without a doubt",
  "text keys": "no key of the data set is missing from the list",
  "text made": "what the program prints; npm run docs makes it",
  "text picture": "drawn, with nothing to run",
  mermaid: "drawn; a diagram of stages names them all",
} as const;
export type Kind = keyof typeof KINDS;

/** A fenced block of a page. */
export interface Block {
  readonly file: string;
  /** Of its first fence, from 1. */
  readonly line: number;
  /** As it stands behind the fence. */
  readonly kind: string;
  readonly text: string;
}

/** A page for people. */
export interface Page {
  /** From the project's folder: `docs/lifecycle.md`. */
  readonly file: string;
  readonly text: string;
}

export function pages(): readonly Page[] {
  const files = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)];
  return files.map((file) => ({ file, text: readFileSync(join(ROOT, file), "utf8") }));
}

/** Every block of every page, indented ones included. */
export function blocks(): readonly Block[] {
  return pages().flatMap(({ file, text }) =>
    [...text.matchAll(/^(?<indent> *)```(?<kind>.*)\n(?<body>[^]*?)^ *```$/gm)].map(({ index, groups = {} }) => ({
      file,
      line: text.slice(0, index).split("\n").length,
      kind: groups["kind"] ?? "",
      text: (groups["body"] ?? "").replaceAll(new RegExp(`^${groups["indent"] ?? ""}`, "gm"), ""),
    })),
  );
}

export function blocksOf(kind: Kind): readonly Block[] {
  return blocks().filter((block) => block.kind === kind);
}

/** What stands in code spans, outside of blocks. */
export function spansOf({ text }: Page): readonly string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, "");
  return [...prose.matchAll(/`(?<span>[^`\n]+)`/g)].map(({ groups }) => groups?.["span"] ?? "");
}
