import { parseComposeId } from "../../domain/compose/compose.ts";
import type { Fact } from "../../domain/compose/facts.ts";
import { DAY_MS, HOUR_MS } from "../../domain/time.ts";
import type { Instant } from "../../domain/time.ts";
import { topicsOf } from "../../domain/topics.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Archive, Clock, ComposeSource, Message } from "../../ports/index.ts";

export interface FactsOfArchive {
  readonly archive: Archive;
  /** Whose messages are ours: `prod`, `stg`, `dev`. */
  readonly environments: readonly string[];
  readonly clock: Clock;
  /** What a message says of composes; none for what cannot be understood. */
  readonly factsIn: (message: Message) => readonly Fact[];
}

/** A compose is named after the day it began on, by the clock of its host, and may run for days. */
const BEFORE_MS = DAY_MS;
const AFTER_MS = 4 * DAY_MS;

/**
 * What pungi has said of a compose, from the archive: one fact, with the source `datagrepper`, for each different statement of
 * type and label. An id without a date says nothing about when to look, and nothing is found for it.
 */
export function datagrepperFacts({ archive, environments, clock, factsIn }: FactsOfArchive): ComposeSource {
  const topics = topicsOf(["pungi.compose.status.change"], environments);
  return {
    source: "datagrepper",
    ask: async (composeId) => {
      const said = new Map<string, Fact>();
      const window = windowOf(composeId, clock.now());
      if (window === null) return [];
      try {
        for await (const message of archive.messages({ topics, ...window }))
          for (const fact of factsIn(message)) {
            if (fact.composeId !== composeId) continue;
            const statement = JSON.stringify({ type: fact.type, label: fact.label });
            if (!said.has(statement)) said.set(statement, { ...fact, source: "datagrepper" });
          }
      } catch (error) {
        // Whoever asks of a compose can only wait: a refusal is no answer that can be believed.
        if (!(error instanceof RefusedError)) throw error;
        throw new UpstreamError("datagrepper", error.code, error.message, { cause: error });
      }
      return [...said.values()];
    },
  };
}

/** There is nothing to ask for beyond now, but the archive's clock may be ahead of ours. */
function windowOf(composeId: string, now: Instant): { readonly start: Instant; readonly end: Instant } | null {
  const parsed = parseComposeId(composeId);
  if (!parsed.ok) return null;
  const { date } = parsed.value;
  const day = Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6)));
  return { start: day - BEFORE_MS, end: Math.min(day + AFTER_MS, now + HOUR_MS) };
}
