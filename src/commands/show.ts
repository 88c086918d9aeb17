import type { Decision } from "../domain/classify.ts";

/** Lines for people are at most so long, unless a single word is longer. */
const WIDTH = 80;

/** Foreign text for a terminal: one line, without anything that a terminal would obey. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** A value as one line of JSON, whatever its reader takes for the end of a line: some break at U+0085 and U+2028 too. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A decision as programs read it; `rule` is null for an unresolved one. */
export function decisionJson(decision: Decision): { decision: string; rule: string | null; reason: string } {
  const rule = decision.kind === "unresolved" ? null : decision.rule;
  return { decision: decision.kind, rule, reason: decision.reason };
}

/** A named text of foreign words, wrapped between its name and the edge of the terminal. */
export function row(name: string, text: string): readonly string[] {
  const head = `  ${name.padEnd(13)} `;
  return wrapped(plain(text), WIDTH - head.length).map(
    (line, index) => `${index === 0 ? head : " ".repeat(head.length)}${line}`,
  );
}

/** A text in lines of at most `width`; a longer word has a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
