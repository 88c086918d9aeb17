import { code } from "../markdown.ts";

/**
 * What never stands in public, whoever wrote it: names of AWS' resources and keys, account numbers, addresses, ids of requests
 * and internal hosts. The second net only: what a service says is not quoted at all.
 */
const SECRETS: readonly RegExp[] = [
  /\barn:[^\s'"]*/gi,
  /\bhttps?:\/\/\S*(?:amazonaws|internal|localhost|\.local\b|\d{1,3}(?:\.\d{1,3}){3})\S*/gi,
  /(?:[a-z0-9_-]+\.)+(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|internal|localdomain|local|lan|corp)\b(?::\d+)?/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}\b(?::\d+)?/g,
  /\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b/gi,
  /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi,
  /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b/g,
  /(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])/g,
];

/** At most so many characters of a text are shown, or looked through. */
const LONGEST = 2_000;

/** A text that came from outside, without what never stands in public, and cut. Total. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((left, secret) => left.replaceAll(secret, "…"), text.slice(0, LONGEST));
}

/** The same as a code span. Total. */
export function shown(text: string): string {
  return code(withoutSecrets(text));
}
