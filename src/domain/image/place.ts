import type { Image } from "./image.ts";
import { QUEUE_OF, type Change, type Periods, type Queue } from "./lifecycle.ts";
import type { Instant } from "../time.ts";

/** Whether an image may stand in these queues, as its stage has it: in one, and in the right one. */
export function isInPlace({ stage, deleteAt }: Pick<Image, "stage" | "deleteAt">, stands: readonly Queue[]): boolean {
  const queue = QUEUE_OF[stage];
  const [first, ...more] = stands;
  if (more.length > 0) return false;
  // The public is to be told first: then it waits for nobody but the reporter.
  if (first === undefined) return queue === null || (stage === "private" && deleteAt === null);
  return first === queue;
}

/**
 * Where an image belongs whose place is lost, and when it wakes up: at its deadline, or at once, when nobody knows any more what
 * it waited for; a claim that may be under way runs out first. Null: in no queue.
 */
export function placeOf(image: Image, { leaseMs }: Pick<Periods, "leaseMs">, now: Instant): Change["wait"] {
  const { stage, privateAt, deleteAt, token } = image;
  const queue = QUEUE_OF[stage];
  if (queue === null || (stage === "private" && deleteAt === null)) return null;
  const deadline = stage === "public" ? privateAt : stage === "private" ? deleteAt : null;
  const soonest = token === "" ? now : now + leaseMs;
  return { queue, wakeAt: Math.max(deadline ?? soonest, soonest) };
}
