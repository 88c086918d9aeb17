import { classify, type Decision, type KeepRule, type Policy } from "../domain/compose/classify.ts";
import type { ComposeFacts, Testimony } from "../domain/compose/facts.ts";
import type { ImageEvent } from "../domain/image/event.ts";
import type { Image } from "../domain/image/image.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import type { Replacement } from "../domain/image/replacement.ts";
import { streamOf } from "../domain/image/stream.ts";
import type { Instant } from "../domain/time.ts";
import { isForeign, unreadableCompose } from "../errors.ts";
import type { Facts, Journal, Schedule, Unread } from "../ports/index.ts";

/** Who explains images and composes. */
export interface Explainer {
  readonly schedule: Pick<Schedule, "regions" | "get" | "waiting" | "ofCompose" | "newest" | "replacements">;
  readonly facts: Pick<Facts, "recall" | "testimony">;
  readonly journal: Pick<Journal, "history">;
  readonly policy: Policy;
  readonly now: () => Instant;
}

/** What is known of a compose, who said it, and what follows from it now. */
export interface ComposeKnowledge {
  readonly facts: ComposeFacts;
  readonly testimony: readonly Testimony[];
  readonly decision: Decision;
}

/** Where an image stands, and what would be decided about it now. */
export interface Standing {
  readonly image: Image;
  readonly decision: Decision;
  /** The queue that it waits in, and until when; null: it waits for nothing. */
  readonly waits: { readonly queue: Queue; readonly wakeAt: Instant } | null;
}

export interface ImageExplanation extends Standing {
  readonly compose: ComposeKnowledge;
  /** The policy keeps it public as long as its compose is among the newest of its stream. */
  readonly isNewest: boolean;
  /** What to go over to from it; null: none is known, or it stays itself. */
  readonly replacement: Replacement | null;
  readonly history: readonly ImageEvent[];
  /** A time of which its history was not looked through; null: it is whole. */
  readonly unread: Unread | null;
}

export interface ComposeExplanation {
  readonly compose: ComposeKnowledge;
  /** Its images, ordered by region. */
  readonly standings: readonly Standing[];
  /** It has more of them than were asked for. */
  readonly isMore: boolean;
  /** Whether anything was ever heard of it. */
  readonly isKnown: boolean;
}

/** An AMI in every region that knows it; none when no message ever named it. Throws `UpstreamError`. */
export async function explainAmi(amiId: string, explainer: Explainer): Promise<readonly ImageExplanation[]> {
  const { schedule } = explainer;
  const regions = await schedule.regions();
  const [found, unreadable]: [Image[], Error[]] = [[], []];
  for (const region of regions) {
    try {
      const image = await schedule.get(region, amiId);
      if (image !== null) found.push(image);
    } catch (error) {
      if (!isForeign(error)) throw error;
      unreadable.push(error);
    }
  }
  const [first] = unreadable;
  if (first !== undefined && found.length === 0) throw first;
  return Promise.all(found.map((image) => explainImage(image, explainer)));
}

/** So many images of a compose are shown on a page; a compose of Fedora's has some hundred. */
export const MOST_OF_COMPOSE = 500;

/** A compose with its images in every region, `most` of them at the most. Throws `UpstreamError`. */
export async function explainCompose(
  composeId: string,
  { schedule, facts, policy }: Omit<Explainer, "journal" | "now">,
  most = Infinity,
): Promise<ComposeExplanation> {
  const [compose, found] = await Promise.all([
    knowledgeOf(composeId, { facts, policy }),
    schedule.ofCompose(composeId, { most: most + 1 }),
  ]);
  const images = found.slice(0, most);
  const { facts: known, testimony } = compose;
  const isHeard = known.released || testimony.length + known.types.length + known.labels.length > 0;
  const ordered = images.toSorted((a, b) => a.region.localeCompare(b.region) || a.amiId.localeCompare(b.amiId));
  const standings = await Promise.all(ordered.map((image) => standingOf(image, compose.decision, schedule)));
  return { compose, standings, isMore: found.length > most, isKnown: isHeard || images.length > 0 };
}

async function explainImage(
  image: Image,
  { schedule, facts, journal, policy, now }: Explainer,
): Promise<ImageExplanation> {
  const [compose, { events, unread }] = await Promise.all([
    knowledgeOf(image.composeId, { facts, policy }),
    journal.history(image),
  ]);
  const standing = await standingOf(image, compose.decision, schedule);
  const stream = policy.keepNewest === 0 || image.stage !== "public" ? null : streamOf(image);
  const newest = stream === null ? [] : await schedule.newest(image.region, stream, policy.keepNewest);
  const isNewest = newest.includes(image.composeId);
  const { region, composeId, imageName } = image;
  // Nobody has to leave an image that everybody can use and nothing is done to.
  const asked = isNewest || image.stage === "kept" ? [] : [{ region, composeId, imageName: imageName ?? "" }];
  const [replacement = null] = await schedule.replacements(asked, { now: now(), keepNewest: policy.keepNewest });
  return { ...standing, compose, isNewest, replacement, history: events, unread };
}

async function knowledgeOf(
  composeId: string,
  { facts, policy }: Pick<Explainer, "facts" | "policy">,
): Promise<ComposeKnowledge> {
  const [[known], testimony] = await Promise.all([facts.recall([composeId]), facts.testimony(composeId)]);
  if (known === undefined) throw unreadableCompose(composeId);
  return { facts: known, testimony, decision: classify(known, policy) };
}

async function standingOf(image: Image, decision: Decision, schedule: Pick<Schedule, "waiting">): Promise<Standing> {
  const waits = await schedule.waiting(image.region, image.amiId);
  return { image, decision: decisionOn(image, decision), waits };
}

/**
 * The decision on one image: its compose's, unless the image itself is kept for a reason that no fact of the compose tells,
 * such as two composes for one AMI.
 */
function decisionOn(image: Image, decision: Decision): Decision {
  const isKept = image.stage === "kept" || (image.stage === "restoring" && image.becomes === "kept");
  if (!isKept || decision.kind === "keep" || image.rule === null) return decision;
  // Only a keep brings an image into these stages.
  return { kind: "keep", rule: image.rule as KeepRule, reason: image.reason };
}
