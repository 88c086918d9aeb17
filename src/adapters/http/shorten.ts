const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Bytes of `\u0041` after its `u`. */
const HEX_DIGITS = 4;

/** Cuts the texts of a JSON document that are longer than so many bytes, as it arrives, so that what is left is JSON again. */
export class Shortener {
  readonly #longest: number;
  #isText = false;
  #isCutting = false;
  /** Bytes of the text so far. */
  #length = 0;
  #isEscaped = false;
  #hexDigits = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** What is kept of the next bytes. */
  shorten(chunk: Uint8Array): Uint8Array {
    const kept = new Uint8Array(chunk.length);
    let size = 0;
    for (const byte of chunk)
      if (this.#isKept(byte)) {
        kept[size] = byte;
        size += 1;
      }
    return kept.subarray(0, size);
  }

  #isKept(byte: number): boolean {
    if (!this.#isText) {
      this.#isText = byte === QUOTE;
      this.#length = 0;
      this.#isCutting = false;
      return true;
    }
    const isWithinEscape = this.#isEscaped || this.#hexDigits > 0;
    if (!isWithinEscape && byte === QUOTE) {
      this.#isText = false;
      return true;
    }
    // No escape is cut in its middle.
    if (!isWithinEscape && this.#length >= this.#longest) this.#isCutting = true;
    if (this.#isEscaped) this.#hexDigits = byte === LETTER_U ? HEX_DIGITS : 0;
    else if (this.#hexDigits > 0) this.#hexDigits -= 1;
    this.#isEscaped = !isWithinEscape && byte === BACKSLASH;
    this.#length += 1;
    return !this.#isCutting;
  }
}
