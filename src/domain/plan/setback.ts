import type { Image } from "../image/image.ts";
import { draft, NOT_MISSED, waitOf, type Change, type Periods } from "../image/lifecycle.ts";
import { backoffMs, jittered } from "../limits/backoff.ts";
import { believable } from "../limits/deaf.ts";
import { refusalOf, type RefusalCode } from "./refusal.ts";
import { progressOf } from "./situation.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/**
 * What needs a person's change of permissions is asked again rarely; what may cure itself, daily or, as a source's word,
 * soon.
 */
const REFUSED_AGAIN_MS: Readonly<Partial<Record<RefusalCode, number>>> = {
  permission: 7 * DAY_MS,
  unanswered: HOUR_MS,
  "usage-unknown": HOUR_MS,
  unreadable: HOUR_MS,
};

/** Looks in a row that must miss an image before it counts as gone, and the time between one and the next. */
const GONE_AFTER_LOOKS = 3;
const BETWEEN_MISSES_MS = DAY_MS;
/** Of an image that is not shown where nothing else is, either. */
const UNSEEN = "missing: nothing of its region can be seen";

/** How many failures in a row are a hiccup that nobody needs to read about. */
const QUIET_FAILURES = 3;

/** A refusal keeps the stage and the deadline; only the next wake-up moves. The event is written when the reason is new. */
export function afterRefusal(image: Image, code: RefusalCode, reason: string, now: Instant): Change {
  const lastError = `${code}: ${reason}`;
  // A way back is tried hourly, whatever shut it.
  const againMs = image.stage === "restoring" ? HOUR_MS : (REFUSED_AGAIN_MS[code] ?? DAY_MS);
  return {
    stage: image.stage,
    wait: waitOf(image, now + againMs),
    fields: { lastError, attempts: image.attempts + 1, ...NOT_MISSED },
    event:
      image.lastError === lastError ? null : draft("refused", now, "ticker", reason, { code, ...progressOf(image) }),
  };
}

/** Something failed that may work later: tried again, with jitter of `fraction`. It is told once, when it goes on. */
export function afterFailure(image: Image, reason: string, now: Instant, fraction: number): Change {
  const attempts = image.attempts + 1;
  return {
    stage: image.stage,
    wait: waitOf(image, now + jittered(backoffMs(image.attempts, MINUTE_MS / 12, HOUR_MS), fraction)),
    fields: { lastError: `failed: ${reason}`, attempts },
    event: attempts === QUIET_FAILURES ? draft("failed", now, "ticker", reason, progressOf(image)) : null,
  };
}

/** The region failed, not the image: it stands as it stood, and is due for as soon as the region is asked again. */
export function yielded(image: Image, now: Instant): Change {
  return { stage: image.stage, wait: waitOf(image, now), fields: {}, event: null };
}

/** EC2 does not show the image, and shows that it works. Three such looks in a row, a day apart, make it gone. */
export function afterMiss(image: Image, now: Instant): Change {
  const { stage } = image;
  const lastError = "missing: EC2 does not show it";
  // Of a miss that is still to come nobody knows when it was: the row begins anew.
  const lastAt = believable(image.missedAt ?? image.missedSince, now);
  const before = lastAt === null ? 0 : image.missedLooks;
  const nextAt = (lastAt ?? -Infinity) + BETWEEN_MISSES_MS;
  if (before > 0 && now < nextAt) return { stage, wait: waitOf(image, nextAt), fields: { lastError }, event: null };
  const missedLooks = before + 1;
  const missedSince = before === 0 ? now : (image.missedSince ?? now);
  const fields = { missedLooks, missedSince, missedAt: now, lastError };
  if (missedLooks < GONE_AFTER_LOOKS)
    return { stage, wait: waitOf(image, now + BETWEEN_MISSES_MS), fields, event: null };
  const why = "vanished from EC2 by another hand";
  return { stage: "gone", wait: null, fields, event: draft("gone", now, "ticker", why) };
}

/**
 * Whether we may have deleted an image ourselves that is gone, and nobody knows that any more: nothing was ever done with it by its
 * record, and when it was first missed all of its days were over.
 */
export function mayBeOurs(
  { takenAway, madePrivateAt, uploadedAt, missedSince }: Image,
  { privateAfterMs, deleteAfterMs }: Periods,
): boolean {
  const isUntouched = takenAway === null && madePrivateAt === null;
  return isUntouched && missedSince !== null && missedSince >= uploadedAt + privateAfterMs + deleteAfterMs;
}

/**
 * EC2 does not show the image, nor anything else that must be there: its region may be sick, so the look counts for nothing.
 * It is put off by a day; from the second time on it is told.
 */
export function afterDoubt(image: Image, now: Instant): Change {
  const wait = waitOf(image, now + DAY_MS);
  const isFirst = image.lastError !== UNSEEN && refusalOf(image)?.code !== "unseen";
  if (isFirst) return { stage: image.stage, wait, fields: { lastError: UNSEEN }, event: null };
  const reason = "EC2 shows neither it nor anything else that must be in its region";
  const { missedLooks, missedSince, missedAt } = image;
  const change = afterRefusal(image, "unseen", reason, now);
  return { ...change, wait, fields: { ...change.fields, missedLooks, missedSince, missedAt } };
}

/** EC2 knows the image by its id, and leaves it out of its lists, as it does with images that "Allowed AMIs" forbids. */
export function afterHiddenLook(image: Image, now: Instant): Change {
  const reason = "EC2 knows it by its id, but does not list it: are Allowed AMIs set in this account?";
  return afterRefusal(image, "hidden", reason, now);
}
