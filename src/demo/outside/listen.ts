import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A server of a double that has its port. */
export interface Listening {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Aborts when the double is closed. */
  readonly closing: AbortSignal;
  /** Whatever `answer` throws while a client waits for it is a bug, a listener's own error among it, and ends the process. */
  serve(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>): void;
  /** Cuts every connection and frees the port; may be called twice. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. `name`: who wanted it, for the error. */
export async function listen(name: string): Promise<Listening> {
  const closing = new AbortController();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`${name} got no port.`);
  const stop = async (): Promise<void> => {
    closing.abort();
    const ended = once(server, "close");
    server.close();
    server.closeAllConnections();
    await ended;
  };
  let closed: Promise<void> | null = null;
  return {
    origin: `http://127.0.0.1:${address.port}`,
    closing: closing.signal,
    serve: (answer) => {
      server.on("request", (incoming, outgoing) => {
        // Node takes it from the machine's clock, and this process may live by another.
        outgoing.setHeader("date", new Date(Date.now()).toUTCString());
        answer(incoming, outgoing).catch((error: unknown) => {
          outgoing.destroy();
          // A client that hung up, or the double's end, leaves nobody to answer.
          if (incoming.complete && !closing.signal.aborted) throw error;
        });
      });
    },
    close: () => (closed ??= stop()),
  };
}
