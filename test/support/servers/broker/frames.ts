/** AMQP 0-9-1 on the wire, as much as a test needs that no client library would write: frames, and properties byte by byte. */

export const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const FRAME_END = 0xce;
const BASIC = 60;

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), u16(channel), u32(payload.length), payload, Buffer.of(FRAME_END)]);
}

/** A method: its name as `class.method` in numbers, and its arguments. */
export function method(channel: number, name: string, ...args: readonly Buffer[]): Buffer {
  const [classId = 0, methodId = 0] = name.split(".").map(Number);
  return frame(METHOD, channel, Buffer.concat([u16(classId), u16(methodId), ...args]));
}

/** The frames of a message's content; `properties` begins with the flags. */
export function content(channel: number, properties: Buffer, body: Buffer): Buffer {
  const head = Buffer.concat([u16(BASIC), u16(0), u64(BigInt(body.length)), properties]);
  return Buffer.concat([frame(HEADER, channel, head), ...(body.length === 0 ? [] : [frame(BODY, channel, body)])]);
}

/** Properties with a table of headers as its bytes are given, without its length, and a message id. */
export function propertiesWith(headers: Buffer, messageId: string): Buffer {
  return Buffer.concat([u16(0x2000 | 0x0080), u32(headers.length), headers, shortText(messageId)]);
}

/** A field of a table: its name, its tag and the bytes of its value. */
export function field(name: string, tag: string, value: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([shortText(name), Buffer.from(tag, "latin1"), value]);
}

export function shortText(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

export function longText(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u32(bytes.length), bytes]);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** Cuts a stream into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole with these bytes. */
  *read(bytes: Buffer): Generator<Frame> {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#rest.length < 8) return;
      const size = this.#rest.readUInt32BE(3);
      if (this.#rest.length < size + 8) return;
      const [whole, rest] = [this.#rest.subarray(0, size + 8), this.#rest.subarray(size + 8)];
      this.#rest = rest;
      yield { type: whole[0] ?? 0, channel: whole.readUInt16BE(1), payload: whole.subarray(7, -1) };
    }
  }
}

/** A method's name in numbers, `class.method`. */
export function nameOf({ payload }: Frame): string {
  return `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
}
