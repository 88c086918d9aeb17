import { once } from "node:events";
import { connect } from "node:net";
import type { Asking } from "./mutate.ts";

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The end of a body in pieces. */
const NO_PIECES = "0\r\n\r\n";

/** What one connection brought: its answers, and what is wrong with the bytes, if anything. */
export interface Heard {
  readonly answers: readonly RawAnswer[];
  readonly wrong: string | null;
}

/** Sends what one client sends, byte by byte as it is, and listens until the other end closes. */
export async function ask(port: number, { bytes, manner }: Pick<Asking, "bytes" | "manner">): Promise<Heard> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // The other end may close while we still write: what it said before counts.
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  const closed = once(socket, "close");
  socket.write(bytes, () => {
    if (manner === "vanish") socket.destroy();
  });
  if (manner === "hang up") socket.end();
  await closed;
  return manner === "vanish" ? { answers: [], wrong: null } : readAnswers(Buffer.concat(chunks).toString("latin1"));
}

/** Answers one behind the other, as HTTP/1.1 has them; one to HEAD, and 304, are without their bodies. */
function readAnswers(text: string): Heard {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== "";) {
    const head = /^HTTP\/1\.1 (\d{3}) [ -~]+\r\n((?:[A-Za-z-]+: [ -~]*\r\n)*)\r\n/.exec(rest);
    if (head === null) return { answers, wrong: `this is no answer: ${JSON.stringify(rest.slice(0, 200))}` };
    const [whole, status = "", lines = ""] = head;
    rest = rest.slice(whole.length);
    if (status === "100") continue;
    const fields = lines.split("\r\n").filter((line) => line !== "");
    const headers = new Map(
      fields.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
    );
    const isBare = rest === "" || rest.startsWith("HTTP/1.1 ");
    const body = isBare ? "" : bodyAt(rest, headers);
    if (body === null) return { answers, wrong: `an answer is cut off: ${whole}` };
    rest = rest.slice(body.length);
    answers.push({ status: Number(status), headers, body });
  }
  return { answers, wrong: null };
}

/** The body as it was sent: so long as its length says, or the empty one in pieces that Node's own answers have. Null: it is cut off. */
function bodyAt(text: string, headers: ReadonlyMap<string, string>): string | null {
  if (headers.get("transfer-encoding") === "chunked") return text.startsWith(NO_PIECES) ? NO_PIECES : null;
  const length = Number(headers.get("content-length") ?? 0);
  return text.length < length ? null : text.slice(0, length);
}
