import { Run } from "./run.ts";
import type { Lived } from "./survive.ts";
import type { Command } from "./words.ts";
import { openWorld } from "../world/world.ts";

/** A stalled answer costs a story so much; one that is only slow is asked for again, which keeps every promise. */
const ANSWER_WITHIN_MS = 300;

/** One story in a world of its own; resolves to what went wrong in it, and adds to what was lived through. */
export async function live(story: readonly Command[], lived: Lived): Promise<readonly string[]> {
  const closers: (() => unknown)[] = [];
  const teardown = (close: () => unknown): void => void closers.unshift(close);
  const world = await openWorld({ teardown }, { answerWithinMs: ANSWER_WITHIN_MS });
  try {
    const run = new Run(world, lived);
    for (const command of story) {
      await run.do(command);
      if (run.oracle.wrong.length > 0) return run.oracle.wrong;
    }
    await run.finish();
    return run.oracle.wrong;
  } finally {
    for (const close of closers) await close();
  }
}
