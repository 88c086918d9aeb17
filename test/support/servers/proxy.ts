import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A TCP proxy in front of a server, that a test can cut, let stall, and mend: what a network does, or a server that hangs. */
export class CuttableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: URL;
  #isCut = false;
  #isStalled = false;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => {
      if (this.#isCut) {
        client.destroy();
        return;
      }
      if (this.#isStalled) {
        this.#sockets.add(client);
        client.on("error", () => undefined);
        return;
      }
      const upstream = connect(Number(this.#target.port), this.#target.hostname);
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async open(target: string): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The target's address with the proxy's port in place. */
  urlFor(target: string): string {
    const url = new URL(target);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connections stay open and new ones are taken, but nothing comes through any more. */
  stall(): void {
    this.#isStalled = true;
    this.hang();
  }

  /** What is open stays open and brings nothing more, as when its other end has vanished; whoever comes anew is served. */
  hang(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** After a stall: what stood still is cut, and whoever comes anew gets through. */
  resume(): void {
    this.#isStalled = false;
    this.cut();
    this.mend();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Whoever comes anew meets another server; what is open stays where it is. */
  follow(target: string): void {
    this.#target = new URL(target);
  }

  /** Cuts what is open; whoever comes again meets another server, as behind an address that follows the master. */
  aim(target: string): void {
    this.cut();
    this.#target = new URL(target);
    this.mend();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
