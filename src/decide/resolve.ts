import { randomUUID } from "node:crypto";
import type { Consultation } from "./consult.ts";
import { classify, type Policy } from "../domain/compose/classify.ts";
import { redecide, type Periods } from "../domain/image/lifecycle.ts";
import { stillUnresolved } from "../domain/image/unresolved.ts";
import type { Facts, Random, Schedule } from "../ports/index.ts";

/** Whoever decides on images whose composes were not known. */
export interface Resolver {
  readonly schedule: Pick<Schedule, "now" | "claim" | "settle">;
  readonly facts: Pick<Facts, "recall">;
  readonly consultation: Pick<Consultation, "about">;
  readonly periods: Periods;
  readonly policy: Policy;
  readonly random: Random;
}

const BATCH = 200;

/**
 * One pass over the unresolved images of a region that are due: their composes are asked about, then they are decided, or put
 * off, or kept when nothing came for too long. Resolves to how many were decided. Throws `UpstreamError`.
 */
export async function resolveRegion(region: string, resolver: Resolver): Promise<number> {
  const { schedule, facts, periods, policy, consultation, random } = resolver;
  const { at: now } = await schedule.now();
  const lease = { token: randomUUID(), now, until: now + periods.leaseMs };
  const images = await schedule.claim(region, "unresolved", lease, BATCH);
  const composeIds = [...new Set(images.map((image) => image.composeId))];
  await Promise.all(composeIds.map((composeId) => consultation.about(composeId)));
  const known = await facts.recall(composeIds);
  const decisions = new Map(known.map((each) => [each.composeId, classify(each, policy)]));
  let decided = 0;
  for (const image of images) {
    const decision = decisions.get(image.composeId);
    if (decision === undefined) continue;
    const change =
      redecide(image, decision, periods, now, "resolver") ??
      stillUnresolved(image, decision.reason, periods, now, random());
    if ((await schedule.settle(image, change)) && change.stage !== "unresolved") decided += 1;
  }
  return decided;
}
