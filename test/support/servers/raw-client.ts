import { connect, type Socket } from "node:net";
import type { Test } from "tap";
import { content, FrameReader, longText, METHOD, method, nameOf, shortText, u16, u32 } from "./broker/frames.ts";

const PROTOCOL = Buffer.from("AMQP\0\0\x09\x01", "latin1");
const CHANNEL = 1;

/** A publisher that hands a broker any bytes as properties, each message confirmed. */
export class RawClient {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #answered: (name: string) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      for (const frame of this.#reader.read(bytes)) if (frame.type === METHOD) this.#answered(nameOf(frame));
    });
    socket.on("close", () => {
      this.#answered("the connection's end");
    });
  }

  static async open(t: Test, address: string): Promise<RawClient> {
    const { hostname, port, username, password } = new URL(address);
    const client = new RawClient(connect(Number(port), hostname));
    t.teardown(() => client.#socket.destroy());
    await client.#ask("10.10", PROTOCOL);
    const login = longText(`\0${username}\0${password}`);
    await client.#ask("10.30", method(0, "10.11", u32(0), shortText("PLAIN"), login, shortText("en_US")));
    client.#socket.write(method(0, "10.31", u16(2047), u32(131072), u16(0)));
    await client.#ask("10.41", method(0, "10.40", shortText("/"), shortText(""), Buffer.of(0)));
    await client.#ask("20.11", method(CHANNEL, "20.10", shortText("")));
    await client.#ask("85.11", method(CHANNEL, "85.10", Buffer.of(0)));
    return client;
  }

  /** Resolves when the broker has taken it; rejects when it answers anything else. */
  async publish(exchange: string, routingKey: string, properties: Buffer, body: Buffer): Promise<void> {
    const publish = method(CHANNEL, "60.40", u16(0), shortText(exchange), shortText(routingKey), Buffer.of(0));
    await this.#ask("60.80", Buffer.concat([publish, content(CHANNEL, properties, body)]));
  }

  async #ask(expected: string, bytes: Buffer): Promise<void> {
    const answer = await new Promise<string>((resolve) => {
      this.#answered = resolve;
      this.#socket.write(bytes);
    });
    if (answer !== expected) throw new Error(`the broker answered ${answer} in place of ${expected}`);
  }
}
