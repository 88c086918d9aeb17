import {
  isComposeType,
  parseComposeId,
  parseLabel,
  type ComposeId,
  type Label,
  type Parsed,
  type Release,
} from "./compose.ts";
import type { ComposeFacts } from "./facts.ts";
import { SHIPPED_PRODUCTS } from "./product.ts";
import { isCalendarDate } from "../time.ts";
import { quote } from "../words.ts";

export type KeepRule =
  | "released-two-week"
  | "conflict"
  | "malformed"
  | "beta"
  | "ga"
  | "not-nightly"
  | "foreign-product"
  | "unlabelled"
  | "unresolved"
  | "not-ours";
export type DeleteRule = "nightly" | "dated-label" | "unlabelled-deleted";
export type Rule = KeepRule | DeleteRule;

/** The table `[consumer_config.policy]`. */
export interface Policy {
  /** The products whose composes may be deleted, as compose ids begin: `Fedora-Cloud`. */
  readonly products: readonly string[];
  /** Deletes production composes that certainly have no label. Risk: GA images of composes that lost their metadata. */
  readonly deleteUnlabelled: boolean;
  /** How many of the newest composes of each stream and architecture stay public, whatever their age; 0: none. */
  readonly keepNewest: number;
}

/** As shipped: both switches off. */
export const DEFAULT_POLICY: Policy = { products: SHIPPED_PRODUCTS, deleteUnlabelled: false, keepNewest: 0 };

/** What classification says, by which rule, and why in a sentence. */
export type Decision =
  | { readonly kind: "delete"; readonly rule: DeleteRule; readonly reason: string }
  | { readonly kind: "keep"; readonly rule: KeepRule; readonly reason: string }
  | { readonly kind: "unresolved"; readonly missing: "type" | "label"; readonly reason: string };

/** Kept, but only because nobody knows better: these are told to a person. */
export const KEPT_FOR_A_PERSON: readonly Rule[] = [
  ...(["conflict", "malformed", "foreign-product", "unlabelled", "unresolved", "not-ours"] as const),
];

/** The facts in the form that the rules ask about. */
interface Case {
  readonly facts: ComposeFacts;
  readonly policy: Policy;
  readonly id: Parsed<ComposeId>;
  /** Undefined: not known. The first source's word; where sources differ, `conflict` stands before every rule that asks. */
  readonly type: string | undefined;
  readonly label: string | null | undefined;
  readonly parsedLabel: Parsed<Label> | null;
}

type RuleRow = (
  { readonly kind: "keep"; readonly rule: KeepRule } | { readonly kind: "delete"; readonly rule: DeleteRule }
) & {
  /** The reason, when the rule applies. */
  readonly applies: (c: Case) => string | null;
};

const DATE_DIGITS = 8;

/** Reasons that are the same for every compose: the rule says them. */
const PLAIN_REASONS: Partial<Readonly<Record<Rule, string>>> = {
  "released-two-week": "announced as a released two-week compose",
  unlabelled: "a production compose without a label: somebody has to look",
  nightly: "a nightly compose",
  "unlabelled-deleted": "a production compose without a label, and the policy is to delete those",
};

/** The reason that a rule gives for every compose alike; empty for a rule whose reasons differ, and for none. */
export function plainReason(rule: Rule | null): string {
  return rule === null ? "" : (PLAIN_REASONS[rule] ?? "");
}

/**
 * The rules in order; the first that applies decides. Every keep stands before every delete.
 * @internal exported for its tests
 */
export const RULES: readonly RuleRow[] = [
  {
    rule: "released-two-week",
    kind: "keep",
    applies: ({ facts }) => (facts.released ? plainReason("released-two-week") : null),
  },
  { rule: "conflict", kind: "keep", applies: contradiction },
  { rule: "malformed", kind: "keep", applies: malformation },
  {
    rule: "beta",
    kind: "keep",
    applies: (c) => (milestoneOf(c) === "Beta" ? `labelled ${c.label ?? ""}: a Beta is kept` : null),
  },
  {
    rule: "ga",
    kind: "keep",
    applies: (c) =>
      c.parsedLabel?.ok === true && c.parsedLabel.value.major.length < DATE_DIGITS
        ? `labelled ${c.label ?? ""}: a release or a candidate for one is kept`
        : null,
  },
  {
    rule: "not-nightly",
    kind: "keep",
    applies: ({ type }) =>
      type === "test" || type === "ci" || type === "development" ? `a ${type} compose is kept` : null,
  },
  { rule: "foreign-product", kind: "keep", applies: foreignness },
  {
    rule: "unlabelled",
    kind: "keep",
    applies: ({ type, label, policy }) =>
      type === "production" && label === null && !policy.deleteUnlabelled ? plainReason("unlabelled") : null,
  },
  {
    rule: "nightly",
    kind: "delete",
    applies: ({ type }) => (type === "nightly" ? plainReason("nightly") : null),
  },
  {
    rule: "dated-label",
    kind: "delete",
    applies: (c) =>
      c.type === "production" && c.parsedLabel?.ok === true && c.parsedLabel.value.major.length === DATE_DIGITS
        ? `labelled ${c.label ?? ""}: a dated compose, not a release`
        : null,
  },
  {
    rule: "unlabelled-deleted",
    kind: "delete",
    applies: ({ type, label, policy }) =>
      type === "production" && label === null && policy.deleteUnlabelled ? plainReason("unlabelled-deleted") : null,
  },
];

/** Decides on a compose from what is known of it. Pure and total: any facts give a decision. */
export function classify(facts: ComposeFacts, policy: Policy = DEFAULT_POLICY): Decision {
  const subject = caseOf(facts, policy);
  for (const row of RULES) {
    const reason = row.applies(subject);
    if (reason === null) continue;
    return row.kind === "keep" ? { kind: "keep", rule: row.rule, reason } : { kind: "delete", rule: row.rule, reason };
  }
  if (subject.type === undefined)
    return { kind: "unresolved", missing: "type", reason: "the compose's type is not known yet" };
  return { kind: "unresolved", missing: "label", reason: "the compose's label is not known yet" };
}

/** Whether a decision to delete rests on a label, which a source may have got wrong. */
export function isByLabel(decision: Decision): boolean {
  return decision.kind === "delete" && decision.rule !== "nightly";
}

function caseOf(facts: ComposeFacts, policy: Policy): Case {
  const id = parseComposeId(facts.composeId);
  const type = id.ok ? id.value.type : facts.types[0]?.value;
  const label = facts.labels[0]?.value;
  return { facts, policy, id, type, label, parsedLabel: typeof label === "string" ? parseLabel(label) : null };
}

function milestoneOf(c: Case): string | null {
  return c.parsedLabel?.ok === true ? c.parsedLabel.value.milestone : null;
}

function contradiction({ facts, id }: Case): string | null {
  if (facts.contradiction !== null) return facts.contradiction;
  const types = [...(id.ok ? [{ source: "id", value: id.value.type as string }] : []), ...facts.types];
  return disagreement("type", types) ?? disagreement("label", facts.labels);
}

function disagreement(
  what: string,
  words: readonly { readonly source: string; readonly value: string | null }[],
): string | null {
  const [first] = words;
  const other = words.find((word) => word.value !== first?.value);
  if (first === undefined || other === undefined) return null;
  const say = (value: string | null): string => (value === null ? "none" : quote(value));
  return `sources disagree on the ${what}: ${first.source} says ${say(first.value)}, ${other.source} says ${say(other.value)}`;
}

function malformation({ id, type, label, parsedLabel }: Case): string | null {
  if (!id.ok) return id.reason;
  if (type !== undefined && !isComposeType(type)) return `compose type ${quote(type)} is none that is known`;
  if (label === undefined || label === null || parsedLabel === null) return null;
  if (!parsedLabel.ok) return parsedLabel.reason;
  const { major } = parsedLabel.value;
  if (major.length < DATE_DIGITS) return null;
  if (!isCalendarDate(major)) return `label ${quote(label)}: ${quote(major)} is no day of the calendar`;
  return major === id.value.date ? null : `label ${quote(label)} has not the date of the compose id, ${id.value.date}`;
}

function foreignness({ id, policy }: Case): string | null {
  if (!id.ok) return null;
  const { release, base } = id.value;
  const foreign = [release, ...(base === null ? [] : [base])]
    .map(productOf)
    .find((product) => !policy.products.includes(product));
  return foreign === undefined ? null : `composes of ${foreign} are not among those that policy.products lets go`;
}

/** Versions in words; any other word is a part of the product's name, as in `Fedora-IoT` without a version. */
const WORD_VERSIONS = ["Rawhide", "ELN", "eln", "Bikeshed"];

function productOf({ short, version }: Release): string {
  return /^\d/.test(version) || WORD_VERSIONS.includes(version) ? short : `${short}-${version}`;
}

/** A decision for people: `keep (ga): labelled RC-1.2: …`. */
export function describeDecision(decision: Decision): string {
  const rule = decision.kind === "unresolved" ? "" : ` (${decision.rule})`;
  return `${decision.kind}${rule}: ${decision.reason}`;
}
