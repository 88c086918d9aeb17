import { noFacts, type ComposeFacts, type FactSource } from "../../../../src/domain/compose/facts.ts";

/** What the sources say, as a table writes it: `{ pungi: "RC-1.2", composeinfo: null }`. */
export type Said<T> = Partial<Record<FactSource, T>>;

export interface Known {
  readonly type?: Said<string>;
  /** Null: the source says that there is no label. */
  readonly label?: Said<string | null>;
  readonly released?: boolean;
  readonly contradiction?: string;
}

/** The facts of a compose of which only this is known. */
export function factsOf(composeId: string, { type, label, released, contradiction }: Known = {}): ComposeFacts {
  return {
    ...noFacts(composeId),
    types: wordsOf(type ?? {}),
    labels: wordsOf(label ?? {}),
    released: released ?? false,
    contradiction: contradiction ?? null,
  };
}

function wordsOf<T>(said: Said<T>): { source: FactSource; value: T }[] {
  return (Object.entries(said) as [FactSource, T][]).map(([source, value]) => ({ source, value }));
}
