import { parseComposeId } from "../../domain/compose/compose.ts";
import type { Fact } from "../../domain/compose/facts.ts";
import { DAY_MS, HOUR_MS } from "../../domain/time.ts";
import type { Instant } from "../../domain/time.ts";
import { topicsOf } from "../../domain/topics.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Archive, Clock, ComposeSource, Message, Stretch } from "../../ports/index.ts";

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
/** datagrepper looks for a word in the last 32 weeks alone (datagrepper/app.py); its day may begin at another hour. */
const WORDS_REACH_MS = 31 * 7 * DAY_MS;
/** Look-ups that go on at once: a region's pass asks of many composes. */
const MOST_AT_ONCE = 2;

/**
 * What pungi has said of a compose, from the archive: one fact, with the source `datagrepper`, for each different statement of
 * type and label. An id without a date says nothing about when to look, and nothing is found for it. Throws `UpstreamError`, also
 * when a row that may speak of the compose cannot be read: that is no silence.
 */
export function datagrepperFacts({ archive, environments, clock, factsIn }: FactsOfArchive): ComposeSource {
  const topics = topicsOf(["pungi.compose.status.change"], environments);
  const inTurn = turns(MOST_AT_ONCE);
  const read = async (composeId: string, window: Stretch): Promise<readonly Fact[]> => {
    const said = new Map<string, Fact>();
    const isRecent = window.start > clock.now() - WORDS_REACH_MS;
    for await (const message of archive.messages({ topics, ...window, ...(isRecent && { contains: composeId }) })) {
      if (message.unreadable !== undefined)
        throw new UpstreamError("datagrepper", "UNREADABLE_ROW", `datagrepper: ${message.unreadable}`);
      for (const fact of factsIn(message)) {
        if (fact.composeId !== composeId) continue;
        const statement = JSON.stringify({ type: fact.type, label: fact.label });
        if (!said.has(statement)) said.set(statement, { ...fact, source: "datagrepper" });
      }
    }
    return [...said.values()];
  };
  return {
    source: "datagrepper",
    ask: async (composeId) => {
      const window = windowOf(composeId, clock.now());
      if (window === null) return [];
      try {
        return await inTurn(() => read(composeId, window));
      } catch (error) {
        // Whoever asks of a compose can only wait: a refusal is no answer that can be believed.
        if (!(error instanceof RefusedError)) throw error;
        throw new UpstreamError("datagrepper", error.code, error.message, { cause: error });
      }
    },
  };
}

/** Lets so many works go on at once; the others wait for their turn, first come, first served. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** There is nothing to ask for beyond now, but the archive's clock may be ahead of ours. */
function windowOf(composeId: string, now: Instant): Stretch | null {
  const parsed = parseComposeId(composeId);
  if (!parsed.ok) return null;
  const { date } = parsed.value;
  const day = Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6)));
  return { start: day - BEFORE_MS, end: Math.min(day + AFTER_MS, now + HOUR_MS) };
}
