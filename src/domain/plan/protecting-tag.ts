import type { Parsed } from "../compose/compose.ts";
import { quote } from "../words.ts";

/** A tag by which anybody protects an image from us. */
export interface ProtectingTag {
  readonly key: string;
  /** The values that protect: any, this one alone, or any but this one. A missing tag protects in no case. */
  readonly values: "any" | "this" | "others";
  /** Empty where any protects. */
  readonly value: string;
}

/** API_Tag. */
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;

/**
 * Reads `key`, `key=value` or `key!=value`, in the characters that all of AWS allows in tags (EC2 User Guide, "Tag your Amazon
 * EC2 resources"). Strict, since what is mistyped would protect nothing and nobody would notice.
 */
export function parseProtectingTag(text: string): Parsed<ProtectingTag> {
  const refuse = (what: string): Parsed<never> => ({ ok: false, reason: `${quote(text)} is ${what}` });
  const { key, sign, value = "" } = /^(?<key>[^=!]+)(?:(?<sign>!?=)(?<value>[^=].*))?$/s.exec(text)?.groups ?? {};
  if (key === undefined) return refuse("neither key nor key=value nor key!=value");
  if (!isTagText(key, LONGEST_KEY)) return refuse(`no tag: ${quote(key)} cannot be a key`);
  if (!isTagText(value, LONGEST_VALUE)) return refuse(`no tag: ${quote(value)} cannot be a value`);
  return { ok: true, value: { key, value, values: sign === undefined ? "any" : sign === "=" ? "this" : "others" } };
}

/** Spaces at either end are a mistake: `key != value`. */
function isTagText(text: string, longest: number): boolean {
  return text.length <= longest && text.trim() === text && /^[\p{L}\p{N} +\-=._:/@]*$/u.test(text);
}

/** Why these tags protect an image, in a sentence; null when none does. A tag's own value may be anything, and is not told. */
export function protectionBy(rules: readonly ProtectingTag[], tags: Readonly<Record<string, string>>): string | null {
  for (const { key, values, value } of rules) {
    const here = Object.hasOwn(tags, key) ? tags[key] : undefined;
    if (here === undefined) continue;
    if (values === "any") return `it carries the protecting tag ${key}`;
    if (values === "this" && here === value) return `it carries the protecting tag ${key}=${value}`;
    if (values === "others" && here !== value)
      return `its tag ${key} has another value than ${value}, which protects it`;
  }
  return null;
}
