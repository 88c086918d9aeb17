/**
 * Code points that take two cells of a terminal: East Asian wide and full width, and emoji (Unicode's UAX #11, "East Asian
 * Width", classes W and F, in whole blocks).
 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ASCII = /^[\x20-\x7e]*$/;

/** How many cells of a terminal a text takes that has no control characters. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const letter of text) width += cellsOf(letter);
  return width;
}

/** The text in at most `cells` cells; one that is longer ends in `…`. */
export function cut(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text;
  let [kept, width] = ["", 0];
  for (const letter of text) {
    width += cellsOf(letter);
    if (width > cells - 1) break;
    kept += letter;
  }
  return cells > 0 ? `${kept}…` : "";
}

/** The text, filled up with blanks to `cells` cells. */
export function pad(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - widthOf(text)));
}

function cellsOf(letter: string): number {
  return NONE.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
}
