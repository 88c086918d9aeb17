import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { etagOf, isKnown, Problem, problemAnswer, type Answer } from "./answer.ts";
import { findRoute, type Route } from "./routes.ts";
import { ConfigError, describeError, RefusedError, UpstreamError } from "../errors.ts";
import { within } from "../limit.ts";
import type { Log } from "../ports/index.ts";

/** Where it is served, and what. */
export interface ServerOptions {
  /** An address of this machine; "" for all. */
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly routes: readonly Route[];
  /** A problem for people; programs get it as JSON. */
  readonly asPage: (problem: Problem) => Answer;
  readonly log: Log;
  readonly bounds?: Bounds;
}

export interface HttpServer {
  /** `http://127.0.0.1:8070` */
  readonly url: string;
  /** Ends every connection; resolves when that is done. */
  close(): Promise<void>;
}

/** What one client may cost. */
export interface Bounds {
  /** Requests that are worked at once; `/live` is answered past them. */
  readonly most: number;
  /** For the work, and once more for the client to take the answer, in milliseconds. */
  readonly withinMs: number;
  readonly longestUrl: number;
}

export const BOUNDS: Bounds = { most: 50, withinMs: 5_000, longestUrl: 2_048 };
const LONGEST_HEADERS = 8 * 1024;
/** Idle and half-open ones among them. */
const MOST_CONNECTIONS = 500;

/** No script, nothing from elsewhere, in nobody's frame. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves the routes by HTTP/1.1, GET and HEAD alone, with a bound on everything that a client can ask of us. Throws
 * `ConfigError` when the address cannot be had.
 */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { address, port, log, bounds = BOUNDS } = options;
  const desk = new Desk(options, bounds);
  const server = createServer({
    maxHeaderSize: LONGEST_HEADERS,
    headersTimeout: bounds.withinMs,
    requestTimeout: bounds.withinMs,
    keepAliveTimeout: bounds.withinMs,
    connectionsCheckingInterval: Math.min(1_000, bounds.withinMs),
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("connection", (socket) => {
    socket.once("close", () => {
      desk.forget(socket);
    });
  });
  server.on("request", (request, response) => void desk.serve(request, response));
  await listen(server, address, port);
  server.on("error", (error) => {
    log.warn({ error: describeError(error) }, "the monitoring server met an error");
  });
  const { port: taken } = server.address() as AddressInfo;
  const host = address === "" ? "localhost" : address.includes(":") ? `[${address}]` : address;
  return {
    url: `http://${host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new ConfigError(`monitoring: ${address === "" ? "port" : `${address} port`} ${port} ${whyNot(error)}`));
    });
    server.listen({ port, ...(address === "" ? {} : { host: address }) }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

const NO_ADDRESS = "is no address of this machine: mend monitoring.address";
const WHY_NOT: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use: give monitoring.port another one, or end who has it",
  EACCES: "is not allowed to this user: give monitoring.port one above 1023",
  EADDRNOTAVAIL: NO_ADDRESS,
  ENOTFOUND: NO_ADDRESS,
  EINVAL: NO_ADDRESS,
};

function whyNot(error: NodeJS.ErrnoException): string {
  const otherwise = `cannot be served: ${describeError(error)}: mend monitoring.address and monitoring.port`;
  return WHY_NOT[error.code ?? ""] ?? otherwise;
}

/** Takes requests, and sends what the routes answer. */
class Desk {
  readonly #routes: readonly Route[];
  readonly #asPage: (problem: Problem) => Answer;
  readonly #bounds: Bounds;
  readonly #log: Log;
  #working = 0;
  /** Of each client, how long its answers are waited for. */
  readonly #patience = new WeakMap<Socket, Set<NodeJS.Timeout>>();

  constructor({ routes, asPage, log }: ServerOptions, bounds: Bounds) {
    this.#routes = routes;
    this.#asPage = asPage;
    this.#bounds = bounds;
    this.#log = log;
  }

  /** Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that takes its answer byte by byte is not waited for.
    const patience = setTimeout(() => request.socket.destroy(), 2 * this.#bounds.withinMs);
    const ofClient = this.#patience.get(request.socket) ?? new Set();
    this.#patience.set(request.socket, ofClient.add(patience));
    response.once("close", () => {
      clearTimeout(patience);
      ofClient.delete(patience);
    });
    response.on("error", (error) => {
      this.#log.debug({ error: describeError(error) }, "a client has gone");
    });
    send(request, response, await this.#answerTo(request));
  }

  /** A client has gone. Of requests that it sent at once, those that had not their turn yet do not tell it. */
  forget(socket: Socket): void {
    for (const patience of this.#patience.get(socket) ?? []) clearTimeout(patience);
  }

  async #answerTo({ method, url = "/", headers }: IncomingMessage): Promise<Answer> {
    try {
      if (method !== "GET" && method !== "HEAD")
        throw new Problem(405, "Method Not Allowed", "there is nothing here but to read", { allow: "GET, HEAD" });
      if (url.length > this.#bounds.longestUrl)
        throw new Problem(414, "URI Too Long", `at most ${this.#bounds.longestUrl} characters`);
      if (!url.startsWith("/")) throw new Problem(400, "Bad Request", "the address has to begin with /");
      const { route, asked } = findRoute(this.#routes, url);
      // It says that this loop turns, and nothing else.
      if (route.path === "/live") return await route.answer(asked);
      return await this.#work(() => route.answer(asked));
    } catch (error) {
      const problem = this.#problemOf(error);
      return headers.accept?.includes("text/html") === true ? this.#asPage(problem) : problemAnswer(problem);
    }
  }

  /** Counted until it has truly ended, whoever still waits for it. */
  async #work(answer: () => Promise<Answer> | Answer): Promise<Answer> {
    if (this.#working >= this.#bounds.most)
      throw new Problem(503, "Service Unavailable", "too many ask at once: try again", { "retry-after": "5" });
    this.#working += 1;
    const working = Promise.resolve()
      .then(answer)
      .finally(() => {
        this.#working -= 1;
      });
    const { withinMs } = this.#bounds;
    return within(withinMs, working, () => late(withinMs));
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof UpstreamError || error instanceof RefusedError) {
      this.#log.debug({ error: error.message }, "a page could not be made");
      return new Problem(503, "Service Unavailable", `${error.service} does not answer as it should: try again`, {
        "retry-after": "5",
      });
    }
    this.#log.error({ error: error instanceof Error ? (error.stack ?? error.message) : describeError(error) }, "bug");
    return new Problem(500, "Internal Server Error", "clean-amis has a bug there; its log says more");
  }
}

function late(limitMs: number): Problem {
  return new Problem(503, "Service Unavailable", `it took longer than ${limitMs} ms: try again`);
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { body, headers = {} } = answer;
  const etag = answer.maxAgeS === null ? null : etagOf(body);
  const isOld = etag !== null && isKnown(etag, request.headers["if-none-match"]);
  response.writeHead(isOld ? 304 : answer.status, {
    ...HEADERS,
    "cache-control": answer.maxAgeS === null ? "no-store" : `max-age=${answer.maxAgeS}`,
    ...(etag === null ? {} : { etag }),
    ...(isOld ? {} : { "content-type": answer.type, "content-length": Buffer.byteLength(body) }),
    ...headers,
  });
  response.end(isOld || request.method === "HEAD" ? undefined : body);
}
