import type { Rule } from "../compose/classify.ts";
import type { Image } from "../image/image.ts";
import { draft, NOT_MISSED, type Change } from "../image/lifecycle.ts";
import { believable } from "../limits/deaf.ts";
import type { Seen } from "../plan/look.ts";
import { DAY_MS, dayOf, formatInstant, type Instant } from "../time.ts";

/** Rules that keep what people were given: such an image must stay as it is. */
const RELEASED_RULES: readonly (Rule | null)[] = ["released-two-week", "beta", "ga"];
/** Whoever announces an image may not have finished with it. */
const YOUNG_MS = DAY_MS;
/** A look that finds nothing counts when it is as long after the one before. */
const BETWEEN_MISSES_MS = DAY_MS;

/** The first word of the `last_error` of a released image that is not as it should be. */
export const ALTERED = "altered";

const GONE = "Amazon EC2 does not know it any more";
const AS_BEFORE = "it is as it should be again";
const WHO = "guardian";

/** What a released image is found as: what EC2 shows, or `absent`, where EC2 says that there is none of that id. */
export type Found = Seen | "absent";

/** Whether an image is one that people were given, and that must stay. */
export function isReleased({ stage, rule }: Pick<Image, "stage" | "rule">): boolean {
  return stage === "kept" && RELEASED_RULES.includes(rule);
}

/** Whether it is old enough to be looked at. */
export function isSettledIn({ uploadedAt }: Pick<Image, "uploadedAt">, now: Instant): boolean {
  return uploadedAt + YOUNG_MS <= now;
}

/** What is not as it should be with a released image, in words that anybody may read; empty: nothing. */
function alterationsOf(seen: Seen, now: Instant, warnBeforeMs: number): readonly string[] {
  const { state, isPublic, deprecatedAt } = seen;
  return [
    ...(state === "available" ? [] : [state === "disabled" ? "it is disabled" : `its state is ${state}`]),
    ...(isPublic ? [] : ["it is not public"]),
    ...(deprecatedAt === null || deprecatedAt > now + warnBeforeMs ? [] : [deprecation(deprecatedAt, now)]),
  ];
}

function deprecation(at: Instant, now: Instant): string {
  return at <= now ? `it is deprecated since ${dayOf(at)}` : `it becomes deprecated on ${dayOf(at)}`;
}

/**
 * What is written of a released image that was looked at, with the event that tells a change; null: nothing is new. One that is
 * not there is told after the second look, a day after the first.
 */
export function guarded(
  image: Image,
  found: Found,
  { now, warnBeforeMs }: { readonly now: Instant; readonly warnBeforeMs: number },
): Change | null {
  if (found === "absent") return afterMiss(image, now);
  const words = alterationsOf(found, now, warnBeforeMs);
  const isSame = alteredText(words) === alteredIn(image);
  if (isSame && image.missedLooks === 0) return null;
  return isSame ? written(image, NOT_MISSED) : told(image, words, now, NOT_MISSED);
}

function afterMiss(image: Image, now: Instant): Change | null {
  if (isToldGone(image)) return null;
  // Of a look that is still to come nobody knows when it was: the row begins anew.
  const lastAt = believable(image.missedAt, now);
  if (lastAt === null) return written(image, { missedLooks: 1, missedSince: now, missedAt: now });
  if (now - lastAt < BETWEEN_MISSES_MS) return null;
  return told(image, [GONE], now, {
    missedLooks: image.missedLooks + 1,
    missedSince: image.missedSince ?? now,
    missedAt: now,
  });
}

/** Whether it was told that EC2 does not know it any more. */
export function isToldGone(image: Pick<Image, "lastError">): boolean {
  return alteredIn(image) === alteredText([GONE]);
}

function written({ stage }: Image, fields: Change["fields"]): Change {
  return { stage, wait: null, fields, event: null };
}

function told(image: Image, words: readonly string[], now: Instant, fields: Change["fields"]): Change {
  const why = words.length === 0 ? AS_BEFORE : words.join("; ");
  const event = draft("altered", now, WHO, why, { stage: image.stage, rule: image.rule ?? "" });
  return { ...written(image, { ...fields, attempts: 0, lastError: alteredText(words) }), event };
}

function alteredText(words: readonly string[]): string {
  return words.length === 0 ? "" : `${ALTERED}: ${words.join("; ")}`;
}

/** Whether it is not as it should be, by what was told last. */
export function isAltered(image: Pick<Image, "lastError">): boolean {
  return alteredIn(image) !== "";
}

/** What was told of it last; what else its record may say there was met before it was kept. */
function alteredIn({ lastError }: Pick<Image, "lastError">): string {
  return lastError.startsWith(`${ALTERED}: `) ? lastError : "";
}

/** How a released image stands, in a few words; `lookedAt`: when its region was looked at last. */
export function guardText(image: Image, lookedAt: Instant | null): string {
  if (isAltered(image)) return image.lastError.slice(ALTERED.length + 2);
  if (lookedAt === null || !isSettledIn(image, lookedAt)) return "not looked at yet";
  if (image.missedAt !== null) return `not found at ${formatInstant(image.missedAt)}; looked for again a day later`;
  return "as it should be";
}
