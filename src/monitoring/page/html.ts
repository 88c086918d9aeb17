/** HTML that is safe to be sent: our own, and texts that were escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text is escaped, lists are joined, null is nothing. */
type Part = Html | string | number | null | readonly (Html | string | number | null)[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A piece of a page; every text that is put in is escaped, in attributes as well, as long as they stand in quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, index) => `${text}${textOf(parts[index] ?? null)}`).join(""));
}

function textOf(part: Part): string {
  if (part === null) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return escaped(String(part));
}

/** Characters that a browser would not show, that turn a line around, or that XML has not, become a visible sign. */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (found) => ESCAPES[found] ?? "")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu, "�");
}
