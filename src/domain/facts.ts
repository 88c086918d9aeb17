import type { Instant } from "./time.ts";

/** Where a fact comes from. The id's own grammar is always there; the others have to be heard or asked. */
export const FACT_SOURCES = ["id", "pungi", "composeinfo", "datagrepper", "operator"] as const;
export type FactSource = (typeof FACT_SOURCES)[number];

/** What one source says of a compose. An absent property: it does not say. */
export interface FactClaim {
  readonly composeId: string;
  readonly source: FactSource;
  /** As the source spells it; it need not be a type that we know. */
  readonly type?: string;
  /** Null: the source says that the compose has no label. */
  readonly label?: string | null;
  readonly location?: string;
  /** True: announced in `releng.atomic.twoweek.complete`. Nothing takes a release back. */
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
  /** The sources that were asked and answered, each with its last answer. */
  readonly asked: readonly { readonly source: FactSource; readonly outcome: AskedOutcome; readonly at: Instant }[];
}

/** What a source that was asked has answered: something, or that it knows nothing of the compose (any more). */
export type AskedOutcome = "said" | "silent";

/** @internal exported for its tests */
export function noFacts(composeId: string): ComposeFacts {
  return { composeId, types: [], labels: [], released: false, contradiction: null, location: null, asked: [] };
}
