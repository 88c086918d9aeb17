import type { JournalEntry } from "../../../src/demo/outside/ec2/journal.ts";

/** An IAM policy, as far as ours goes. */
export interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** What a call is for one of its resources, in IAM's words. */
interface Asked {
  readonly action: string;
  readonly arn: string;
  /** Values by condition key, in lower case as far as the last slash; a key that is not there is null to IAM. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

/** Tags by resource. */
export type TagsOf = Map<string, ReadonlySet<string>>;

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

export function actionsOf(policy: Policy, effect: Statement["Effect"] = "Allow"): readonly string[] {
  const all = policy.Statement.filter((statement) => statement.Effect === effect);
  return [...new Set(all.flatMap(({ Action }) => listOf(Action)))].sort();
}

/**
 * The statements that let the calls through, and the calls that none does, one line each: the journal is played over tags as
 * they were at each call, which `tags` begins with and ends as.
 */
export function judge(
  policy: Policy,
  entries: readonly JournalEntry[],
  tags: TagsOf,
): { readonly used: ReadonlySet<string>; readonly refused: readonly string[] } {
  const used = new Set<string>();
  const refused: string[] = [];
  for (const entry of entries) {
    if (entry.service !== "ec2") continue;
    for (const asked of askedBy(entry, tags)) {
      const [by] = policy.Statement.filter((statement) => fits(statement, asked)).sort(denialsFirst);
      if (by?.Effect === "Allow") used.add(by.Sid);
      else refused.push(`${asked.action} ${asked.arn}: ${by?.Sid ?? "no statement"}`);
    }
    if (entry.effect !== null) note(entry, tags);
  }
  return { used, refused };
}

function denialsFirst(one: Statement, other: Statement): number {
  return Number(other.Effect === "Deny") - Number(one.Effect === "Deny");
}

/** Each resource of a call is asked for by itself (IAM User Guide, "Policy evaluation logic"). */
function askedBy(entry: JournalEntry, tags: TagsOf): readonly Asked[] {
  const region = entry.region ?? "";
  const common: (readonly [string, readonly string[]])[] = [["aws:requestedregion", [region]]];
  if (/^(?:Create|Delete)Tags$/.test(entry.action)) common.push(["aws:tagkeys", keysIn(entry)]);
  const action = `ec2:${entry.action}`;
  if (entry.resources.length === 0 || !/^(?:Create|Delete|Deregister|Modify)/.test(entry.action))
    return [{ action, arn: "*", keys: new Map(common) }];
  return entry.resources.map((id) => ({
    action,
    arn: `arn:aws:ec2:${region}::${id.startsWith("ami-") ? "image" : "snapshot"}/${id}`,
    keys: new Map([...common, ...[...(tags.get(id) ?? [])].map((key) => [`aws:resourcetag/${key}`, [""]] as const)]),
  }));
}

function keysIn({ parameters }: JournalEntry): readonly string[] {
  return Object.entries(parameters).flatMap(([name, value]) => (/^Tag\.\d+\.Key$/.test(name) ? [value] : []));
}

function note(entry: JournalEntry, tags: TagsOf): void {
  for (const id of entry.resources) {
    const had = [...(tags.get(id) ?? [])];
    const named = keysIn(entry);
    if (entry.action === "CreateTags") tags.set(id, new Set([...had, ...named]));
    if (entry.action === "DeleteTags") tags.set(id, new Set(had.filter((key) => !named.includes(key))));
  }
}

function fits({ Action, Resource, Condition = {} }: Statement, asked: Asked): boolean {
  return (
    listOf(Action).includes(asked.action) &&
    listOf(Resource).some((pattern) => matches(pattern, asked.arn)) &&
    Object.entries(Condition).every(([operator, wanted]) =>
      Object.entries(wanted).every(([key, values]) => holds(operator, valuesOf(asked, key), listOf(values))),
    )
  );
}

function valuesOf({ keys }: Asked, key: string): readonly string[] | null {
  const [name = "", ...rest] = key.split("/");
  return keys.get([name.toLowerCase(), ...rest].join("/")) ?? null;
}

/** IAM User Guide, "IAM JSON policy elements: Condition operators", and "Multivalued context keys". */
function holds(operator: string, given: readonly string[] | null, wanted: readonly string[]): boolean {
  switch (operator) {
    case "Null":
      return String(given === null) === wanted[0];
    case "StringNotEquals":
      return (given ?? []).every((value) => !wanted.includes(value));
    case "ForAllValues:StringEquals":
      return (given ?? []).every((value) => wanted.includes(value));
    case "ForAnyValue:StringEquals":
      return (given ?? []).some((value) => wanted.includes(value));
    default:
      throw new Error(`The policy uses ${operator}, which this reader does not know.`);
  }
}

function matches(pattern: string, arn: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  let at = head.length;
  if (!arn.startsWith(head)) return false;
  for (const [index, part] of rest.entries()) {
    const found = index === rest.length - 1 && part !== "" ? arn.lastIndexOf(part) : arn.indexOf(part, at);
    if (found < at) return false;
    at = found + part.length;
  }
  return rest.at(-1) === "" || at === arn.length;
}
