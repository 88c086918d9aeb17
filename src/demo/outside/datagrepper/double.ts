import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { answer, json, page } from "./answer.ts";
import type { Call, Reply, Shelf } from "./answer.ts";
import { Timeline } from "./archive.ts";
import type { ArchivedMessage, MessageSource } from "./archive.ts";
import { gatewayPage } from "./faults.ts";
import type { Fault, Trouble } from "./faults.ts";
import { Armed } from "../armed.ts";
import { Calls } from "../calls.ts";
import { listen } from "../listen.ts";
import { DAY_MS, SECOND_MS } from "../../../domain/time.ts";
import type { Instant } from "../../../domain/time.ts";

/** Where datagrepper lives on its host. */
const BASE = "/datagrepper";

export interface DatagrepperOptions {
  /** What the archive holds: a list, or a source such as `generateMonth` that makes each message when it is asked for. */
  readonly messages?: MessageSource | readonly ArchivedMessage[];
  /** Default: this machine's clock. */
  readonly now?: () => Instant;
  /** DEFAULT_QUERY_DELTA, in seconds: what a missing start or end means. Default 86400, as in production. */
  readonly defaultDelta?: number;
  /** Whether equal timestamps come in another order with each call. The database promises none. Default true. */
  readonly isTieOrderChanging?: boolean;
}

/** One call, written down when it was answered, or when it was decided that it will not be. */
export interface JournalEntry {
  readonly at: Instant;
  readonly method: string;
  /** Without the base: `/raw`. */
  readonly path: string;
  /** With the question mark; empty without one. */
  readonly query: string;
  readonly userAgent: string;
  /** null: no answer is given. */
  readonly status: number | null;
  /** What the query found and sent; null where it was not searched. */
  readonly found: { readonly total: number; readonly count: number } | null;
  readonly trouble: Trouble["kind"] | null;
}

/** A datagrepper on this machine, with the strings to pull. */
export interface DatagrepperDouble {
  /** `http://127.0.0.1:PORT/datagrepper` */
  readonly url: string;
  /** Every call so far, in order of its answer. */
  readonly journal: readonly JournalEntry[];
  /** Stores a further message, in its place in time; false when it was added before with the same id and time. */
  add(message: ArchivedMessage): boolean;
  /** Lets the next matching calls fail; the returned function lifts it. */
  fail(fault: Fault): () => void;
  /** Calls the listener after each entry in the journal; the returned function ends that. */
  onCall(listener: (entry: JournalEntry) => void): () => void;
  /** Cuts every connection and frees the port; may be called twice. */
  close(): Promise<void>;
}

/** Starts a datagrepper double on a free port of 127.0.0.1. */
export async function startDatagrepper(options: DatagrepperOptions = {}): Promise<DatagrepperDouble> {
  const now = options.now ?? Date.now;
  const timeline = new Timeline(options.messages ?? []);
  const faults = new Armed<Fault>();
  const calls = new Calls<JournalEntry>();
  const server = await listen("The datagrepper double");
  let salt = 0;
  const desk: Desk = {
    timeline,
    now,
    defaultDelta: options.defaultDelta ?? DAY_MS / SECOND_MS,
    nextSalt: () => (options.isTieOrderChanging === false ? 0 : (salt += 1)),
    faults,
    closing: server.closing,
    record: (entry) => {
      calls.record(entry);
    },
  };
  server.serve((incoming, outgoing) => serve(desk, incoming, outgoing));

  return {
    url: `${server.origin}${BASE}`,
    journal: calls.journal,
    add: (message) => timeline.add(message),
    fail: (fault) => faults.add(fault),
    onCall: (listener) => calls.listen(listener),
    close: () => server.close(),
  };
}

/** What serving a call needs. */
interface Desk extends Shelf {
  readonly faults: Armed<Fault>;
  readonly closing: AbortSignal;
  readonly record: (entry: JournalEntry) => void;
}

async function serve(desk: Desk, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = new URL(incoming.url ?? "/", "http://double");
  const path = pathname.startsWith(`${BASE}/`) ? pathname.slice(BASE.length).replace(/\/$/, "") : "";
  // A HEAD is a GET whose body is not sent, here as in Flask.
  const method = incoming.method === "HEAD" ? "GET" : (incoming.method ?? "GET");
  const trouble = desk.faults.take(({ when }) => when?.(path, query) ?? true)?.trouble ?? null;
  if (trouble?.kind === "delay") await wait(trouble.ms, undefined, { signal: desk.closing });
  const call: Call = { method, path, query, accept: incoming.headers.accept };
  const reply = trouble?.kind === "cut" || trouble?.kind === "withhold" ? null : replyTo(desk, call, trouble);
  if (reply !== null) send(outgoing, reply, trouble);
  else if (trouble?.kind === "cut") outgoing.destroy();
  desk.record({
    at: desk.now(),
    method: incoming.method ?? "GET",
    path,
    query: query.size > 0 ? `?${query.toString()}` : "",
    userAgent: incoming.headers["user-agent"] ?? "",
    status: reply?.status ?? null,
    found: reply?.found ?? null,
    trouble: trouble?.kind ?? null,
  });
}

function replyTo(desk: Desk, call: Call, trouble: Trouble | null): Reply {
  if (trouble?.kind === "gateway") return page(trouble.status, gatewayPage(trouble.status));
  if (trouble?.kind !== "answer") return answer(desk, call);
  const { status, body, headers } = trouble;
  const reply = typeof body === "string" ? page(status, body) : json(status, body, "application/json");
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function send(outgoing: ServerResponse, reply: Reply, trouble: Trouble | null): void {
  const whole = Buffer.from(reply.body);
  const isPart = trouble?.kind === "truncate" || trouble?.kind === "break";
  const sent = isPart ? whole.subarray(0, trouble.bytes) : whole;
  const announced = trouble?.kind === "break" ? whole.length : sent.length;
  outgoing.writeHead(reply.status, { ...reply.headers, "content-length": announced });
  if (trouble?.kind !== "break") outgoing.end(sent);
  else
    outgoing.write(sent, () => {
      outgoing.destroy();
    });
}
