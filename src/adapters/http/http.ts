import { AnswerError, retryAfterMs } from "./answer-error.ts";
import { Shortener } from "./shorten.ts";
import { wantedSignal } from "../abandon.ts";
import { apartMs, doAgree } from "../../domain/limits/clocks.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../../errors.ts";
import { limitedBy } from "../../limit.ts";
import type { Service } from "../../errors.ts";

/** How an upstream is spoken to. */
export interface HttpOptions {
  /** Named in every error. */
  readonly service: Service;
  /** Sent as `User-Agent`, so that an upstream's operators can find us. */
  readonly userAgent: string;
  /** From the start of a call to the last byte of its answer, in milliseconds. */
  readonly timeoutMs: number;
  /** The longest answer that is read, in bytes, without what is cut from its texts. @default 8388608 (8 MiB) */
  readonly maxBytes?: number;
  /** Texts in an answer are cut to so many bytes. @default they are read whole */
  readonly longestText?: number;
  /** Words that must stand in no error, such as a token. */
  readonly secrets?: readonly string[];
  /** Reads an answer; throws `SyntaxError` or `RangeError`. @default `JSON.parse` */
  readonly parse?: (text: string) => unknown;
}

export interface HttpCall {
  readonly method: "GET" | "POST" | "PATCH";
  readonly url: URL;
  /** What is asked for, to be named in errors, without any secret. */
  readonly about?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent form-encoded. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: object;
  /** The answer counts only if its clock and this machine's agree. @default false */
  readonly isClockAsked?: boolean;
}

/** An answer below 500. */
export interface HttpAnswer {
  readonly status: number;
  /** The parsed JSON. With a status of 300 or more: undefined when the body was no JSON. */
  readonly body: unknown;
  /** A header's value by its name, in any case; null: it is not there. */
  readonly header: (name: string) => string | null;
  /** The start of the body for people: without markup and secrets, on one line, at most 200 characters. */
  readonly words: string;
}

/** Sends one call and reads its JSON. */
export type Http = (call: HttpCall) => Promise<HttpAnswer>;

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;
/** So many characters of an answer that cannot be used are kept. */
const HEAD_LENGTH = 64 * 1024;
const NEXT = "it is tried again later";

/**
 * A client for upstreams that speak JSON, on the platform's `fetch`. A GET follows redirects; a POST does not, because
 * `fetch` would repeat it as a GET without its form. Each call throws `UpstreamError` for what may pass: no connection (the
 * system's code), a time-out (`TIMEOUT`), 408, 425, 429 and 5xx (`HTTP_503`), an answer that is too long (`TOO_LONG`), or a
 * success that is no JSON (`NOT_JSON`). A call for work that is given up ends with that. It throws `RefusedError` for an
 * address with a password in it. Where the clock is asked, it throws `UpstreamError` (`clock-skew`) when it and ours are apart. Every other status is returned: only the adapter knows what it means.
 */
export function openHttp(options: HttpOptions): Http {
  return async (call) => {
    const what = describeCall(call);
    if (call.url.username !== "" || call.url.password !== "") {
      const message = `${options.service}: the address for ${what} holds a user or password: remove it from the configuration`;
      throw new RefusedError(options.service, "PASSWORD_IN_ADDRESS", message);
    }
    const { status, text, isWhole, header, pause, skewMs } = await exchange(options, call);
    const failed = (code: string, message: string): AnswerError => {
      const head = redact(text.slice(0, HEAD_LENGTH), options.secrets ?? []);
      return new AnswerError(options.service, code, sentence(options, message), { head, retryAfterMs: pause });
    };
    if (!isWhole) throw failed("TOO_LONG", `${what} answered more than ${maxBytesOf(options)} bytes`);
    if (status >= 500 || status === 408 || status === 425 || status === 429) {
      throw failed(`HTTP_${status}`, `${what} answered ${status}${quote(text, options.secrets)}`);
    }
    if (call.isClockAsked === true && !doAgree({ skewMs }))
      throw failed(
        "clock-skew",
        `its clock and this machine's are ${Math.round(skewMs / SECOND_MS)} s apart: set the clock (NTP)`,
      );
    const body = parseJson(text, options.parse);
    if (body === undefined && status < 300) {
      const wall = /^\s*</.test(text) ? `: if that is a check for robots, have ${options.userAgent} let in` : "";
      throw failed("NOT_JSON", `${what} answered ${status} without whole JSON${quote(text, options.secrets)}${wall}`);
    }
    return { status, body, header, words: wordsOf(text, options.secrets) };
  };
}

function sentence({ service }: HttpOptions, message: string): string {
  return `${service}: ${message}; ${NEXT}`;
}

function maxBytesOf({ maxBytes = DEFAULT_MAX_BYTES }: HttpOptions): number {
  return maxBytes;
}

/** What came over the wire. */
interface Exchanged {
  readonly status: number;
  readonly text: string;
  /** False: it is longer than what is read. */
  readonly isWhole: boolean;
  readonly header: HttpAnswer["header"];
  /** What `Retry-After` says, in milliseconds. */
  readonly pause: number | null;
  /** How far its clock (`Date`) and ours are apart, as far as it tells. */
  readonly skewMs: number;
}

async function exchange(options: HttpOptions, call: HttpCall): Promise<Exchanged> {
  const what = describeCall(call);
  const failed = (code: string, message: string, cause: unknown): UpstreamError =>
    new UpstreamError(options.service, code, sentence(options, message), { cause });
  try {
    const asked = Date.now();
    const response = await fetch(call.url, requestOf(options, call));
    const answered = Date.now();
    const said = Date.parse(response.headers.get("date") ?? "");
    const skewMs = Number.isNaN(said) ? 0 : apartMs(said, { asked, answered });
    const read = await readText(response, maxBytesOf(options), options.longestText ?? Infinity);
    const pause = retryAfterMs(response.headers.get("retry-after"), Date.now());
    return { status: response.status, ...read, header: (name) => response.headers.get(name), pause, skewMs };
  } catch (error) {
    wantedSignal()?.throwIfAborted();
    if (error instanceof DOMException && error.name === "TimeoutError")
      throw failed("TIMEOUT", `${what} gave no whole answer within ${options.timeoutMs} ms`, error);
    const { code, reason } = networkFailure(error);
    const why = redact(reason, options.secrets ?? []);
    throw failed(code, `${what} found no connection or lost it (${why})`, error);
  }
}

function requestOf(options: HttpOptions, call: HttpCall): RequestInit {
  const wanted = wantedSignal();
  return {
    method: call.method,
    headers: {
      accept: "application/json",
      // A cache's stale page must not be taken for what stands there now.
      "cache-control": "no-cache",
      "user-agent": options.userAgent,
      ...(call.json === undefined ? {} : { "content-type": "application/json" }),
      ...call.headers,
    },
    redirect: call.method === "GET" ? "follow" : "manual",
    signal: limitedBy(options.timeoutMs, ...(wanted === undefined ? [] : [wanted])),
    ...(call.form === undefined ? {} : { body: new URLSearchParams(call.form) }),
    ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
  };
}

/** The body, with its texts cut; of one that is longer than `maxBytes` the beginning, and the rest is not downloaded. */
async function readText(
  response: Response,
  maxBytes: number,
  longestText: number,
): Promise<Pick<Exchanged, "text" | "isWhole">> {
  if (response.body === null) return { text: "", isWhole: true };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const shortener = new Shortener(longestText);
  for await (const arrived of response.body as AsyncIterable<Uint8Array>) {
    const chunk = longestText === Infinity ? arrived : shortener.shorten(arrived);
    bytes += chunk.length;
    if (bytes > maxBytes)
      return {
        text: Buffer.concat([...chunks, chunk])
          .subarray(0, HEAD_LENGTH)
          .toString("utf8"),
        isWhole: false,
      };
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString("utf8"), isWhole: true };
}

/** undefined for what is no JSON. */
function parseJson(text: string, parse: (text: string) => unknown = JSON.parse): unknown {
  try {
    return parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a secret; the caller says what came instead.
    return undefined;
  }
}

/** `fetch` hides the system's error under "fetch failed"; its code is what an operator knows. */
function networkFailure(error: unknown): { readonly code: string; readonly reason: string } {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? { code, reason: code } : { code: "NETWORK", reason: describeError(cause) };
}

/** `POST https://pagure.io/api/0/…`: without user, password, query and fragment, any of which may hold a secret. */
export function describeCall({ method, url, about }: Pick<HttpCall, "method" | "url" | "about">): string {
  return `${method} ${url.origin}${url.pathname}${about === undefined ? "" : ` (${about})`}`;
}

/** Replaces every secret by three stars. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => (secret === "" ? clean : clean.replaceAll(secret, "***")), text);
}

/** What a person would read of an answer, which may be a web page. */
function wordsOf(text: string, secrets: readonly string[] = []): string {
  const start = redact(text, secrets).slice(0, 10_000);
  const bare = start.replaceAll(/<(?:style|script|title)[^>]*>[^<]*<[^>]*>|<[^>]*>/gi, " ");
  return bare
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 200);
}

/** The start of an answer, on one line and without secrets, for the end of a sentence; nothing for an empty one. */
function quote(text: string, secrets: readonly string[] = []): string {
  const line = redact(text, secrets).replaceAll(/\s+/g, " ").trim();
  if (line === "") return " (an empty answer)";
  return ` (${JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line)})`;
}
