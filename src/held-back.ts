import type { Queue } from "./domain/lifecycle.ts";
import type { HeldBack } from "./domain/report-outlook.ts";
import { formatInstant, type Instant } from "./domain/time.ts";
import type { Budgets, Clock, Schedule } from "./ports.ts";

export interface HeldBackParts {
  readonly budgets: Pick<Budgets, "stops" | "paused">;
  readonly schedule: Pick<Schedule, "regions" | "due" | "countDue">;
  readonly clock: Clock;
}

/** Images of a region that are listed for one stop. */
const MOST_PER_REGION = 10;
const WORDS = { private: "make images private", delete: "delete images" } as const;

/** The pause and the stops in force, each with the images that wait for its end. Throws `UpstreamError`. */
export async function heldBack({ budgets, schedule, clock }: HeldBackParts): Promise<readonly HeldBack[]> {
  const now = clock.now();
  const [pause, stops] = await Promise.all([budgets.paused(), budgets.stops()]);
  const kept = async (what: string, why: string, since: Instant, queues: readonly Queue[]): Promise<HeldBack> => {
    const counts = await Promise.all(queues.map((queue) => schedule.countDue(queue, now)));
    const plans = await Promise.all(queues.map((queue) => planOf(queue, now, schedule)));
    return { what, why, since, images: counts.reduce((sum, count) => sum + count, 0), plan: plans.flat() };
  };
  return Promise.all([
    ...(pause === null ? [] : [kept("anything", `${pause.by}: ${pause.why}`, pause.since, ["private", "delete"])]),
    ...stops.map(({ kind, reason, since }) => kept(WORDS[kind], reason, since, [kind])),
  ]);
}

async function planOf(
  queue: Queue,
  now: Instant,
  schedule: Pick<Schedule, "regions" | "due">,
): Promise<readonly string[]> {
  const regions = await schedule.regions();
  const due = await Promise.all(regions.map((region) => schedule.due(region, queue, now, MOST_PER_REGION)));
  return due.flat().map(({ region, amiId, composeId, privateAt, deleteAt }) => {
    const at = queue === "delete" ? deleteAt : privateAt;
    const since = at === null ? "" : `, due since ${formatInstant(at)}`;
    return `${region} ${amiId} ${composeId}: ${queue === "delete" ? "delete" : "make private"}${since}`;
  });
}
