import { classify, type Decision, type Policy } from "../domain/compose/classify.ts";
import type { ComposeFacts } from "../domain/compose/facts.ts";
import type { Hold } from "../domain/hold.ts";
import type { Image } from "../domain/image/image.ts";
import { unreadableCompose } from "../errors.ts";
import type { Facts } from "../ports/index.ts";

/** The decision on a compose, and the hold of its images. */
export interface Word {
  readonly decision: Decision;
  readonly hold: Hold | null;
}

interface Knower {
  readonly facts: Pick<Facts, "recall">;
  readonly policy: Policy;
}

/**
 * The decision and the hold by what is known now: read again right before an act, it is the one that counts. Throws
 * `RefusedError`.
 */
export async function wordNow(composeId: string, knower: Knower): Promise<Word> {
  const word = (await wordsNow([{ composeId }], knower)).get(composeId);
  if (word === undefined) throw unreadableCompose(composeId);
  return word;
}

/** The same of the composes of many images, each read once; of one whose facts cannot be read there is none. */
export async function wordsNow(
  images: readonly Pick<Image, "composeId">[],
  { facts, policy }: Knower,
): Promise<ReadonlyMap<string, Word>> {
  const known = await facts.recall([...new Set(images.map(({ composeId }) => composeId))]);
  return new Map(known.map((each) => [each.composeId, { decision: classify(each, policy), hold: each.hold }]));
}

export async function factsOf(
  batch: readonly Image[],
  { facts }: { readonly facts: Pick<Facts, "recall"> },
): Promise<Map<string, ComposeFacts>> {
  const known = await facts.recall([...new Set(batch.map((image) => image.composeId))]);
  return new Map(known.map((each) => [each.composeId, each]));
}
