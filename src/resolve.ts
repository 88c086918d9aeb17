import { randomUUID } from "node:crypto";
import { classify } from "./domain/classify.ts";
import { redecide, stillUnresolved, type Periods } from "./domain/lifecycle.ts";
import type { Clock, Facts, Schedule } from "./ports.ts";

export interface ResolveParts {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly periods: Periods;
}

const BATCH = 200;

/**
 * One pass over the unresolved images of a region that are due: decided when facts have come, put off when not, kept when
 * nothing came for too long. Resolves to how many were decided. Throws `UpstreamError`.
 */
export async function resolveRegion(region: string, parts: ResolveParts): Promise<number> {
  const { schedule, facts, periods } = parts;
  const { at: now } = await schedule.now();
  const lease = { token: randomUUID(), now, until: now + periods.leaseMs };
  const images = await schedule.claim(region, "unresolved", lease, BATCH);
  const composeIds = [...new Set(images.map((image) => image.composeId))];
  const decisions = new Map((await facts.recall(composeIds)).map((known) => [known.composeId, classify(known)]));
  let decided = 0;
  for (const image of images) {
    const decision = decisions.get(image.composeId);
    if (decision === undefined) continue;
    const change =
      redecide(image, decision, periods, now, "resolver") ?? stillUnresolved(image, decision.reason, periods, now);
    if ((await schedule.settle(image, change)) && change.stage !== "unresolved") decided += 1;
  }
  return decided;
}
