import type { ImageEvent } from "../domain/image/event.ts";
import type { Image } from "../domain/image/image.ts";
import { publicReason } from "../domain/plan/public-reason.ts";
import { lastErrorOf } from "../domain/plan/situation.ts";
import { withoutSecrets } from "../domain/report/gate.ts";

/** Details of an event that hold ids, dates, counts and words of ours. */
const OWN_DETAILS = [
  "stage",
  "begun",
  "code",
  "rule",
  "snapshots",
  "gib",
  "ec2_name",
  "by",
  "until",
  "from",
  "after_hold_s",
];

/** An image as the public may see it: what a service said of it is put into our own words, as the report does. */
export function publicImage<T extends Image>(image: T): T {
  const { lastError, hold, snapshotResults } = image;
  return {
    ...image,
    reason: withoutSecrets(image.reason),
    lastError: publicError(lastError),
    hold: hold === null ? null : { ...hold, by: withoutSecrets(hold.by), why: withoutSecrets(hold.why) },
    snapshotResults: Object.fromEntries(
      Object.entries(snapshotResults).map(([id, result]) => [id, publicResult(result)]),
    ),
    token: "",
  };
}

/** An event as the public may see it. */
export function publicEvent(event: ImageEvent): ImageEvent {
  const lastError = lastErrorOf(event);
  const details = Object.entries(event.details)
    .filter(([name]) => OWN_DETAILS.includes(name))
    .map(([name, value]) => [name, withoutSecrets(value)] as const);
  return {
    ...event,
    who: withoutSecrets(event.who),
    why: lastError === null ? withoutSecrets(event.why) : publicReason(lastError).why,
    imageName: withoutSecrets(event.imageName),
    details: Object.fromEntries(details),
  };
}

/** The code stays, for whoever reads it as a program; the words are ours. */
function publicError(lastError: string): string {
  if (lastError === "") return "";
  const code = /^[a-z-]{1,40}(?=:)/.exec(lastError)?.[0] ?? "failed";
  return `${code}: ${publicReason(lastError).why}`;
}

/** `left: …` quotes EC2; its code is ours. */
function publicResult(result: string): string {
  return withoutSecrets(result.startsWith("left:") ? "left: it still stands" : result);
}
