import { classify, type Decision, type Policy } from "../domain/compose/classify.ts";
import type { ComposeFacts } from "../domain/compose/facts.ts";
import type { Hold } from "../domain/hold.ts";
import type { Image } from "../domain/image/image.ts";
import { unreadableCompose } from "../errors.ts";
import type { Facts } from "../ports/index.ts";

/**
 * The decision and the hold by what is known now: read again right before an act, it is the one that counts. Throws
 * `RefusedError`.
 */
export async function wordNow(
  composeId: string,
  { facts, policy }: { readonly facts: Pick<Facts, "recall">; readonly policy: Policy },
): Promise<{ readonly decision: Decision; readonly hold: Hold | null }> {
  const [known] = await facts.recall([composeId]);
  if (known === undefined) throw unreadableCompose(composeId);
  return { decision: classify(known, policy), hold: known.hold };
}

export async function factsOf(
  batch: readonly Image[],
  { facts }: { readonly facts: Pick<Facts, "recall"> },
): Promise<Map<string, ComposeFacts>> {
  const known = await facts.recall([...new Set(batch.map((image) => image.composeId))]);
  return new Map(known.map((each) => [each.composeId, each]));
}
