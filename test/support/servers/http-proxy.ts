import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Watch } from "../sweep/point.ts";

/** A proxy in front of an HTTP server that passes on requests and answers whole, each when the watch lets it. */
export class HttpProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `name` goes before what a call is told as: its EC2 action, or its method and path. */
  static async open(name: string, target: string, watch: Watch): Promise<HttpProxy> {
    const server = createServer((incoming, outgoing) => {
      passOn(name, target, watch, incoming, outgoing).catch(() => {
        // Whoever is killed in the middle of a call leaves a connection that cannot be read or written.
        outgoing.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new HttpProxy(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeAllConnections();
    await ended;
  }
}

async function passOn(
  name: string,
  target: string,
  watch: Watch,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = "", url = "", headers } = incoming;
  const body = await wholeOf(incoming);
  const action = /(?:^|&)Action=(?<action>\w+)/.exec(body.toString("latin1"))?.groups?.["action"];
  const call = await watch(`${name} ${action ?? `${method} ${url}`}`);
  const passed = request(new URL(url, target), { method, headers, agent: false });
  passed.end(body);
  const [answer] = (await once(passed, "response")) as [IncomingMessage];
  const text = await wholeOf(answer);
  await call.answered();
  const perHop = ["transfer-encoding", "connection"];
  const kept = Object.fromEntries(Object.entries(answer.headers).filter(([header]) => !perHop.includes(header)));
  outgoing.writeHead(answer.statusCode ?? 502, { ...kept, "content-length": text.length });
  outgoing.end(text, call.sent);
}

async function wholeOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
