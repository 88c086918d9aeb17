import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ChannelModel } from "amqplib";
import { describeError } from "../../errors.ts";

/** AMQP 0-9-1, section 2.3: a frame is a type, a channel and a size, then so many bytes, then an end. */
const FRAME_START = 7;
const FRAME_END = 0xce;
const CONTENT_HEADER = 2;
/** Of a content header, before its properties: class, weight, size of the body. */
const PROPERTIES_AT = FRAME_START + 12;
/** The properties' flags, in the order in which they stand: what comes before the headers is two short texts. */
const BEFORE_HEADERS = [0x8000, 0x4000] as const;
const HEADERS = 0x2000;
/** Method `close` of class `connection`, as amqplib numbers it. */
const CONNECTION_CLOSE = (10 << 16) | 50;

interface Frame {
  readonly id?: number;
  readonly fields?: { headersUnreadable?: string; readonly replyCode?: number; readonly replyText?: string };
}

/** What the guard touches of amqplib 2.3's `lib/connection.js`, which the package does not export. */
interface Connection extends EventEmitter {
  /** What was received and is not yet decoded. */
  rest: Buffer;
  readonly stream: { destroy(error: Error): void };
  /** The next frame, decoded; false: it is not whole yet. */
  recvFrame: (this: Connection) => Frame | false;
  open: (this: Connection, fields: object, done: (error: unknown, ok: unknown) => void) => void;
}

const require = createRequire(import.meta.url);
const { Connection } = require(join(dirname(require.resolve("amqplib")), "lib", "connection.js")) as {
  readonly Connection: { readonly prototype: Connection };
};
const { recvFrame, open } = Connection.prototype;
let isGuarded = false;

/**
 * Keeps three faults of amqplib 2.3.1 from ending the process: its codec throws at a table's tag that it does not know (as
 * RabbitMQ's `L`, a whole number of 64 bits) and at tables nested some thousand deep, which breaks the connection with every
 * try; an `error` of a connection that nobody listens to yet is thrown; and of a connection that the broker refuses while it is
 * opened the reason is lost. To be called before the first connection.
 */
export function guardAmqplib(): void {
  if (isGuarded) return;
  isGuarded = true;
  Connection.prototype.open = function (fields, done) {
    // Each failure is told by `close` or by the call that fails as well.
    this.on("error", () => undefined);
    let refusal: Error | null = null;
    // A connection reads no frame before it is opened.
    this.recvFrame = () => {
      const frame = receive.call(this);
      if (frame !== false && frame.id === CONNECTION_CLOSE) refusal = refusalOf(frame);
      return frame;
    };
    open.call(this, fields, (error, ok) => {
      this.recvFrame = receive;
      done(error === null ? null : (refusal ?? error), ok);
    });
  };
}

/** Ends a connection at once, with all that waits for it, whether the other side answers or not. */
export function tearDown({ connection }: ChannelModel, why: string): void {
  (connection as unknown as Connection).stream.destroy(new Error(why));
}

/** Why the headers of a message could not be read; null: they could. */
export function headersUnreadable(properties: object): string | null {
  return (properties as NonNullable<Frame["fields"]>).headersUnreadable ?? null;
}

function refusalOf({ fields }: Frame): Error {
  return Object.assign(new Error(`${fields?.replyCode} ${fields?.replyText}`), { code: fields?.replyCode });
}

/** amqplib's `recvFrame`, but a content header that it cannot decode is read without its headers, or without any property. */
function receive(this: Connection): Frame | false {
  const received = this.rest;
  try {
    return recvFrame.call(this);
  } catch (error) {
    const size = contentHeaderSize(received);
    if (size === null) throw error;
    const [whole, rest] = [received.subarray(0, size), received.subarray(size)];
    const read = (frame: Buffer): Frame | false => {
      this.rest = Buffer.concat([frame, rest]);
      return recvFrame.call(this);
    };
    const frame = readLess(whole, read);
    if (frame !== false && frame.fields !== undefined) frame.fields.headersUnreadable = describeError(error);
    return frame;
  }
}

function readLess(whole: Buffer, read: (frame: Buffer) => Frame | false): Frame | false {
  try {
    return read(withoutHeaders(whole));
  } catch (error) {
    // The table's length is wrong as well: nothing that follows can be found.
    if (error instanceof RangeError) return read(withProperties(whole, Buffer.alloc(2)));
    throw error;
  }
}

/** How long the frame is that stands at the beginning; null: it is not whole, or no content header. */
function contentHeaderSize(bytes: Buffer): number | null {
  if (bytes.length < FRAME_START || bytes[0] !== CONTENT_HEADER) return null;
  const size = FRAME_START + bytes.readUInt32BE(3) + 1;
  return bytes.length < size || size <= PROPERTIES_AT ? null : size;
}

/** Throws `RangeError` when the properties end before their headers do. */
function withoutHeaders(frame: Buffer): Buffer {
  const properties = frame.subarray(PROPERTIES_AT, -1);
  const flags = properties.readUInt16BE(0);
  if ((flags & HEADERS) === 0) throw new RangeError("it is another property that is cut short");
  let at = 2;
  for (const flag of BEFORE_HEADERS) if ((flags & flag) !== 0) at += 1 + properties.readUInt8(at);
  const end = at + 4 + properties.readUInt32BE(at);
  if (end > properties.length) throw new RangeError("the headers are longer than their frame");
  const less = Buffer.concat([properties.subarray(0, at), properties.subarray(end)]);
  less.writeUInt16BE(flags & ~HEADERS, 0);
  return withProperties(frame, less);
}

function withProperties(frame: Buffer, properties: Buffer): Buffer {
  const start = Buffer.concat([frame.subarray(0, PROPERTIES_AT), properties, Buffer.of(FRAME_END)]);
  start.writeUInt32BE(start.length - FRAME_START - 1, 3);
  return start;
}
