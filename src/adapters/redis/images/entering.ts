import type { Keys } from "../keys.ts";
import { orderText, scoreOf, writeEvent, writeFields, writeUpload } from "./record.ts";
import type { Entry } from "../../../domain/image/lifecycle.ts";
import { streamOf } from "../../../domain/image/stream.ts";
import type { Upload } from "../../../domain/image/upload.ts";
import { formatInstant } from "../../../domain/time.ts";

/** An image that is entered, and as what. */
export interface Entering {
  readonly upload: Upload;
  readonly entry: Entry;
}

/** One call of add.lua: its images, and its argument. */
export interface EnteringCall {
  readonly amiIds: readonly string[];
  readonly words: string;
}

type Row = readonly (string | number)[];

/** So many images are entered by one call: short enough for who waits behind it, and far below what Lua's stack holds. */
const LARGEST_CALL = 50;

/** The calls that enter images of one region, in their order. */
export function callsOf(keys: Keys, region: string, enterings: readonly Entering[]): readonly EnteringCall[] {
  const calls: { readonly amiIds: string[]; readonly rows: Row[] }[] = [];
  const head = [keys.image(region, ""), keys.composeImages(region, "")];
  for (const entering of enterings) {
    const row = rowOf(keys, region, entering);
    const last = calls.at(-1);
    if (last === undefined || last.rows.length === LARGEST_CALL || !isAlike(row, last.rows[0]))
      calls.push({ amiIds: [entering.upload.amiId], rows: [row] });
    else {
      last.amiIds.push(entering.upload.amiId);
      last.rows.push(row);
    }
  }
  return calls.map(({ amiIds, rows }) => ({ amiIds, words: writeJson([...head, ...wordsOf(rows)]) }));
}

/** Where a row has how many words of fields there are. */
const COUNT_AT = 6;

function isAlike(row: Row, other: Row | undefined): boolean {
  return row.length === other?.length && row[COUNT_AT] === other[COUNT_AT];
}

/** What add.lua has to know of one image. */
function rowOf(keys: Keys, region: string, { upload, entry }: Entering): Row {
  const { amiId, composeId } = upload;
  const fields = filled([...writeUpload(upload), "private_at", formatInstant(entry.privateAt), ...writeFields(entry)]);
  return [
    ...[amiId, composeId, keys.stream(region, streamOf(upload) ?? "none"), orderText(composeId)],
    ...[keys.queue(region, entry.wait?.queue ?? "unresolved"), entry.wait === null ? "" : scoreOf(entry.wait.wakeAt)],
    ...[fields.length, ...fields],
    ...writeEvent(upload, entry.event),
  ];
}

/** Of `field, value, …` those that have a value. */
function filled(words: readonly string[]): string[] {
  return words.filter((_, index) => words[index - (index % 2) + 1] !== "");
}

/**
 * Rows of one length as one list: most of their words are the same in all of them, and those are said once. Three numbers (the
 * rows, their length, how many places differ); the first row; the places, from 1; then each row's words at these.
 */
function wordsOf(rows: readonly Row[]): Row {
  const [first = []] = rows;
  const places = [...first.keys()].filter((place) => rows.some((row) => row[place] !== first[place]));
  const differing = rows.flatMap((row) => places.map((place) => row[place] ?? ""));
  return [rows.length, first.length, places.length, ...first, ...places.map((place) => place + 1), ...differing];
}

/** JSON as Redis reads it: half of a surrogate pair, which it does not take, becomes what UTF-8 makes of it. */
function writeJson(words: Row): string {
  const text = JSON.stringify(words);
  // A backslash that somebody wrote before such digits is only looked at in vain.
  if (!/\\ud[89a-f]/.test(text)) return text;
  return JSON.stringify(words.map((word) => (typeof word === "string" ? Buffer.from(word).toString() : word)));
}
