import { writePythonJson } from "../../domain/python-json.ts";
import { floorSecond, formatInstant, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import type { ArchivedMessage, Message } from "../../ports/index.ts";

/** The two forms of items that datagrepper has. */
export type ArchiveForm = "raw" | "v2";

/** A row of the archive. */
export interface Row {
  /** Tells it from every other row of its second. */
  readonly key: string;
  /** The whole second under which the archive has it; null when the item does not say. */
  readonly second: Instant | null;
  readonly message: ArchivedMessage;
}

/** A row that the archive has and cannot give, as far as it is known. */
export interface LostRow {
  /** The second under which it stands. */
  readonly second: Instant;
  /** Its number among the rows of that second that cannot be told apart, from 1: the same at each reading; 0: it is named. */
  readonly ordinal: number;
  /** What the archive was asked for: `category=fedimg`. */
  readonly filter: string;
  /** What the archive answered, in a sentence with range and page. */
  readonly why: string;
  /** The start of its item; empty: nothing of it came. */
  readonly head: string;
}

/** The members of an item that stand before the body (datanommer.models, `as_dict`), with Python's blanks or without. */
const HEAD = {
  id: /"msg_id": ?(?<value>"(?:[^"\\]|\\.){0,500}")/,
  topic: /"topic": ?(?<value>"(?:[^"\\]|\\.){0,500}")/,
  timestamp: /"timestamp": ?(?<value>\d{1,12}(?:\.\d+)?)/,
};

/**
 * A row that cannot be read, for the stream of rejected messages: by its id and topic, where they came; else by its place, with
 * an empty id and topic.
 */
export function lostRow({ second, ordinal, filter, why, head }: LostRow, now: Instant): Row {
  const messageId = textIn(HEAD.id, head);
  const topic = textIn(HEAD.topic, head);
  const stored = secondsToInstant(Number(HEAD.timestamp.exec(head)?.groups?.["value"] ?? NaN));
  const at = stored === null ? second : floorSecond(stored);
  const place = { second: formatInstant(at), unreadable_row: ordinal, filter };
  const message = {
    topic,
    messageId,
    headers: { "sent-at": formatInstant(at) },
    body: Buffer.from(messageId === "" ? JSON.stringify(place) : head),
    arrivedAt: now,
    unreadable: `the archive has this row of ${formatInstant(at)} and cannot give it: ${why}`,
  };
  return { key: messageId === "" ? `${at} unreadable ${ordinal}` : `${at} ${messageId}`, second: at, message };
}

/** Whether the start of an item names the row. */
export function namesRow(head: string): boolean {
  return HEAD.id.test(head);
}

function textIn(pattern: RegExp, head: string): string {
  const value = pattern.exec(head)?.groups?.["value"];
  return value === undefined ? "" : (JSON.parse(value) as string);
}

/**
 * An item as a message. `/raw` has `msg_id`, `msg`, `timestamp` and, since 2021, `headers`; `/v2/search` has `id`, `body` and
 * `headers` (datanommer.models, `as_dict` and `as_fedora_message_dict`). One without topic or body becomes a message with an
 * empty topic, datagrepper's id and the item itself as its body: the stream goes on, and the caller can reject it.
 */
export function rowOf(item: unknown, form: ArchiveForm, now: Instant): Row {
  const fields = isObject(item) ? item : {};
  const id = fields[form === "raw" ? "msg_id" : "id"];
  const messageId = typeof id === "string" ? id : "";
  const body = fields[form === "raw" ? "msg" : "body"];
  const { topic, timestamp } = fields;
  const headers = headersOf(fields["headers"], timestamp);
  const isMessage = typeof topic === "string" && body !== undefined;
  const text = textOf(isMessage ? body : item);
  const message: Message = {
    topic: isMessage ? topic : "",
    messageId,
    headers: isMessage ? headers : {},
    body: Buffer.from(text),
    arrivedAt: now,
  };
  const storedAt = form === "raw" ? secondsToInstant(timestamp) : sentAtOf(headers);
  const key = `${storedAt ?? ""} ${messageId === "" ? text : messageId}`;
  return { key, second: storedAt === null ? null : floorSecond(storedAt), message };
}

/** The item's headers; `sent-at` is the archive's own timestamp where they have none that can be read. */
function headersOf(headers: unknown, timestamp: unknown): Readonly<Record<string, unknown>> {
  const given = isObject(headers) ? headers : {};
  const storedAt = secondsToInstant(timestamp);
  const sentAt = given["sent-at"];
  if (typeof sentAt === "string" && parseInstant(sentAt) !== null) return given;
  const at = sentAtOf(given) ?? storedAt;
  return at === null ? given : { ...given, "sent-at": formatInstant(at) };
}

function sentAtOf(headers: Readonly<Record<string, unknown>>): Instant | null {
  const sentAt = headers["sent-at"];
  return typeof sentAt === "string" ? (parseInstant(sentAt) ?? readLeniently(sentAt)) : null;
}

const LENIENT =
  /^(?<year>\d{4})-?(?<month>\d{2})-?(?<day>\d{2})(?:[T_ ](?<hour>\d{2}):?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?)? ?(?<zone>Z|[+-]\d{2}:?\d{2})?$/i;

/** What Python's `fromisoformat` reads, and datanommer stores by: without a zone it is UTC. Null for anything else. */
function readLeniently(text: string): Instant | null {
  const parts = LENIENT.exec(text.trim())?.groups;
  if (parts === undefined) return null;
  const { year, month, day, hour = "00", minute = "00", second = "00", fraction, zone = "Z" } = parts;
  const milliseconds = fraction === undefined ? "" : `.${fraction.slice(0, 9)}`;
  return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}${milliseconds}${zone.toUpperCase()}`);
}

/** The first second of the year 10000. */
const LAST_SECOND = Date.UTC(10000, 0, 1) / SECOND_MS;

function secondsToInstant(seconds: unknown): Instant | null {
  return typeof seconds === "number" && seconds >= 0 && seconds < LAST_SECOND ? seconds * SECOND_MS : null;
}

/** JSON again. V8 parses at any depth, but writes only some thousand levels. */
function textOf(value: unknown): string {
  try {
    return writePythonJson(value);
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify("nested too deeply to be written again");
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
