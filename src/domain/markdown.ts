const LONGEST_TEXT = 200;

/**
 * A code span that no text can leave, on one line of a table, at most 200 characters. Pagure mails everybody who is
 * mentioned, in a code span too (pagure/lib/notify.py), and a backslash before the last backtick would hide it.
 */
export function code(text: string): string {
  const flat = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll("`", "'")
    .replaceAll("|", "¦")
    .replaceAll("@", "＠")
    .trim();
  const cut = flat.slice(0, LONGEST_TEXT).replace(/[\\\ud800-\udbff]+$/, "");
  return `\`${cut === "" ? "-" : cut}\``;
}

/**
 * Words by which a post of ours is found again, and nobody reads. Pagure shows no comment of HTML, and its API gives it back; any
 * tag that it does not know it shows as text.
 */
export function hidden(marker: string): string {
  return `<!-- ${marker} -->`;
}

/** A link; null for an address that could be more than one. */
export function linkTo(url: string, words: string): string | null {
  return /^https?:\/\/[\w./:#-]{1,300}$/.test(url) ? `[${words}](${url})` : null;
}

/** `1 image`, `2 images`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A table of Markdown; its cells are trusted to be code spans or our own words. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
