/** A line of input: its text without the newline, or why it cannot be read. Lines are counted from 1. */
export type Line = { readonly number: number } & (
  { readonly text: string } | { readonly text: null; readonly reason: string }
);

const NEWLINE = 0x0a;

/**
 * The lines of a stream, those that a piece completes together. A line of more than `longest` bytes, or one that is not
 * UTF-8, comes with the reason for its text; the former is never held whole. What follows the last newline is a line unless
 * it is empty.
 */
export async function* linesOf(input: AsyncIterable<unknown>, longest: number): AsyncGenerator<readonly Line[]> {
  const cutter = new Cutter(longest);
  for await (const piece of input) {
    const lines = cutter.cut(Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece)));
    if (lines.length > 0) yield lines;
  }
  const last = cutter.rest();
  if (last !== null) yield [last];
}

class Cutter {
  readonly #longest: number;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true });
  #number = 0;
  /** The beginning of the line under way, and its length so far; nothing is kept of one that is too long. */
  #parts: Buffer[] = [];
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  cut(piece: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      this.#keep(piece.subarray(start, end));
      lines.push(this.#end());
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
    return lines;
  }

  rest(): Line | null {
    return this.#length === 0 ? null : this.#end();
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#longest) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #end(): Line {
    const [parts, length] = [this.#parts, this.#length];
    [this.#parts, this.#length] = [[], 0];
    this.#number += 1;
    const number = this.#number;
    if (length > this.#longest) return { number, text: null, reason: `longer than ${this.#longest} bytes` };
    const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    try {
      return { number, text: this.#utf8.decode(bytes) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return { number, text: null, reason: "not UTF-8" };
    }
  }
}
