import { KEPT_FOR_A_PERSON } from "../compose/classify.ts";
import { parseComposeId } from "../compose/compose.ts";
import { nameMismatch } from "../plan/name.ts";
import { DAY_MS, type Instant } from "../time.ts";
import type { ImageEvent } from "./event.ts";
import type { Image } from "./image.ts";
import type { Periods } from "./lifecycle.ts";
import { parseAmiName } from "./name.ts";
import { orderOf, streamOf } from "./stream.ts";

/** An image that another one may be wanted for; what is not known of it is an empty name. */
export interface Replaceable {
  readonly region: string;
  readonly composeId: string;
  readonly imageName: string;
}

/** An image to go over to. */
export type Replacement = Replaceable & Pick<Image, "amiId">;

/** How long an image has to stay public to be worth going over to. */
export interface Staying {
  readonly now: Instant;
  /** What is to be made private within this time is none. */
  readonly soonMs: number;
  /** The policy keeps its compose public, as one of the newest of its stream. */
  readonly isNewest: boolean;
}

/** How soon is soon, in milliseconds: a day, and less where an image is made private after less than five. */
export function soonFor({ privateAfterMs }: Pick<Periods, "privateAfterMs">): number {
  return Math.min(DAY_MS, privateAfterMs / 5);
}

/** What one image can replace another of: the stream, product and architecture, and how new it is. */
export interface Line {
  readonly stream: string;
  readonly product: string;
  readonly order: number;
}

/** An event after which somebody may want another image; null: nobody does. */
export function replaceableIn({ what, region, composeId, imageName, details }: ImageEvent): Replaceable | null {
  if (what !== "made-private" && what !== "found-again" && what !== "deleted") return null;
  return { region, composeId, imageName: details["ec2_name"] || imageName };
}

/** Null where the name, or the compose's id, does not say it. Total. */
export function lineOf({ composeId, imageName }: Pick<Replaceable, "composeId" | "imageName">): Line | null {
  const [id, name] = [parseComposeId(composeId), parseAmiName(imageName)];
  const stream = name === null ? null : streamOf({ composeId, arch: name.arch });
  if (!id.ok || name === null || stream === null) return null;
  return { stream, product: name.product, order: orderOf(id.value) };
}

/**
 * Of images of a region the first that is newer than one of this line and else of its kind, and that everybody can use, without
 * a doubt and for a while; null: there is none, and none is better than a wrong one.
 */
export function replacementAmong(line: Line, candidates: readonly Image[], staying: Staying): Replacement | null {
  for (const candidate of candidates) {
    const { region, amiId, composeId, imageName } = candidate;
    if (imageName === null || !isOpen(candidate, staying)) continue;
    const other = lineOf({ composeId, imageName });
    if (other?.stream !== line.stream || other.product !== line.product || other.order <= line.order) continue;
    if (nameMismatch(imageName, composeId, null) === null) return { region, amiId, composeId, imageName };
  }
  return null;
}

/** Everybody can use it, as far as is known; nothing speaks against it; and it is not about to go. */
function isOpen(image: Image, { now, soonMs, isNewest }: Staying): boolean {
  const { stage, rule, takenAway, hold, lastError, privateAt } = image;
  if (takenAway !== null || hold !== null || lastError !== "") return false;
  if (stage === "public") return isNewest || privateAt > now + soonMs;
  return stage === "kept" && !KEPT_FOR_A_PERSON.some((doubt) => doubt === rule);
}
