import type { Repeated } from "../armed.ts";

/** What goes wrong with a call. */
export type Trouble =
  /** The gateway's own web page: nobody behind it answered in time. */
  | { readonly kind: "gateway"; readonly status: 502 | 503 | 504 }
  /** Answers this. A string is sent as a web page, an object as JSON. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: object | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Sends only the first `bytes` of the answer, as if that were all of it. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** Announces the whole answer, sends the first `bytes` of it and cuts the connection. */
  | { readonly kind: "break"; readonly bytes: number }
  /** Cuts the connection in place of an answer. */
  | { readonly kind: "cut" }
  /** Never answers; the connection stays open until the client gives up or the double closes. */
  | { readonly kind: "withhold" }
  /** Answers as usual, but later. */
  | { readonly kind: "delay"; readonly ms: number };

/** Which calls meet the trouble. */
export interface Fault extends Repeated {
  readonly trouble: Trouble;
  /** By the path without the base, and the parameters; every call when left out. */
  readonly when?: (path: string, query: URLSearchParams) => boolean;
}

const NAMES = { 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout" } as const;

/** A gateway's page, in HTML whatever the client accepts. */
export function gatewayPage(status: 502 | 503 | 504): string {
  const title = `${status} ${NAMES[status]}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}
