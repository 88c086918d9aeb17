import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Test } from "tap";
import { content, FrameReader, longText, METHOD, method, nameOf, shortText, u16, u32, u64 } from "./frames.ts";

const GREETING_BYTES = 8;

/** The methods that a consumer, or a publisher, sends, and what a broker says to each that has an answer. */
const NAMES = {
  "10.11": "connection.start-ok",
  "10.31": "connection.tune-ok",
  "10.40": "connection.open",
  "10.50": "connection.close",
  "20.10": "channel.open",
  "20.40": "channel.close",
  "40.10": "exchange.declare",
  "50.10": "queue.declare",
  "50.20": "queue.bind",
  "60.10": "basic.qos",
  "60.20": "basic.consume",
  "60.30": "basic.cancel",
  "60.40": "basic.publish",
  "60.80": "basic.ack",
  "60.120": "basic.nack",
  "85.10": "confirm.select",
} as const;

export type Asked = (typeof NAMES)[keyof typeof NAMES];

const ANSWERS: Partial<Record<Asked, (channel: number) => Buffer>> = {
  "connection.start-ok": () => method(0, "10.30", u16(2047), u32(131072), u16(0)),
  "connection.open": () => method(0, "10.41", shortText("")),
  "connection.close": () => method(0, "10.51"),
  "channel.open": (channel) => method(channel, "20.11", longText("")),
  "channel.close": (channel) => method(channel, "20.41"),
  "exchange.declare": (channel) => method(channel, "40.11"),
  "queue.declare": (channel) => method(channel, "50.11", shortText("raw"), u32(0), u32(0)),
  "queue.bind": (channel) => method(channel, "50.21"),
  "basic.qos": (channel) => method(channel, "60.11"),
  "basic.consume": (channel) => method(channel, "60.21", shortText("tag")),
  "basic.cancel": (channel) => method(channel, "60.31", shortText("tag")),
  "confirm.select": (channel) => method(channel, "85.11"),
};

/** What a broker does in place of an answer. */
export type Conduct = (socket: Socket, channel: number) => void;

export const reset: Conduct = (socket) => socket.resetAndDestroy();
export const hangUp: Conduct = (socket) => socket.end();
export const freeze: Conduct = () => undefined;

/** A broker that refuses, closing the connection (method 10.50) or the channel (20.40). */
export function refuse(code: number, text: string, what: "connection" | "channel" = "channel"): Conduct {
  return (socket, channel) => {
    const [on, name] = what === "channel" ? [channel, "20.40"] : [0, "10.50"];
    socket.write(method(on, name, u16(code), shortText(text), u16(0), u16(0)));
  };
}

/** A broker of one queue that says what a test lets it say, byte by byte: what RabbitMQ would keep to itself. */
export class RawBroker {
  readonly #scheme: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #consumer: { readonly socket: Socket; readonly channel: number } | null = null;
  #tag = 0n;
  #waiting: { readonly what: Asked; readonly count: number; readonly done: () => void }[] = [];
  /** What was asked, in order, and over how many connections. */
  readonly asked: Asked[] = [];
  connections = 0;
  /** How a client introduced itself: the arguments of its last `start-ok`. */
  introduction: Buffer = Buffer.alloc(0);
  /** The heartbeat that was agreed on, in seconds. */
  heartbeat: number | null = null;
  /** The highest delivery that was acknowledged. */
  acknowledged = 0n;
  conduct: Partial<Record<Asked | "connect", Conduct>> = {};

  private constructor(tls: TlsOptions | null) {
    const greet = (socket: Socket): void => {
      this.#greet(socket);
    };
    this.#scheme = tls === null ? "amqp" : "amqps";
    this.#server = tls === null ? createServer(greet) : createTlsServer(tls, greet);
  }

  static async open(t: Test, conduct: RawBroker["conduct"] = {}, tls: TlsOptions | null = null): Promise<RawBroker> {
    const broker = new RawBroker(tls);
    broker.conduct = conduct;
    await new Promise<void>((resolve) => broker.#server.listen(0, "127.0.0.1", resolve));
    t.teardown(() => {
      for (const socket of broker.#sockets) socket.destroy();
      broker.#server.close();
    });
    return broker;
  }

  get url(): string {
    return `${this.#scheme}://guest:guest@127.0.0.1:${(this.#server.address() as AddressInfo).port}/%2F`;
  }

  /** Delivers a message to the consumer; `properties` begins with the flags. */
  deliver(properties: Buffer, body: Buffer, routingKey: string | Buffer = "org.fedoraproject.prod.some.topic"): void {
    if (this.#consumer === null) throw new Error("nobody consumes");
    const { socket, channel } = this.#consumer;
    this.#tag += 1n;
    const tag = u64(this.#tag);
    socket.write(
      method(channel, "60.60", shortText("tag"), tag, Buffer.of(0), shortText("amq.topic"), shortText(routingKey)),
    );
    socket.write(content(channel, properties, body));
  }

  /** Resets every connection. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resolves when somebody has connected. */
  async whenConnected(): Promise<void> {
    if (this.connections === 0) await once(this.#server, "connection");
  }

  /** Resolves when this was asked so often in all. */
  async whenAsked(what: Asked, count = 1): Promise<void> {
    await new Promise<void>((done) => {
      this.#waiting.push({ what, count, done });
      this.#tell();
    });
  }

  #tell(): void {
    for (const { what, count, done } of this.#waiting)
      if (this.asked.filter((each) => each === what).length >= count) done();
  }

  #greet(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    const onConnect = this.conduct.connect;
    if (onConnect !== undefined) {
      onConnect(socket, 0);
      return;
    }
    const reader = new FrameReader();
    let greeting = GREETING_BYTES;
    socket.on("data", (bytes) => {
      if (greeting > 0)
        socket.write(method(0, "10.10", Buffer.of(0, 9), u32(0), longText("PLAIN EXTERNAL"), longText("en_US")));
      for (const frame of reader.read(bytes.subarray(greeting)))
        if (frame.type === METHOD) this.#answer(socket, frame.channel, nameOf(frame), frame.payload.subarray(4));
      greeting = 0;
    });
  }

  #answer(socket: Socket, channel: number, number: string, args: Buffer): void {
    const name = (NAMES as Readonly<Record<string, Asked>>)[number];
    if (name === undefined) return;
    this.asked.push(name);
    if (name === "connection.start-ok") this.introduction = args;
    if (name === "connection.tune-ok") this.heartbeat = args.readUInt16BE(6);
    if (name === "basic.ack") this.acknowledged = args.readBigUInt64BE(0);
    if (name === "basic.consume") this.#consumer = { socket, channel };
    const conduct = this.conduct[name];
    if (conduct !== undefined) conduct(socket, channel);
    else {
      const answer = ANSWERS[name]?.(channel);
      if (answer !== undefined) socket.write(answer);
    }
    this.#tell();
  }
}
