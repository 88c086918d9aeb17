import type { Image } from "../image/image.ts";
import { draft, waitOf, type Change } from "../image/lifecycle.ts";
import { backoffMs, jittered } from "../limits/backoff.ts";
import type { RefusalCode } from "./refusal.ts";
import { progressOf } from "./situation.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/** What needs a person's change of permissions is asked again rarely; what may cure itself, daily or, as a source's word, soon. */
const REFUSED_AGAIN_MS: Readonly<Partial<Record<RefusalCode, number>>> = {
  permission: 7 * DAY_MS,
  unanswered: HOUR_MS,
  unreadable: HOUR_MS,
};

/** Looks that must miss an image, and the time they must span, before it counts as gone. */
const GONE_AFTER_LOOKS = 3;
const GONE_AFTER_MS = DAY_MS;

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
    fields: { lastError, attempts: image.attempts + 1, missedLooks: 0, missedSince: null },
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

/** EC2 did not show the image. Three such looks over 24 hours make it gone. */
export function afterMiss(image: Image, now: Instant): Change {
  const missedLooks = image.missedLooks + 1;
  const missedSince = image.missedSince ?? now;
  const fields = { missedLooks, missedSince, lastError: "missing: EC2 does not show it" };
  if (missedLooks < GONE_AFTER_LOOKS || now - missedSince < GONE_AFTER_MS)
    return { stage: image.stage, wait: waitOf(image, now + GONE_AFTER_MS / 2), fields, event: null };
  const why = "vanished from EC2 by another hand";
  return { stage: "gone", wait: null, fields, event: draft("gone", now, "ticker", why) };
}

/** EC2 knows the image by its id, and leaves it out of its lists, as it does with images that "Allowed AMIs" forbids. */
export function afterHiddenLook(image: Image, now: Instant): Change {
  const reason = "EC2 knows it by its id, but does not list it: are Allowed AMIs set in this account?";
  const change = afterRefusal(image, "hidden", reason, now);
  return { ...change, fields: { ...change.fields, missedLooks: 0, missedSince: null } };
}
