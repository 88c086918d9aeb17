import fc from "fast-check";
import t from "tap";
import { Shortener } from "../../../src/adapters/http/shorten.ts";

const LONGEST = 12;

function shortened(text: string, pieces: number): unknown {
  const shortener = new Shortener(LONGEST);
  const bytes = Buffer.from(text);
  const kept: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += pieces)
    kept.push(shortener.shorten(bytes.subarray(start, start + pieces)));
  return JSON.parse(Buffer.concat(kept).toString("utf8"));
}

/** Of everything the same shape; each text a beginning of what it was, but for a letter that was cut in two. */
function isBeginning(whole: unknown, cut: unknown): boolean {
  if (typeof whole === "string" && typeof cut === "string") return whole.startsWith(cut.replaceAll("\uFFFD", ""));
  if (typeof whole !== "object" || whole === null) return whole === cut;
  return Object.values(whole).every((value, index) => isBeginning(value, Object.values(cut as object)[index]));
}

t.test("whatever is cut, and wherever the pieces of an answer end, JSON is left, and short texts are whole", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 40 })),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (texts, isAscii, pieces) => {
        const plain = JSON.stringify(texts.map((text, index) => ({ id: index, text })));
        const escape = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
        const json = isAscii ? plain.replaceAll(/[\u0080-\uffff]/g, escape) : plain;
        const cut = shortened(json, pieces) as { readonly id: number; readonly text: string }[];
        const isWhole = (index: number): boolean => Buffer.byteLength(JSON.stringify(texts[index])) - 2 <= LONGEST;
        return cut.every(
          ({ id, text }, index) =>
            id === index &&
            isBeginning(texts[index], text) &&
            (isAscii || !isWhole(index) || text === Buffer.from(texts[index] ?? "").toString()),
        );
      },
    ),
  );
  t.same(shortened('["0123456789ab\\u00e4c","\\\\\\"\\\\\\"\\\\\\"\\\\"]', 3), [
    "0123456789ab",
    '\\"\\"\\"\\'.slice(0, 6),
  ]);
  t.end();
});
