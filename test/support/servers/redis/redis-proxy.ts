import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { PassedCall } from "../../sweep/point.ts";

/** As the sweep's, with the command whole. */
type Watch = (call: string, frame: Buffer) => Promise<PassedCall>;

/** A proxy in front of a Redis that passes on commands and replies one by one, each when the watch lets it. */
export class RedisProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: URL, watch: Watch) {
    this.#server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      this.#join(client, upstream);
      passOn(client, upstream, watch);
    });
  }

  static async open(target: string, watch: Watch): Promise<RedisProxy> {
    const proxy = new RedisProxy(new URL(target), watch);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  /** What ends one side ends the other. */
  #join(client: Socket, upstream: Socket): void {
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.end();
      });
    }
  }
}

function passOn(client: Socket, upstream: Socket, watch: Watch): void {
  const underWay: PassedCall[] = [];
  const [requests, replies] = [new Frames(), new Frames()];
  let passing = Promise.resolve();
  let answering = Promise.resolve();
  client.on("data", (chunk) => {
    for (const frame of requests.add(chunk))
      passing = passing.then(async () => {
        underWay.push(await watch(`redis ${describe(frame)}`, frame));
        upstream.write(frame);
      });
  });
  upstream.on("data", (chunk) => {
    // Redis answers in the order of the commands.
    for (const frame of replies.add(chunk))
      answering = answering.then(async () => {
        const call = underWay.shift();
        await call?.answered();
        client.write(call?.instead?.() ?? frame);
        call?.sent();
      });
  });
}

/** The command and its keys, as far as they name any: `EVALSHA clean-amis:{us-east-1}:private`. */
function describe(frame: Buffer): string {
  const [command = "", ...words] = frame
    .toString("latin1")
    .split("\r\n")
    .filter((_, index) => index % 2 === 0 && index > 0);
  return [command.toUpperCase(), ...words.filter((word) => /^[\w.-]+:[\w.:{}-]+$/.test(word)).slice(0, 1)].join(" ");
}

/** A stream of RESP cut into its frames. */
class Frames {
  #rest: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    for (let end = endOf(this.#rest, 0); end !== null; end = endOf(this.#rest, 0)) {
      frames.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

/** Where the value ends that begins at `start`, or null when it is not whole (Redis' "RESP protocol specification", 2 and 3). */
function endOf(bytes: Buffer, start: number): number | null {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd < 0) return null;
  const type = String.fromCharCode(bytes[start] ?? 0);
  const length = Number(bytes.toString("latin1", start + 1, lineEnd));
  const afterLine = lineEnd + 2;
  if ("$!=".includes(type)) {
    const end = length < 0 ? afterLine : afterLine + length + 2;
    return end <= bytes.length ? end : null;
  }
  if (!"*~>%".includes(type)) return afterLine;
  let at: number | null = afterLine;
  for (let left = type === "%" ? length * 2 : length; left > 0 && at !== null; left -= 1) at = endOf(bytes, at);
  return at;
}
