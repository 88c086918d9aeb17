import { field, longText, shortText, u16, u32, u64 } from "./frames.ts";

const SENT_AT = field("sent-at", "S", longText("2026-11-24T10:00:00+00:00"));

/** A table of headers, as its bytes: whether a client that knows RabbitMQ's types can read it. */
export interface Table {
  readonly bytes: Buffer;
  readonly isReadable: boolean;
}

/** Every type of a field that AMQP 0-9-1, its errata and RabbitMQ know, each beside the time that a message of ours has. */
const TYPES: Readonly<Record<string, Buffer>> = {
  t: Buffer.of(1),
  b: Buffer.of(0x80),
  B: Buffer.of(0xff),
  U: u16(0x8000),
  s: u16(0x8000),
  u: u16(0xffff),
  I: u32(0x80000000),
  i: u32(0xffffffff),
  l: u64(2n ** 63n),
  f: u32(0x3fc00000),
  d: u64(0x3ff8000000000000n),
  D: Buffer.concat([Buffer.of(255), u32(0xffffffff)]),
  S: longText(Buffer.of(0xff, 0xfe, 0xc0)),
  A: longText(Buffer.from("V".repeat(1000))),
  T: u64(2n ** 64n - 1n),
  F: longText(field("", "V")),
  V: Buffer.alloc(0),
  x: longText(Buffer.of(0, 1, 2)),
};

/** What amqplib's codec cannot read. */
const UNREADABLE: Readonly<Record<string, Buffer>> = {
  "a whole number with tag L": field("count", "L", u64(2n ** 63n)),
  "a small whole number with tag L": field("count", "L", u64(3n)),
  "a whole number with tag L in a table in an array": field(
    "deep",
    "A",
    longText(Buffer.concat([Buffer.from("F"), longText(field("count", "L", u64(2n ** 31n)))])),
  ),
  "a short text, tag s with a length": field("text", "s", Buffer.concat([shortText("four"), Buffer.of(0xff)])),
  "a tag that nobody knows": field("what", "?"),
  "a tag of zero": field("what", "\0"),
  "a name without a value": shortText("name"),
  "a number that is cut short": Buffer.concat([shortText("count"), Buffer.from("l"), u32(0)]),
  "an array that is longer than its table": field("list", "A", u32(0xffffffff)),
  "an array of numbers that ends in the middle of one": field("list", "A", longText(Buffer.from("I\0\0"))),
  "tables nested twenty thousand deep": nested(20_000, field("", "F")),
  "arrays nested twenty thousand deep": Buffer.concat([shortText("deep"), nested(20_000, Buffer.from("A"))]),
};

export const TABLES: Readonly<Record<string, Table>> = Object.fromEntries([
  ...Object.entries(TYPES).map(([tag, value]) => [
    `type ${tag}`,
    { bytes: Buffer.concat([SENT_AT, field("odd", tag, value)]), isReadable: tag !== "U" },
  ]),
  ...Object.entries(UNREADABLE).map(([what, bytes]) => [
    what,
    { bytes: Buffer.concat([SENT_AT, bytes]), isReadable: false },
  ]),
]) as Readonly<Record<string, Table>>;

/** `head` stands before the length of all that is inside it, level by level. */
function nested(levels: number, head: Buffer): Buffer {
  const size = head.length + 4;
  return Buffer.concat(
    Array.from({ length: levels }, (_, level) => Buffer.concat([head, u32((levels - 1 - level) * size)])),
  );
}
