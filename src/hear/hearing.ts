import { believable } from "../domain/limits/deaf.ts";
import type { Instant } from "../domain/time.ts";
import type { CommentMemory, Hearing, HeardUntil } from "../ports/index.ts";

/**
 * How much was heard, as far as anybody may act on it. What another run of Redis remembers counts for nothing: it may have lost
 * what was heard last, a release or a hold among it. Nor does an instant that has not come yet, which a wrong clock wrote.
 * Comments count as well, where people can write any; where nothing was ever posted nobody can have objected.
 */
export function heardUntilBy(
  hearing: Pick<Hearing, "memory" | "runId">,
  comments: Pick<CommentMemory, "readUntil" | "isSilent"> | null,
): HeardUntil {
  return async (now) => {
    const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
    const heard = memory.runId === runId ? believable(memory.heardUntil, now) : null;
    if (comments === null || heard === null) return heard;
    return earlier(heard, await readUntil(comments, now));
  };
}

/** `Infinity`: there is nothing to read. */
async function readUntil(
  comments: Pick<CommentMemory, "readUntil" | "isSilent">,
  now: Instant,
): Promise<Instant | null> {
  const at = await comments.readUntil();
  if (at === null && (await comments.isSilent())) return Infinity;
  return believable(at, now);
}

function earlier(heard: Instant, read: Instant | null): Instant | null {
  return read === null ? null : Math.min(heard, read);
}
