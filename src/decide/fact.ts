import { type Decider, changeImage } from "./change.ts";
import { classify } from "../domain/compose/classify.ts";
import type { Fact } from "../domain/compose/facts.ts";
import { redecide } from "../domain/image/lifecycle.ts";

/** Remembers a fact, then decides again on every image of its compose. Resolves to how many images changed. */
export async function learnFact(fact: Fact, { schedule, facts, periods, policy }: Decider): Promise<number> {
  await facts.remember(fact);
  const [[known], images] = await Promise.all([facts.recall([fact.composeId]), schedule.ofCompose(fact.composeId)]);
  if (known === undefined) return 0;
  const decision = classify(known, policy);
  const changes = await Promise.all(
    images.map((image) =>
      changeImage(image, (current, now) => redecide(current, decision, periods, now, "ingest"), { schedule }),
    ),
  );
  return changes.filter((isChanged) => isChanged).length;
}
