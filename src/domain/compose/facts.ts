import type { Hold } from "../hold.ts";
import type { Instant } from "../time.ts";

/** Where a fact comes from. The id's own grammar is always there; the others have to be heard or asked. */
export const FACT_SOURCES = ["id", "pungi", "composeinfo", "datagrepper", "operator"] as const;
export type FactSource = (typeof FACT_SOURCES)[number];

/** What one source says of a compose. An absent property: it does not say. */
export interface Fact {
  readonly composeId: string;
  readonly source: FactSource;
  /** As the source spells it; it need not be a type that we know. */
  readonly type?: string;
  /** Null: the source says that the compose has no label. */
  readonly label?: string | null;
  readonly location?: string;
  /** True: announced in `releng.atomic.twoweek.complete`. It stays released for ever. */
  readonly released?: boolean;
  readonly at: Instant;
  /** The message or address that said it. */
  readonly by: string;
}

/** All that is remembered of a compose. */
export interface ComposeFacts {
  readonly composeId: string;
  readonly types: readonly { readonly source: FactSource; readonly value: string }[];
  readonly labels: readonly { readonly source: FactSource; readonly value: string | null }[];
  readonly released: boolean;
  /** A source that contradicted itself, as a sentence; null when none did. */
  readonly contradiction: string | null;
  readonly location: string | null;
  /** A person's hold on every image of the compose, those to come included; it may be over. */
  readonly hold: Hold | null;
  /** The sources that were asked and answered, each with its last answer. */
  readonly asked: readonly { readonly source: FactSource; readonly outcome: AskedOutcome; readonly at: Instant }[];
}

/** What a source that was asked has answered: something, or that it knows nothing of the compose (any more). */
export type AskedOutcome = "said" | "silent";

export function noFacts(composeId: string): ComposeFacts {
  return {
    composeId,
    types: [],
    labels: [],
    released: false,
    contradiction: null,
    location: null,
    hold: null,
    asked: [],
  };
}

/**
 * The facts with one more fact: a source's first word stands, a different one is a contradiction, and a release is never
 * taken back. What `remember.lua` does in Redis, for those who have none.
 */
export function addFact(facts: ComposeFacts, { source, type, label, location, released }: Fact): ComposeFacts {
  const saidType = facts.types.find((each) => each.source === source);
  const saidLabel = facts.labels.find((each) => each.source === source);
  const contradiction =
    differing(`${source}.type`, saidType?.value, type) ?? differing(`${source}.label`, saidLabel?.value, label);
  return {
    ...facts,
    types: type === undefined || saidType !== undefined ? facts.types : [...facts.types, { source, value: type }],
    labels: label === undefined || saidLabel !== undefined ? facts.labels : [...facts.labels, { source, value: label }],
    released: facts.released || released === true,
    contradiction: facts.contradiction ?? contradiction,
    location: facts.location ?? location ?? null,
  };
}

function differing(fact: string, said: string | null | undefined, now: string | null | undefined): string | null {
  if (said === undefined || now === undefined || said === now) return null;
  return `${fact} was "${said ?? ""}", then "${now ?? ""}"`;
}

/** Where something that is remembered of a compose was heard. */
export interface Testimony {
  /** The source, or `release` for the announcement of a two-week release. */
  readonly of: FactSource | "release";
  /** The message or address that said it first. */
  readonly by: string;
  readonly at: Instant;
}
