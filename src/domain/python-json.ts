/** Stands for a number that JSON has not, while a text is parsed or written. */
const MARK = "\u0000number ";
const MARKED = /"\\u0000number (?<number>NaN|-?Infinity)"/g;
const BARE = /-?\b(?:NaN|Infinity)\b/g;

/**
 * Reads JSON as Python's `json.loads` does: `NaN`, `Infinity` and `-Infinity` are numbers, as `json.dumps` writes them. They
 * stay what they are, so that no schema takes them for an absent value. Throws `SyntaxError`; `RangeError` for what holds
 * such a number and is nested some thousand deep.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(markNumbers(text), (_key, value: unknown) =>
      typeof value === "string" && value.startsWith(MARK) ? Number(value.slice(MARK.length)) : value,
    );
  }
}

/** Writes JSON as Python does: what `parsePythonJson` has read comes out as it was. Throws `RangeError` as `JSON.stringify`. */
export function writePythonJson(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON.stringify makes null of them, so without a null there is none.
  if (!text.includes("null")) return text;
  const marked = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "number" && !Number.isFinite(inner) ? `${MARK}${inner}` : inner,
  );
  return marked.replaceAll(MARKED, "$<number>");
}

/** Puts the bare numbers into marked texts; what stands within texts is left alone. */
function markNumbers(text: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('"', at);
    const between = text.slice(at, open < 0 ? undefined : open);
    parts.push(between.replaceAll(BARE, (number) => JSON.stringify(`${MARK}${number}`)));
    if (open < 0) break;
    const end = endOfText(text, open);
    parts.push(text.slice(open, end));
    at = end;
  }
  return parts.join("");
}

/** The place behind the quote that ends the text which begins at `open`. */
function endOfText(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}
