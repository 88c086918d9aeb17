import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError, PageError } from "./access.ts";
import type { TokenRights } from "./access.ts";
import { answer } from "./api.ts";
import type { Created, PagureWorld } from "./api.ts";
import { htmlPage } from "./faults.ts";
import type { Fault, Trouble } from "./faults.ts";
import { readForm } from "./forms.ts";
import type { Form, PagureRequest } from "./forms.ts";
import { issuePage } from "./page.ts";
import { Tracker } from "./tracker.ts";
import { Armed } from "../armed.ts";
import { Calls } from "../calls.ts";
import { listen } from "../listen.ts";
import type { Instant } from "../../../domain/time.ts";

const HTML = "text/html; charset=utf-8";
/** Pagure's MAX_CONTENT_LENGTH (pagure/default_config.py). */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface PagureDoubleOptions {
  /** Default: this machine's clock. */
  readonly now?: () => Instant;
  /** Default 4 MiB, as Pagure. */
  readonly maxBodyBytes?: number;
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

/** A Pagure on this machine, with the strings to pull. */
export interface PagureDouble {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** The projects and issues, to be looked at and changed past the API. */
  readonly tracker: Tracker;
  /** Every call so far, in order of its answer. */
  readonly journal: readonly JournalEntry[];
  /** Adds a token, or changes the rights of one. Without `acls` it has those that clean-amis needs. */
  setToken(token: string, rights: Pick<TokenRights, "user"> & Partial<TokenRights>): void;
  /** Lets the next matching calls fail; the returned function lifts it. */
  fail(fault: Fault): () => void;
  /** Calls the listener after each entry in the journal; the returned function ends that. */
  onCall(listener: (entry: JournalEntry) => void): () => void;
  /** Cuts every connection and frees the port; may be called twice. */
  close(): Promise<void>;
}

/** What is sent back; a null body means nothing is. */
interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly created: Created | null;
}

/** Starts a Pagure double on a free port of 127.0.0.1. It has no project and no token yet. */
export async function startPagureDouble(options: PagureDoubleOptions = {}): Promise<PagureDouble> {
  const now = options.now ?? Date.now;
  const tracker = new Tracker(now);
  const tokens = new Map<string, TokenRights>();
  const faults = new Armed<Fault>();
  const calls = new Calls<JournalEntry>();
  const server = await listen("The Pagure double");
  const desk: Desk = {
    world: { base: server.origin, tracker, tokens, now },
    faults,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    closing: server.closing,
    record: (entry) => {
      calls.record(entry);
    },
  };
  server.serve((incoming, outgoing) => serve(desk, incoming, outgoing));

  return {
    url: server.origin,
    tracker,
    journal: calls.journal,
    setToken: (token, rights) => {
      tokens.set(token, { acls: ["issue_create", "issue_comment"], project: null, expiresAt: null, ...rights });
    },
    fail: (fault) => faults.add(fault),
    onCall: (listener) => calls.listen(listener),
    close: () => server.close(),
  };
}

/** What serving a call needs. */
interface Desk {
  readonly world: PagureWorld;
  readonly faults: Armed<Fault>;
  readonly maxBodyBytes: number;
  readonly closing: AbortSignal;
  readonly record: (entry: JournalEntry) => void;
}

function matches({ method, path }: Fault, request: PagureRequest): boolean {
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
  const reply = isIdle ? null : trouble?.kind === "answer" ? canned(trouble) : handle(desk.world, request);
  const isSilent = trouble?.kind === "withhold" || trouble?.kind === "cut" || trouble?.kind === "late";

  if (trouble?.kind === "cut") outgoing.destroy();
  if (reply !== null && !isSilent) {
    const whole = Buffer.from(reply.body);
    const sent = trouble?.kind === "truncate" ? whole.subarray(0, trouble.bytes) : whole;
    outgoing.writeHead(reply.status, { ...reply.headers, "content-length": sent.length }).end(sent);
  }
  desk.record({
    at: desk.world.now(),
    method: request.method,
    path: request.path,
    query: request.query.size > 0 ? `?${request.query.toString()}` : "",
    form: request.body === null ? {} : readForm(request),
    hasToken: request.authorization !== "",
    status: isSilent ? null : (reply?.status ?? null),
    created: reply?.created ?? null,
    trouble: trouble?.kind ?? null,
  });
}

/** Reads a request to its end, keeping no more of its body than allowed: a client that is still writing hears no answer. */
async function readRequest(incoming: IncomingMessage, maxBodyBytes: number): Promise<PagureRequest> {
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

function handle(world: PagureWorld, request: PagureRequest): Reply {
  try {
    const shown = issuePage(world, request);
    if (shown !== null) return { status: 200, headers: { "content-type": HTML }, body: shown, created: null };
    const { body, created } = answer(world, request);
    return json(200, body, created);
  } catch (error) {
    if (error instanceof ApiError) return json(error.status, error.body, null);
    if (error instanceof PageError) return page(error.status, error.message, error.headers);
    return page(500, `The Pagure double failed: ${String(error)}`, {});
  }
}

function canned(trouble: Extract<Trouble, { kind: "answer" }>): Reply {
  if (typeof trouble.body !== "string") return json(trouble.status, trouble.body, null);
  return { status: trouble.status, headers: { "content-type": "text/html" }, body: trouble.body, created: null };
}

function json(status: number, body: object, created: Created | null): Reply {
  const headers = { "content-type": "application/json" };
  return { status, headers, body: `${JSON.stringify(body, null, 2)}\n`, created };
}

function page(status: number, title: string, headers: Readonly<Record<string, string>>): Reply {
  const body = htmlPage(`${status} ${title}`);
  return { status, headers: { ...headers, "content-type": HTML }, body, created: null };
}
