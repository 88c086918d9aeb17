import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** An HTTP server that hangs: it takes every request, and answers nothing, or a head and the beginning of a body. */
export class MuteServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #asked: () => void = () => undefined;
  /** Resolves when it was asked for something. */
  readonly asked = new Promise<void>((resolve) => (this.#asked = resolve));

  private constructor(stallsIn: "head" | "body") {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => {
        if (stallsIn === "body")
          socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 1000\r\n\r\n<");
        this.#asked();
      });
    });
  }

  static async open(stallsIn: "head" | "body"): Promise<MuteServer> {
    const mute = new MuteServer(stallsIn);
    await new Promise<void>((resolve) => mute.#server.listen(0, "127.0.0.1", resolve));
    return mute;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
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
