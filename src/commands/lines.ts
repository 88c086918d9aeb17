import type { Readable } from "node:stream";

const NEWLINE = 0x0a;

/**
 * The lines of a stream, without their ends; null for one of more than `longest` bytes, which is never held whole. An empty
 * last line is none.
 */
export async function* linesOf(input: Readable, longest: number): AsyncGenerator<string | null> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): string | null => {
    const line = length > longest ? null : Buffer.concat(parts).toString("utf8").replace(/\r$/, "");
    parts = [];
    length = 0;
    return line;
  };
  for await (const data of input) {
    let chunk = Buffer.from(data as Buffer | string);
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE)) {
      if (length + end <= longest) parts.push(chunk.subarray(0, end));
      length += end;
      yield take();
      chunk = chunk.subarray(end + 1);
    }
    length += chunk.length;
    if (length <= longest) parts.push(chunk);
    else parts = [];
  }
  if (length > 0) yield take();
}
