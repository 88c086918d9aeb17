import { CODES, type Row } from "./codes.ts";
import type { Class } from "./treatments.ts";

/** Codes by which EC2 speaks of what only the message or the call tells apart. */
const APART: Readonly<
  Record<string, { readonly place: string; readonly says: (message: string, method: string) => boolean }>
> = {
  AuthFailure: { place: "an image", says: (message) => /\b(?:ami|snap)-|not authorized for image/i.test(message) },
  AccessDenied: { place: "sts:", says: (message) => /\bsts:/.test(message) },
  AccessDeniedException: { place: "sts:", says: (message) => /\bsts:/.test(message) },
  OperationNotPermitted: { place: "giving back", says: (_, method) => method.startsWith("open") },
  InvalidParameterValue: { place: "AWS Backup", says: (message) => /\bAWS Backup\b/.test(message) },
};

/** Whatever the code: of what keeps a snapshot only the words speak. */
const KEPT = {
  word: "(a snapshot that is kept)",
  says: /\bAWS Backup\b|\block(?:ed)?\b|\bfast (?:snapshot )?restores?\b/i,
};

/**
 * The row for a code that came with this message from a call of ours, such as `openImage`; null: it is no failure of AWS' or of
 * the way there. `status`: of the HTTP answer, null without one.
 */
export function rowOf(code: string, message: string, method: string, status: number | null): Row | null {
  const apart = APART[code];
  const word = apart?.says(message, method) === true ? `${code} (${apart.place})` : code;
  const isRefused = status !== null && status >= 400 && status < 500;
  if (isRefused && method === "deleteSnapshot" && KEPT.says.test(message)) return find(KEPT.word);
  return find(word) ?? (status === null ? null : find(wordOf(status)));
}

/** The classes that a code alone tells. */
export function classOf(code: string): Class | null {
  return find(code)?.is ?? null;
}

function find(word: string): Row | null {
  return CODES.find(({ codes }) => codes.some((each) => fits(each, word))) ?? null;
}

function wordOf(status: number): string {
  if (status === 429) return "Throttling";
  return status < 500 ? "(any other 4xx)" : "(any other 5xx)";
}

function fits(code: string, word: string): boolean {
  if (!code.includes("*")) return code === word;
  const [head = "", tail = ""] = code.split("*");
  return word.length >= head.length + tail.length && word.startsWith(head) && word.endsWith(tail);
}
