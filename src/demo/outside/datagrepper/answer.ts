import { mimeOf, wantsHtml } from "./accept.ts";
import type { Timeline } from "./archive.ts";
import { gatewayPage } from "./faults.ts";
import { itemJson } from "./items.ts";
import type { Form } from "./items.ts";
import { argumentsJson, readQuery } from "./query.ts";
import type { Query } from "./query.ts";
import { Refusal, werkzeugPage } from "./refusal.ts";
import { search } from "./search.ts";
import type { Found } from "./search.ts";
import { writePythonJson } from "../../../domain/python-json.ts";
import type { Instant } from "../../../domain/time.ts";

/** A call as the server sees it. */
export interface Call {
  readonly method: string;
  /** Without the base and without a slash at its end: `/raw`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How many messages the query finds and how many are sent; null where it was not searched. */
  readonly found: { readonly total: number; readonly count: number } | null;
}

/** What the answers are made of. */
export interface Shelf {
  readonly timeline: Timeline;
  /** DEFAULT_QUERY_DELTA, in seconds. */
  readonly defaultDelta: number;
  readonly now: () => Instant;
  /** Another number, another order among equal timestamps. */
  readonly nextSalt: () => number;
}

const MOST_LEVELS = 990;

const FORMS: Readonly<Record<string, Form>> = { "/raw": "raw", "/v2/search": "v2" };

/** Answers a call as datagrepper/app.py does. */
export function answer(shelf: Shelf, call: Call): Reply {
  const form = FORMS[call.path];
  if (form === undefined) return json(404, { error: "not_found" }, "application/json");
  if (call.method !== "GET") {
    const words = "The method is not allowed for the requested URL.";
    const reply = page(405, werkzeugPage(405, "Method Not Allowed", words));
    return { ...reply, headers: { ...reply.headers, allow: "GET, HEAD, OPTIONS" } };
  }
  let query: Query | null = null;
  try {
    query = readQuery(call.query, shelf.defaultDelta, shelf.now());
    const found = search(shelf.timeline, query, shelf.nextSalt());
    return found200(call, form, query, found);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refused(error, query, call);
  }
}

function found200(call: Call, form: Form, query: Query, { total, pages, messages }: Found): Reply {
  const found = { total, count: messages.length };
  // The database's driver reads each row's JSON before the first of them is sent.
  if (messages.some(({ body }) => isTooDeep(body)))
    throw new Refusal("query", "maximum recursion depth exceeded while decoding a JSON array from a unicode string");
  const callback = call.query.get("callback");
  if (callback === null && wantsHtml(call.accept ?? "")) {
    const cards = messages.map(({ topic, id }) => `<div class="card" id="${id}">${topic}</div>\n`);
    return { ...page(200, `<!DOCTYPE html>\n<html><body>\n${cards.join("")}</body></html>\n`), found };
  }
  const items = messages.map((message) => itemJson(message, form, query.meta));
  const body = { raw_messages: items, total, pages, count: messages.length, arguments: argumentsJson(query) };
  if (callback === null) return { ...json(200, body, mimeOf(call.accept)), found };
  const script = { "content-type": "application/javascript" };
  return { status: 200, headers: script, body: `${callback}(${JSON.stringify(body)});`, found };
}

/** Python's `json` recurses, and gives up after a thousand levels or so. */
function isTooDeep(body: unknown): boolean {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS) return true;
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? (Object.values(value) as unknown[]) : [],
    );
  }
  return false;
}

function refused(refusal: Refusal, query: Query | null, call: Call): Reply {
  const { message } = refusal;
  switch (refusal.kind) {
    case "bad-request":
      return page(400, werkzeugPage(400, "Bad Request", message));
    case "internal": {
      const traceback = `Traceback (most recent call last):\n  …\nValueError: ${message}\n`;
      const detail = "500 Internal Server Error: The server encountered an internal error.";
      return json(500, { error: "internal_error", detail, traceback }, "application/json");
    }
    case "query":
      return json(500, { error: message, arguments: query === null ? {} : argumentsJson(query) }, mimeOf(call.accept));
    case "too-slow":
      return page(502, gatewayPage(502));
  }
}

export function json(status: number, body: object, type: string): Reply {
  return { status, headers: { "content-type": type }, body: writePythonJson(body), found: null };
}

export function page(status: number, body: string): Reply {
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body, found: null };
}
