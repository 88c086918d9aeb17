import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { Transform, type TransformCallback } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

/** Hands on what comes, in its order, each piece so much later. */
class Late extends Transform {
  readonly #delayMs: () => number;
  #all: Promise<unknown> = Promise.resolve();

  constructor(delayMs: () => number) {
    super();
    this.#delayMs = delayMs;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const delayMs = this.#delayMs();
    const due = delayMs > 0 ? pause(delayMs) : undefined;
    this.#all = this.#all.then(() => due).then(() => this.push(chunk));
    done();
  }

  override _flush(done: TransformCallback): void {
    void this.#all.then(() => {
      done();
    });
  }
}

/**
 * A TCP proxy in front of a server, that a test can cut, let stall, slow down, and mend: what a network does, or a server that
 * hangs.
 */
export class CuttableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: URL;
  #isCut = false;
  #isStalled = false;
  #delayMs = 0;

  private constructor(target: URL, met: (client: Socket) => void) {
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
      met(client);
      const upstream = connect(Number(this.#target.port), this.#target.hostname);
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(one);
        one.pipe(new Late(() => this.#delayMs)).pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  /** `met` is told of each connection that is led on. */
  static async open(target: string, met: (client: Socket) => void = () => undefined): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(target), met);
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

  /** Ends what is open as a network does that has forgotten it; whoever comes anew is served. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Whatever goes through from now on, in either direction, takes so much longer; what is open stays open. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
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
