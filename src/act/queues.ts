import { QUEUES, type Queue } from "../domain/image/lifecycle.ts";
import type { Act, ActKind } from "../domain/limits/budget.ts";

/** What costs a budget; or `free`: what was taken is restored, and a hold kept, whatever else is stopped. */
type Work = ActKind | "free";

/** What the ticker does with the images of each queue, in the order of a pass; null: they are the resolver's. */
const WORK_OF: Readonly<Record<Queue, Work | null>> = {
  unresolved: null,
  held: "free",
  restore: "free",
  private: "private",
  delete: "delete",
};

const ALLOWED: Readonly<Record<Act, readonly (Work | null)[]>> = {
  nothing: [],
  private: ["free", "private"],
  delete: ["free", "private", "delete"],
};

/** The queues that a pass works, in its order. `only`: that kind of act alone, besides what is free. */
export function queuesOf(act: Act, only: ActKind | null): readonly Queue[] {
  const queues = Object.keys(WORK_OF) as Queue[];
  const isWanted = (work: Work | null): boolean => only === null || work === "free" || work === only;
  return queues.filter((queue) => ALLOWED[act].includes(WORK_OF[queue]) && isWanted(WORK_OF[queue]));
}

/** The queues for which there are plans. */
export const PLANNED_QUEUES = QUEUES.filter((queue) => WORK_OF[queue] !== null);

/** Whether what is done with a queue's images costs a budget. */
export function isBudgeted(queue: Queue): queue is Queue & ActKind {
  const work = WORK_OF[queue];
  return work !== null && work !== "free";
}
