import { type IngestParts, changeImage } from "./change.ts";
import { classify } from "../domain/compose/classify.ts";
import type { Fact } from "../domain/compose/facts.ts";
import { redecide } from "../domain/image/lifecycle.ts";

/** Remembers a fact, then decides again on every image of its compose. Resolves to how many images changed. */
export async function learnFact(fact: Fact, parts: Omit<IngestParts, "rejected" | "environments">): Promise<number> {
  await parts.facts.remember(fact);
  const [[facts], images] = await Promise.all([
    parts.facts.recall([fact.composeId]),
    parts.schedule.ofCompose(fact.composeId),
  ]);
  if (facts === undefined) return 0;
  const decision = classify(facts, parts.policy);
  const changes = await Promise.all(
    images.map((image) =>
      changeImage(image, (current, now) => redecide(current, decision, parts.periods, now, "ingest"), parts),
    ),
  );
  return changes.filter((isChanged) => isChanged).length;
}
