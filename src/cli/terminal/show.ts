/** Lines for people are at most so long, unless a single word is longer. */
const WIDTH = 80;

/** Foreign text for a terminal: one line, without anything that a terminal would obey. */
export function plain(text: string): string {
  // Most text is, and the properties of Unicode are slow to ask for.
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return text;
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** Foreign text for a terminal that keeps its lines; everything else that a terminal would obey is written out. */
export function visible(bytes: Buffer): string {
  const isUtf8 = Buffer.from(bytes.toString()).equals(bytes);
  const text = isUtf8 ? bytes.toString() : bytes.toString("latin1");
  const unsafe = isUtf8 ? /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu : /(?![\n\t])[^\x20-\x7e]/g;
  return text.replaceAll(unsafe, (found) => {
    const code = (found.codePointAt(0) ?? 0).toString(16);
    return isUtf8 ? `\\u{${code}}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** A value as one line of JSON, whatever its reader takes for the end of a line: some break at U+0085 and U+2028 too. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A named text of foreign words, wrapped between its name and the edge of the terminal, `width` cells away. */
export function row(name: string, text: string, width = WIDTH): readonly string[] {
  const head = `  ${name.padEnd(13)} `;
  return wrapped(plain(text), Math.min(width, WIDTH) - head.length).map(
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
