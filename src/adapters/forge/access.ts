import { AnswerError } from "../http/answer-error.ts";
import { describeCall, openHttp, redact, type Http, type HttpCall } from "../http/http.ts";
import { ConfigError, UpstreamError, type Service } from "../../errors.ts";

/** Where the reports go, and as whom. */
export interface ForgeAccess {
  /** The instance, such as `https://pagure.io`. */
  readonly url: string;
  /** The project whose issues are the reports, as the forge names it. */
  readonly repo: string;
  /** An API token that may open issues and write comments there. */
  readonly token: string;
  readonly userAgent: string;
  /** For each call, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * The size of our own posts at the most, in bytes. Of a longer text in an answer the rest is not read, so that no flood of long
   * comments makes all others unread. @default 60000
   */
  readonly mostBytes?: number;
}

/** A list longer than this is no list that moves on. */
export const MAX_PAGES = 100;
/** Issues come with all their comments: a day of 5,000 images is some megabytes. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Of our own posts, where nothing is said. */
const USUAL_POST_BYTES = 60_000;
/** A byte of a text is six in JSON at the most: `\u0041`. */
const BYTES_IN_JSON = 6;
/** A server that asks to be left alone for longer is asked again after that. */
const LONGEST_PAUSE_MS = 15 * 60_000;
/** Characters of a forge's own words in an error. */
const MAX_DETAIL = 200;

/**
 * A client for a forge's API; who asks us to wait (`Retry-After`) is not asked before that. Throws `ConfigError` for a token of the
 * wrong form; `variable`: where it comes from.
 */
export function openForgeHttp(
  { service, name, variable }: { readonly service: Service; readonly name: string; readonly variable: string },
  access: ForgeAccess,
): Http {
  // A token with a line end would make the platform quote it in an error of its own.
  if (!/^[\x21-\x7e]+$/.test(access.token))
    throw new ConfigError(`${variable} is empty, or holds blanks or control characters: set a ${name} API token`);
  const http = openHttp({
    service,
    userAgent: access.userAgent,
    timeoutMs: access.timeoutMs,
    maxBytes: MAX_BYTES,
    longestText: Math.max(access.mostBytes ?? 0, USUAL_POST_BYTES) * BYTES_IN_JSON,
    secrets: [access.token],
  });
  return patient(service, http);
}

function patient(service: Service, http: Http): Http {
  /** By the monotonic clock, in milliseconds. */
  let quietUntil = 0;
  return async (call) => {
    const leftMs = quietUntil - performance.now();
    if (leftMs > 0) {
      const seconds = Math.ceil(leftMs / 1000);
      const message = `${service}: it asked to be left alone for ${seconds} s more; it is tried again later`;
      throw new UpstreamError(service, "HTTP_429", message);
    }
    try {
      return await http(call);
    } catch (error) {
      if (error instanceof AnswerError && error.retryAfterMs !== null)
        quietUntil = performance.now() + Math.min(error.retryAfterMs, LONGEST_PAUSE_MS);
      throw error;
    }
  };
}

/** The address that API paths are appended to. Throws `ConfigError`; the address is not quoted: a password may stand in it. */
export function apiOf(text: string, name: string, api: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === "";
  if (!isPlain || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new ConfigError(
      `${name}'s address must be plain http or https, such as https://pagure.io, without a user or query`,
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}/${api}/`;
}

/**
 * The path below a forge's address; one of another host counts whole, as the forge's name may have been another one then, or one
 * that only browsers use. Null: no address, or one that nobody could have written.
 */
export function pathBelow(address: string, url: string): string | null {
  if (!URL.canParse(address)) return null;
  const base = new URL(url).pathname.replace(/\/+$/, "");
  const { pathname } = new URL(address);
  const path = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname;
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** What a forge says about a refusal, on one line and without the token. */
export function wordsOf(detail: string | null, { token }: Pick<ForgeAccess, "token">): string {
  return redact(detail ?? "", [token])
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, MAX_DETAIL);
}

/** What `read` makes of an answer. Throws `UpstreamError` (`UNKNOWN_SHAPE`) where it returns null. */
export function readAnswer<T>(service: Service, call: HttpCall, body: unknown, read: (body: unknown) => T | null): T {
  const value = read(body);
  if (value !== null) return value;
  const message = `${service}: ${describeCall(call)} answered JSON of an unknown shape; it is tried again later`;
  throw new UpstreamError(service, "UNKNOWN_SHAPE", message);
}

/** A list that does not come to its end within so many pages. */
export function tooManyPages(service: Service, call: HttpCall): UpstreamError {
  const message = `${service}: ${describeCall(call)} has more than ${MAX_PAGES} pages; it is tried again later`;
  return new UpstreamError(service, "TOO_MANY_PAGES", message);
}
