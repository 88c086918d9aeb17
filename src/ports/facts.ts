import type { AskedOutcome, ComposeFacts, Fact, FactSource, Testimony } from "../domain/compose/facts.ts";
import type { Hold } from "../domain/hold.ts";
import type { Instant } from "../domain/time.ts";

/** What is remembered of composes, each fact with its source. All throw `UpstreamError`. */
export interface Facts {
  /** In their order; what cannot be read of a compose is not among them. */
  recall(composeIds: readonly string[]): Promise<readonly ComposeFacts[]>;
  /**
   * Adds a fact; the first word of a source stands, a differing one is remembered as a conflict. Facts are never taken back.
   * Resolves to whether anything was new.
   */
  remember(fact: Fact): Promise<boolean>;
  /** Notes that a source was asked and what it answered, so that nobody asks again in vain. */
  noteAsked(composeId: string, source: FactSource, outcome: AskedOutcome, at: Instant): Promise<void>;
  /** Remembers a person's hold on a compose, for images that arrive later too; null: it is released. */
  hold(composeId: string, hold: Hold | null): Promise<void>;
  /** Who said what is remembered, and when: the first message or address of each source, and that of the release. */
  testimony(composeId: string): Promise<readonly Testimony[]>;
}

/** A place that can be asked what it knows of a compose. */
export interface ComposeSource {
  readonly source: FactSource;
  /**
   * The facts that it makes, one for each different thing that it says; none when it certainly knows nothing of the compose
   * (a 404 in every place, no message in the window). Throws `UpstreamError` when it gave no answer that can be believed:
   * unreachable, 5xx, a web page for JSON, a truncated body, another compose's metadata.
   */
  ask(composeId: string, location: string | null): Promise<readonly Fact[]>;
}
