import { createHash } from "node:crypto";

/** What is sent for a request. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** How long it may be shown again without asking, in seconds; null: it is asked for each time. */
  readonly maxAgeS: number | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that cannot be answered as it stands; it becomes `application/problem+json` (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;

  /** `detail` is shown to whoever asked: one sentence, with what to do. */
  constructor(status: number, title: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.headers = headers;
  }
}

/** The query is wrong: which parameter, and what it may be. */
export function badParameter(name: string, allowed: string): Problem {
  return new Problem(400, "Bad Request", `${name}: ${allowed}`);
}

export function problemAnswer({ status, title, message, headers }: Problem): Answer {
  const body = `${JSON.stringify({ type: "about:blank", title, status, detail: message })}\n`;
  return { status, type: "application/problem+json", body, maxAgeS: null, headers };
}

/** For figures that a program reads: they hold for a few seconds. */
export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n`, maxAgeS: status === 200 ? 5 : null };
}

/** The strong validator of a body (RFC 9110, section 8.8.3). */
export function etagOf(body: string): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
}

/** Whether the client has this body already, by its `If-None-Match`. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const known = ifNoneMatch.split(",").map((each) => each.trim().replace(/^W\//, ""));
  return known.includes(etag) || known.includes("*");
}
