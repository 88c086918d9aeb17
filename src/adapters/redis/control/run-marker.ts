import { createHash, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Keys } from "../keys.ts";
import { loadScript } from "../script.ts";

const markAlone = loadScript("control/mark");

/**
 * The identity of Redis' run for a user who may not ask INFO for it. A script that EVAL ran is remembered by the process
 * alone, on no disk and on no replica ("Scripting with Lua", script cache), so that one whose text is a random word is known
 * exactly as long as the run lasts. Which word that was is written for the process alone, too: with another one's memory it is
 * lost. Where somebody flushes the scripts, or Redis lets them go for room, a run counts as new that is not: then more is heard
 * again than must be.
 */
export async function markedRun(redis: Redis, keys: Keys): Promise<string> {
  const key = keys.control("run");
  const known = await redis.get(key);
  if (known !== null && (await isRemembered(redis, known))) return known;
  const mark = `mark-${randomUUID()}`;
  await redis.eval(textOf(mark), 0);
  await markAlone(redis, [key], [mark]);
  return mark;
}

async function isRemembered(redis: Redis, mark: string): Promise<boolean> {
  try {
    await redis.evalsha(createHash("sha1").update(textOf(mark)).digest("hex"), 0);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("NOSCRIPT")) return false;
    throw error;
  }
}

function textOf(mark: string): string {
  return `return ${JSON.stringify(mark)}`;
}
