import type { Repeated } from "./armed.ts";

/** Headers of an answer, their names in lower case. */
type Headers = Readonly<Record<string, string>>;

/** What goes wrong with a call. `takesEffect` says whether the forge has done the deed all the same. */
export type Trouble =
  /** Answers this; the call does nothing. A string is sent as a web page, an object as JSON. */
  | { readonly kind: "answer"; readonly status: number; readonly body: object | string; readonly headers?: Headers }
  /** Answers as usual, but later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Never answers; the connection stays open until the client gives up or the double closes. */
  | { readonly kind: "withhold"; readonly takesEffect: boolean }
  /** Cuts the connection in place of an answer. */
  | { readonly kind: "cut"; readonly takesEffect: boolean }
  /** Cuts the connection at once, and does the deed when `when` resolves: the call arrives late. */
  | { readonly kind: "late"; readonly when: Promise<unknown> }
  /** Does the deed and sends only the first `bytes` of the answer, as if that were all of it. */
  | { readonly kind: "truncate"; readonly bytes: number };

/** Which calls meet the trouble. */
export interface Fault extends Repeated {
  /** Any method when left out. */
  readonly method?: "GET" | "POST" | "PATCH";
  /** Matched against the path without its query; any path when left out. */
  readonly path?: RegExp;
  readonly trouble: Trouble;
}

/** A web page where JSON is expected, as a proxy under maintenance sends it. */
export function htmlPage(title: string): string {
  return `<!doctype html>\n<html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}
