import type { Keys } from "../keys.ts";
import { orderText, scoreOf, writeEvent, writeFields, writeUpload } from "./record.ts";
import type { Entry, Queue } from "../../../domain/image/lifecycle.ts";
import { streamOf } from "../../../domain/image/stream.ts";
import type { Upload } from "../../../domain/image/upload.ts";
import { formatInstant } from "../../../domain/time.ts";

/** An image that is entered, and as what. */
export interface Entering {
  readonly upload: Upload;
  readonly common: Common;
}

type Row = readonly (string | number)[];

/** What images of one compose, architecture and time have in common when they enter in one way, in any region. */
export interface Common {
  readonly stream: string;
  readonly order: string;
  readonly queue: Queue;
  readonly score: string;
  /** How many words of fields there are, the fields, the event. */
  readonly words: Row;
  /** Where in `words` the image's name stands, and where its ami-id. */
  readonly nameAt: readonly number[];
  readonly amiAt: readonly number[];
}

/** One call of add.lua: its images, and its argument. */
export interface EnteringCall {
  readonly amiIds: readonly string[];
  readonly words: string;
}

/** So many images are entered by one call: short enough for who waits behind it, and far below what Lua's stack holds. */
const LARGEST_CALL = 50;

/** Stand where each image has its own word. An event may say neither. */
const [NAME_GAP, AMI_GAP] = ["\u0000name", "\u0000ami"];

export function commonOf(upload: Upload, entry: Entry): Common {
  const image = { ...upload, imageName: NAME_GAP, amiId: AMI_GAP };
  const fields = filled([...writeUpload(image), "private_at", formatInstant(entry.privateAt), ...writeFields(entry)]);
  const words = [fields.length, ...fields, ...writeEvent(image, entry.event)];
  const placesOf = (gap: string): number[] => [...words.keys()].filter((at) => words[at] === gap);
  return {
    stream: streamOf(upload) ?? "none",
    order: orderText(upload.composeId),
    queue: entry.wait?.queue ?? "unresolved",
    score: entry.wait === null ? "" : scoreOf(entry.wait.wakeAt),
    words,
    nameAt: placesOf(NAME_GAP),
    amiAt: placesOf(AMI_GAP),
  };
}

/** Of `field, value, …` those that have a value. */
function filled(words: readonly string[]): string[] {
  return words.filter((_, index) => words[index - (index % 2) + 1] !== "");
}

/** Whether two uploads have all in common that their entries are made of. */
export function isOfOneKind(upload: Upload, other: Upload): boolean {
  return upload.composeId === other.composeId && upload.arch === other.arch && upload.uploadedAt === other.uploadedAt;
}

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

/** Where a row has how many words of fields there are; the fields follow. */
const COUNT_AT = 6;

/** Whether two rows are as long, with the same fields: one call says them once. */
function isAlike(row: Row, other: Row = []): boolean {
  if (row.length !== other.length || row[COUNT_AT] !== other[COUNT_AT]) return false;
  const end = COUNT_AT + Number(row[COUNT_AT]);
  for (let at = COUNT_AT + 1; at < end; at += 2) if (row[at] !== other[at]) return false;
  return true;
}

/** What add.lua has to know of one image. */
function rowOf(keys: Keys, region: string, { upload, common }: Entering): Row {
  const { amiId, composeId, imageName } = upload;
  const { stream, order, queue, score, words, nameAt, amiAt } = common;
  const row = [amiId, composeId, keys.stream(region, stream), order, keys.queue(region, queue), score, ...words];
  for (const at of nameAt) row[COUNT_AT + at] = imageName ?? "";
  for (const at of amiAt) row[COUNT_AT + at] = amiId;
  return row;
}

/**
 * Rows of one length as one list: most of their words are the same in all of them, and those are said once. Three numbers (the
 * rows, their length, how many places differ); the first row; the places, from 1; then each row's words at these.
 */
function wordsOf(rows: readonly Row[]): Row {
  const [first = []] = rows;
  const places = [...first.keys()].filter((place) => rows.some((row) => row[place] !== first[place]));
  const words = [rows.length, first.length, places.length, ...first, ...places.map((place) => place + 1)];
  for (const row of rows) for (const place of places) words.push(row[place] ?? "");
  return words;
}

/** JSON as Redis reads it: half of a surrogate pair, which it does not take, becomes what UTF-8 makes of it. */
function writeJson(words: Row): string {
  const text = JSON.stringify(words);
  // A backslash that somebody wrote before such digits is only looked at in vain.
  if (!/\\ud[89a-f]/.test(text)) return text;
  return JSON.stringify(words.map((word) => (typeof word === "string" ? Buffer.from(word).toString() : word)));
}
