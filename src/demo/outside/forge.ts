import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { Armed } from "./armed.ts";
import { Calls } from "./calls.ts";
import type { Fault, Trouble } from "./faults.ts";
import { listen } from "./listen.ts";
import type { Tracker } from "./tracker.ts";
import type { Instant } from "../../domain/time.ts";

/** A request as the handlers see it. */
export interface ForgeRequest {
  readonly method: string;
  /** Without the query, decoded: `/api/0/releng/reports/issues`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The `Authorization` header, empty without one. */
  readonly authorization: string;
  readonly contentType: string;
  /** Null when the body is above the limit. */
  readonly body: string | null;
}

/** What was sent along, field by field. */
export type Form = Readonly<Record<string, string>>;

/** What a call made. */
export type Created =
  | { readonly kind: "issue"; readonly project: string; readonly issueId: number }
  | { readonly kind: "comment"; readonly project: string; readonly issueId: number; readonly commentId: number };

/** What is sent back. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly created: Created | null;
}

/** What a double of a forge is made of. */
interface Workings {
  readonly name: string;
  readonly now: () => Instant;
  readonly tracker: Tracker;
  readonly maxBodyBytes: number;
  /** `base`: the instance's address, without a slash at its end. */
  readonly answer: (base: string, request: ForgeRequest) => Reply;
  readonly formOf: (request: ForgeRequest) => Form;
}

/** One call, written down when it was answered, or when it was decided that it will not be. It holds no token. */
export interface JournalEntry {
  readonly at: Instant;
  readonly method: string;
  readonly path: string;
  /** With the question mark; empty without one. */
  readonly query: string;
  readonly form: Form;
  readonly hasToken: boolean;
  /** null: no answer is given. */
  readonly status: number | null;
  readonly created: Created | null;
  readonly trouble: Trouble["kind"] | null;
}

/** A forge on this machine, with the strings to pull. */
export interface ForgeDouble {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The projects and issues, to be looked at and changed past the API. */
  readonly tracker: Tracker;
  /** Every call so far, in order of its answer. */
  readonly journal: readonly JournalEntry[];
  /** Lets the next matching calls fail; the returned function lifts it. */
  fail(fault: Fault): () => void;
  /** Calls the listener after each entry in the journal; the returned function ends that. */
  onCall(listener: (entry: JournalEntry) => void): () => void;
  /** Cuts every connection and frees the port; may be called twice. */
  close(): Promise<void>;
}

/** Starts a double of a forge on a free port of 127.0.0.1. */
export async function startForge(workings: Workings): Promise<ForgeDouble> {
  const faults = new Armed<Fault>();
  const calls = new Calls<JournalEntry>();
  const server = await listen(`The ${workings.name} double`);
  const desk: Desk = {
    ...workings,
    base: server.origin,
    faults,
    closing: server.closing,
    record: (entry) => {
      calls.record(entry);
    },
  };
  server.serve((incoming, outgoing) => serve(desk, incoming, outgoing));
  return {
    url: server.origin,
    tracker: workings.tracker,
    journal: calls.journal,
    fail: (fault) => faults.add(fault),
    onCall: (listener) => calls.listen(listener),
    close: () => server.close(),
  };
}

/** What serving a call needs. */
interface Desk extends Workings {
  readonly base: string;
  readonly faults: Armed<Fault>;
  readonly closing: AbortSignal;
  readonly record: (entry: JournalEntry) => void;
}

function matches({ method, path }: Fault, request: ForgeRequest): boolean {
  return (method ?? request.method) === request.method && (path?.test(request.path) ?? true);
}

async function serve(desk: Desk, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = await readRequest(incoming, desk.maxBodyBytes);
  const trouble = desk.faults.take((fault) => matches(fault, request))?.trouble;
  if (trouble?.kind === "delay") await wait(trouble.ms, undefined, { signal: desk.closing });
  if (trouble?.kind === "late") {
    outgoing.destroy();
    await trouble.when;
  }
  const isIdle = (trouble?.kind === "withhold" || trouble?.kind === "cut") && !trouble.takesEffect;
  const reply = isIdle ? null : trouble?.kind === "answer" ? canned(trouble) : desk.answer(desk.base, request);
  const isSilent = trouble?.kind === "withhold" || trouble?.kind === "cut" || trouble?.kind === "late";

  if (trouble?.kind === "cut") outgoing.destroy();
  if (reply !== null && !isSilent) {
    const whole = Buffer.from(reply.body);
    const sent = trouble?.kind === "truncate" ? whole.subarray(0, trouble.bytes) : whole;
    outgoing.writeHead(reply.status, { ...reply.headers, "content-length": sent.length }).end(sent);
  }
  desk.record({
    at: desk.now(),
    method: request.method,
    path: request.path,
    query: request.query.size > 0 ? `?${request.query.toString()}` : "",
    form: request.body === null ? {} : desk.formOf(request),
    hasToken: request.authorization !== "",
    status: isSilent ? null : (reply?.status ?? null),
    created: reply?.created ?? null,
    trouble: trouble?.kind ?? null,
  });
}

/** Reads a request to its end, keeping no more of its body than allowed: a client that is still writing hears no answer. */
async function readRequest(incoming: IncomingMessage, maxBodyBytes: number): Promise<ForgeRequest> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  const address = new URL(incoming.url ?? "/", "http://double");
  return {
    method: incoming.method ?? "GET",
    path: decodeURIComponent(address.pathname),
    query: address.searchParams,
    authorization: incoming.headers.authorization ?? "",
    contentType: incoming.headers["content-type"] ?? "",
    body: bytes > maxBodyBytes ? null : Buffer.concat(chunks).toString("utf8"),
  };
}

function canned({ status, body, headers = {} }: Extract<Trouble, { kind: "answer" }>): Reply {
  if (typeof body !== "string") return jsonReply(status, body, { headers });
  return { status, headers: { ...headers, "content-type": "text/html" }, body, created: null };
}

/** An answer as forges write it. */
export function jsonReply(
  status: number,
  body: object,
  { headers = {}, created = null }: { readonly headers?: Reply["headers"]; readonly created?: Created | null } = {},
): Reply {
  const all = { ...headers, "content-type": "application/json" };
  return { status, headers: all, body: `${JSON.stringify(body, null, 2)}\n`, created };
}
