import { createHash } from "node:crypto";
import type { Tags } from "./records.ts";
import { Ec2Error, invalidValue, notSimulated } from "../wire/errors.ts";
import type { Parameters } from "../wire/parameters.ts";

/** What a filter looks at: all values of a thing; it passes when one of them matches. */
export type FilterFields<Thing> = Readonly<Record<string, (thing: Thing) => readonly string[]>>;

export const FILTER_PARAMETERS = ["Filter.#.Name", "Filter.#.Value.#"];
export const PAGE_PARAMETERS = ["MaxResults", "NextToken"];

/** EC2's limit on the values of one call (errors-overview, FilterLimitExceeded). */
const MAX_FILTER_VALUES = 200;
/** API_DescribeSnapshots, API_DescribeImages: more is cut to this. */
const MAX_PAGE = 1000;

/**
 * All filters of the call as one question: the values of a filter are alternatives, the filters must all pass
 * (API_Filter). `unsimulated` are names that EC2 knows and we do not; `tagsOf` is null for things that bear no tags.
 */
export function readFilters<Thing>(
  parameters: Parameters,
  fields: FilterFields<Thing>,
  unsimulated: readonly string[],
  tagsOf: ((thing: Thing) => Tags) | null,
): (thing: Thing) => boolean {
  const filters = parameters.structures("Filter").map((filter) => {
    const name = filter.required("Name");
    const values = filter.list("Value");
    if (values.length === 0) throw invalidValue("Filter", name, "The filter has no value.");
    if (values.length > MAX_FILTER_VALUES)
      throw new Ec2Error("FilterLimitExceeded", `The maximum number of filter values is ${MAX_FILTER_VALUES}.`);
    return { read: reader(name, fields, unsimulated, tagsOf), patterns: values.map(wildcard) };
  });
  return (thing) =>
    filters.every(({ read, patterns }) => read(thing).some((value) => patterns.some((pattern) => pattern.test(value))));
}

function reader<Thing>(
  name: string,
  fields: FilterFields<Thing>,
  unsimulated: readonly string[],
  tagsOf: ((thing: Thing) => Tags) | null,
): (thing: Thing) => readonly string[] {
  if (tagsOf !== null && name.startsWith("tag:")) {
    const key = name.slice("tag:".length);
    return (thing) => Object.entries(tagsOf(thing)).flatMap(([known, value]) => (known === key ? [value] : []));
  }
  if (tagsOf !== null && name === "tag-key") return (thing) => Object.keys(tagsOf(thing));
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field !== undefined) return field;
  if (unsimulated.includes(name)) throw notSimulated(`the filter ${name}`);
  throw new Ec2Error("InvalidParameterValue", `The filter '${name}' is invalid`);
}

/** `*` is any text, `?` one character, a backslash takes the next one as it is (Using_Filtering, "wildcards"). */
function wildcard(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\(.)|[\s\S]/g, (part: string, escaped: string | undefined) => {
    if (escaped !== undefined) return quote(escaped);
    if (part === "*") return "[\\s\\S]*";
    return part === "?" ? "[\\s\\S]" : quote(part);
  });
  return new RegExp(`^${source}$`, "u");
}

function quote(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

/** One page, in the order of the ids, and the token of the next (Query-Requests, "Pagination"). */
export function page<Thing extends { readonly id: string }>(
  parameters: Parameters,
  things: readonly Thing[],
  least: number,
): { readonly things: readonly Thing[]; readonly nextToken: string | null } {
  const max = parameters.whole("MaxResults");
  if (max !== null && max < least)
    throw invalidValue("maxResults", String(max), `Expecting a value of at least ${least}.`);
  const fingerprint = fingerprintOf(parameters);
  const after = readToken(parameters.text("NextToken"), fingerprint);
  const rest = things.filter((thing) => thing.id > after).sort((one, other) => (one.id < other.id ? -1 : 1));
  const shown = max === null ? rest : rest.slice(0, Math.min(max, MAX_PAGE));
  const last = shown.at(-1);
  const isLastPage = last === undefined || shown.length === rest.length;
  return { things: shown, nextToken: isLastPage ? null : writeToken(last.id, fingerprint) };
}

/** A token is good for the question that it was given for, and for no other. */
function fingerprintOf(parameters: Parameters): string {
  const question = Object.entries(parameters.without("MaxResults", "NextToken", "DryRun").toObject()).sort();
  return createHash("sha256").update(JSON.stringify(question)).digest("hex").slice(0, 16);
}

function writeToken(lastId: string, fingerprint: string): string {
  return Buffer.from(`${fingerprint} ${lastId}`).toString("base64url");
}

function readToken(token: string | null, fingerprint: string): string {
  if (token === null) return "";
  const [given, lastId] = Buffer.from(token, "base64url").toString("utf8").split(" ");
  if (given !== fingerprint || lastId === undefined)
    throw new Ec2Error("InvalidNextToken", "The specified NextToken is not valid");
  return lastId;
}
