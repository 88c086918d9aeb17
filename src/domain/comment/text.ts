import { parseComposeId } from "../compose/compose.ts";
import { isAmiId } from "../image/image.ts";

/** One line of a comment, without marks that nobody sees. */
export interface CommentLine {
  readonly text: string;
  /** Whether it repeats somebody else: a quotation, a code block, a row of a table. */
  readonly isQuoted: boolean;
}

/** A run of letters, digits and `._-` without what surrounds it; `end` is where it ends in its line. */
export interface Word {
  readonly text: string;
  readonly end: number;
  readonly isMention: boolean;
}

/** What a word names. */
export type Reading =
  | { readonly kind: "ami" | "compose"; readonly id: string }
  /** Looks like an id and is none; `id` is the one that stands in it, perhaps. */
  | { readonly kind: "malformed"; readonly id: string | null }
  | { readonly kind: "word" };

const FENCE = /^\s{0,3}(?<mark>```|~~~)/;

/**
 * The lines of a comment. Takes time that grows with its length and no faster. A code block that nobody closed is no code
 * block: what stands behind its mark may be meant.
 */
export function commentLines(comment: string): readonly CommentLine[] {
  const lines = clean(comment).split("\n");
  const marks = lines.map((line) => FENCE.exec(line)?.groups?.["mark"] ?? null);
  const left = new Map<string, number>();
  for (const mark of marks) if (mark !== null) left.set(mark, (left.get(mark) ?? 0) + 1);
  let open: string | null = null;
  return lines.map((text, index) => {
    const mark = marks[index] ?? null;
    if (mark !== null) left.set(mark, (left.get(mark) ?? 0) - 1);
    const isInside = open !== null;
    if (open === null && mark !== null && (left.get(mark) ?? 0) > 0) open = mark;
    else if (open !== null && mark === open) open = null;
    const isFence = isInside || open !== null;
    return { text, isQuoted: isFence || /^\s*[>|]/.test(text) };
  });
}

/** One kind of line end, dash and blank; nothing invisible; no backslash that only keeps Markdown from its work. */
function clean(text: string): string {
  return text
    .replaceAll(/\r\n?|[\v\f\u0085\u2028\u2029]/g, "\n")
    .replaceAll(/[\p{Cf}\ufe00-\ufe0f]/gu, "")
    .replaceAll(/[\u2010-\u2015\u2212\ufe58\uff0d]/g, "-")
    .replaceAll(/[\p{Cc}\p{Zs}]/gu, (mark) => (mark === "\n" ? mark : " "))
    .replaceAll(/\\(?=[-_.*`])/g, "");
}

export function commentWords(line: string): readonly Word[] {
  return [...line.matchAll(/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/g)].map((match) => ({
    text: match[0],
    end: match.index + match[0].length,
    isMention: line[match.index - 1] === "@",
  }));
}

/** Whether a text has letters that no id and none of the words of an order have. */
export function hasOtherScript(text: string): boolean {
  return /[^\P{L}A-Za-z]/u.test(text);
}

/** What a word names. An AMI id may be written in capitals; a compose id is taken as it stands. */
export function readWord(text: string): Reading {
  const lower = text.toLowerCase();
  if (isAmiId(lower)) return { kind: "ami", id: lower };
  if (lower.includes("ami-")) {
    const inner = /ami-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![0-9a-z])/.exec(lower)?.[0] ?? null;
    return inner === null && !/ami-[0-9a-f]*\d/.test(lower) ? { kind: "word" } : { kind: "malformed", id: inner };
  }
  if (!/^[A-Za-z].*-\d{8}(?:\D|$)/.test(text)) return { kind: "word" };
  return parseComposeId(text).ok ? { kind: "compose", id: text } : { kind: "malformed", id: null };
}
