/** What an answer is made of: null leaves the element out, a list becomes one `<item>` for each entry. */
type Xml = string | number | boolean | null | readonly Xml[] | XmlElements;

export interface XmlElements {
  readonly [name: string]: Xml;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/";

/** A success: `<ActionResponse xmlns="…"><requestId>…` (Query-Requests, "Query API responses"). */
export function renderAnswer(action: string, requestId: string, answer: XmlElements): string {
  const body = renderElements({ requestId, ...answer });
  return `${DECLARATION}<${action}Response xmlns="${NAMESPACE}">${body}</${action}Response>`;
}

/** A refusal (errors-overview, "Example error response"); here the request's id is spelled `RequestID`. */
export function renderError(error: { readonly code: string; readonly message: string }, requestId: string): string {
  const Error = { Code: error.code, Message: error.message };
  return `${DECLARATION}<Response>${renderElements({ Errors: { Error }, RequestID: requestId })}</Response>`;
}

export function renderElements(parts: XmlElements): string {
  return Object.entries(parts)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `<${name}>${content(value)}</${name}>`)
    .join("");
}

function content(value: Xml): string {
  if (value === null) return "";
  if (typeof value !== "object") return escape(String(value));
  if (isList(value)) return value.map((item) => `<item>${content(item)}</item>`).join("");
  return renderElements(value);
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: readonly Xml[] | XmlElements): value is readonly Xml[] {
  return Array.isArray(value);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
