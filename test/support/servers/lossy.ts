import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** In front of a Redis: cuts the connection in place of one answer, after the command was done. */
export class LossyProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #wanted: string | null = null;
  #isDone = false;
  /** How many answers were lost. */
  lost = 0;

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      this.#sockets.add(client).add(upstream);
      client.on("data", (chunk) => {
        this.#isDone ||= this.#wanted !== null && chunk.includes(this.#wanted);
        upstream.write(chunk);
      });
      upstream.on("data", (chunk) => {
        if (!this.#isDone) {
          client.write(chunk);
          return;
        }
        [this.#wanted, this.#isDone] = [null, false];
        this.lost += 1;
        client.destroy();
      });
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
  }

  static async open(target: string): Promise<LossyProxy> {
    const proxy = new LossyProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The answer to the next command that has this in it is lost. */
  loseAnswerTo(part: string): void {
    this.#wanted = part;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
