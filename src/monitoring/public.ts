import type { Decision } from "../domain/compose/classify.ts";
import type { ImageEvent } from "../domain/image/event.ts";
import type { Image } from "../domain/image/image.ts";
import type { Replacement } from "../domain/image/replacement.ts";
import { publicReason } from "../domain/plan/public-reason.ts";
import { lastErrorOf } from "../domain/plan/situation.ts";
import { withoutSecrets } from "../domain/report/gate.ts";
import type { ComposeExplanation, ComposeKnowledge, ImageExplanation, Standing } from "../inspect/explain.ts";

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
  const { imageName, arch, lastError, hold, snapshotResults } = image;
  return {
    ...image,
    imageName: orNull(imageName),
    arch: orNull(arch),
    reason: withoutSecrets(image.reason),
    lastError: publicError(lastError),
    hold: hold === null ? null : { ...hold, by: withoutSecrets(hold.by), why: withoutSecrets(hold.why) },
    snapshotResults: Object.fromEntries(
      Object.entries(snapshotResults).map(([id, result]) => [id, publicResult(result)]),
    ),
    token: "",
  };
}

/** An image with all that is known of it, as the public may see it. */
export function publicExplanation(found: ImageExplanation): ImageExplanation {
  return {
    ...found,
    ...publicStanding(found),
    compose: publicKnowledge(found.compose),
    replacement: publicReplacement(found.replacement),
    history: found.history.map(publicEvent),
  };
}

function publicReplacement(found: Replacement | null): Replacement | null {
  return found === null ? null : { ...found, imageName: withoutSecrets(found.imageName) };
}

/** A compose with its images, as the public may see it. */
export function publicCompose(found: ComposeExplanation): ComposeExplanation {
  return { ...found, compose: publicKnowledge(found.compose), standings: found.standings.map(publicStanding) };
}

function publicStanding({ image, decision, waits }: Standing): Standing {
  return { image: publicImage(image), decision: publicDecision(decision), waits };
}

/** A source may say what it likes: no word of it is shown as it stands. */
function publicKnowledge({ facts, testimony, decision }: ComposeKnowledge): ComposeKnowledge {
  const { types, labels, contradiction, location } = facts;
  return {
    facts: {
      ...facts,
      types: types.map(({ source, value }) => ({ source, value: withoutSecrets(value) })),
      labels: labels.map(({ source, value }) => ({ source, value: orNull(value) })),
      contradiction: orNull(contradiction),
      location: orNull(location),
    },
    testimony: testimony.map((each) => ({ ...each, by: withoutSecrets(each.by) })),
    decision: publicDecision(decision),
  };
}

function publicDecision(decision: Decision): Decision {
  return { ...decision, reason: withoutSecrets(decision.reason) };
}

function orNull(text: string | null): string | null {
  return text === null ? null : withoutSecrets(text);
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
