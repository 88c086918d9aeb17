import type { Test } from "tap";
import { blocks, pages, type Block } from "../docs/blocks.ts";
import type { Machine } from "./machine.ts";

export const PAGE = "docs/runbook.md";

/** A part of the runbook below a heading of its own, and the blocks in it that are typed. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Every section in which something is typed, in order. */
export function sections(): readonly Section[] {
  const text = pages().find(({ file }) => file === PAGE)?.text ?? "";
  const lines = text.split("\n");
  const headings = lines.flatMap((line, index) =>
    line.startsWith("### ") ? [{ title: line.slice(4), line: index + 1 }] : [],
  );
  const typed = blocks().filter(({ file, kind }) => file === PAGE && kind === "console runbook");
  const titleOf = ({ line }: Block): string | undefined => headings.findLast((heading) => heading.line < line)?.title;
  return headings
    .map(({ title }) => ({ title, blocks: typed.filter((block) => titleOf(block) === title) }))
    .filter((section) => section.blocks.length > 0);
}

/** What was said, as the page may print it: `…` alone in a line is any number of lines, within one any words of it. */
export function fits(printed: string, said: string): boolean {
  const lines = printed.split("\n").map((line) => {
    const words = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return line === "…" ? "(?:[^\\n]*\\n)*?" : `${words.join("[^\\n]*")}\\n`;
  });
  return new RegExp(`^${lines.join("")}$`).test(said === "" ? "" : `${said}\n`) || (printed === "" && said === "");
}

/** Types a section's commands, and compares what is seen; `before` has what happens before each block. */
export async function play(
  t: Test,
  machine: Machine,
  { blocks: typed }: Section,
  before: readonly (() => unknown)[] = [],
): Promise<void> {
  for (const [index, block] of typed.entries()) {
    await before[index]?.();
    for (const question of block.text.split(/^\$ /m).slice(1)) {
      const [command = "", ...answer] = question.trimEnd().split("\n");
      const said = await machine.type(command);
      const printed = answer.join("\n");
      t.ok(fits(printed, said), `${block.file}:${block.line}: ${command}`, { printed, said });
    }
  }
}
