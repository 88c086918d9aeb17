import { believable, isDeaf, isWindowLate, type Deafness } from "../domain/limits/deaf.ts";
import type { Instant } from "../domain/time.ts";
import type { CommentMemory, Hearing, HearingMemory, Listen } from "../ports/index.ts";

/** A part of what was said, and how far it was heard. */
interface Part {
  readonly until: Instant | null;
  readonly deafness: Deafness | null;
}

/** Where it stands how far comments were read. */
type Comments = Pick<CommentMemory, "reading" | "isSilent">;

/**
 * How much was heard, as far as anybody may act on it. What another run of Redis remembers counts for nothing: it may have lost
 * what was heard last, a release or a hold among it. Nor does an instant that has not come yet, which a wrong clock wrote.
 * Comments count as well, where people can write any, or could before; where nothing was ever posted nobody can have objected.
 */
export function listenTo(
  hearing: Pick<Hearing, "memory" | "runId">,
  comments: Comments | null,
  former: Comments | null = null,
): Listen {
  return async (now) => {
    const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
    const messages = heardOf(memory, runId, now);
    const said = comments === null ? null : await readOf(comments, runId, now);
    const saidBefore = former === null ? null : await readOf(former, runId, now);
    return {
      ...lesser(lesser(messages, said), saidBefore),
      lateSince: messages.until === null ? null : lateSince(memory, now),
      isStill: async () => runId !== null && (await hearing.runId()) === runId,
    };
  };
}

/** How far the messages were heard, by what is remembered in this run of Redis. */
export function heardOf(
  { heardUntil, runId: remembered }: Pick<HearingMemory, "heardUntil" | "runId">,
  runId: string | null,
  now: Instant,
): Part {
  if (heardUntil === null) return { until: null, deafness: "never" };
  if (runId === null || remembered !== runId) return { until: null, deafness: "doubtful" };
  if (believable(heardUntil, now) === null) return { until: null, deafness: "future" };
  return { until: heardUntil, deafness: isDeaf(heardUntil, now) ? "old" : null };
}

function lateSince({ wholeAt }: Pick<HearingMemory, "wholeAt">, now: Instant): Instant | null {
  const readAt = believable(wholeAt, now);
  return readAt !== null && isWindowLate(readAt, now) ? readAt : null;
}

/** `Infinity`: there is nothing to read. */
async function readOf(comments: Comments, runId: string | null, now: Instant): Promise<Part> {
  const { at, runId: remembered } = await comments.reading();
  if (at === null && (await comments.isSilent())) return { until: Infinity, deafness: null };
  const until = runId !== null && remembered === runId ? believable(at, now) : null;
  return { until, deafness: isDeaf(until, now) ? "comments" : null };
}

function lesser(messages: Part, comments: Part | null): Part {
  if (comments === null || messages.until === null) return messages;
  const until = comments.until === null ? null : Math.min(messages.until, comments.until);
  return { until, deafness: messages.deafness ?? comments.deafness };
}
