/** How datagrepper says no, and what it sends then. */
export type RefusalKind =
  /** `BadRequest`: 400 as Werkzeug's web page. */
  | "bad-request"
  /** An error outside the query: 500 as JSON with `error`, `detail`, `traceback`. */
  | "internal"
  /** The database refuses the query: 500 as JSON with `error` and `arguments`. */
  | "query"
  /** More than the worker can do in its 60 seconds: it is killed, and the gateway says 502. Nobody sends 504. */
  | "too-slow";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The web page that Werkzeug makes of an error (werkzeug/exceptions.py, `get_body`). */
export function werkzeugPage(status: number, name: string, description: string): string {
  const escaped = description.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = escaped.replaceAll("'", "&#39;").replaceAll('"', "&#34;");
  const title = `${status} ${name}`;
  return `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>${name}</h1>\n<p>${quoted}</p>\n`;
}
