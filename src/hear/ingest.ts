import { classify, type Policy } from "../domain/compose/classify.ts";
import type { FactClaim } from "../domain/compose/facts.ts";
import { holdOfCompose } from "../domain/hold.ts";
import type { Hold, Image } from "../domain/image/image.ts";
import {
  afterClaim,
  isTouched,
  keep,
  redecide,
  takeBack,
  type Change,
  type Periods,
} from "../domain/image/lifecycle.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Instant } from "../domain/time.ts";
import { describeError, UpstreamError } from "../errors.ts";
import { decode, type IgnoredBecause } from "./decode.ts";
import type { Clock, Facts, Log, Message, Rejected, Schedule } from "../ports/index.ts";

/** What became of one message. */
export type Ingested =
  | { readonly kind: "ignored"; readonly because: IgnoredBecause }
  | { readonly kind: "rejected"; readonly reason: string }
  | { readonly kind: "claims"; readonly composes: number; readonly changed: number }
  /** `rules`: by which rule each new image stands; "unresolved" without one. */
  | { readonly kind: "uploads"; readonly new: number; readonly known: number; readonly rules: readonly string[] };

export interface IngestParts {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly rejected: Rejected;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
  readonly policy: Policy;
  readonly environments: readonly string[];
}

/** A change made from a reading that went stale is made again from a new one, at most so often. */
const MOST_READINGS = 20;

/**
 * Takes one message to its end: decoded, decided, scheduled, or kept as rejected. Safe to repeat. Throws `UpstreamError` when
 * Redis fails, and the message must be put through again; a bug is thrown as it is.
 */
export async function ingest(message: Message, parts: IngestParts): Promise<Ingested> {
  const heard = decode(message, parts.environments);
  switch (heard.kind) {
    case "ignored":
      return heard;
    case "rejected":
      await reject(message, heard.reason, parts);
      return heard;
    case "claims": {
      const changed = await Promise.all(heard.claims.map((claim) => ingestClaim(claim, parts)));
      await rejectUnreadable(message, heard.unreadable, parts);
      return { kind: "claims", composes: heard.claims.length, changed: changed.reduce((sum, count) => sum + count, 0) };
    }
    case "uploads": {
      const fates = await Promise.all(heard.uploads.map((upload) => ingestUpload(upload, parts)));
      await rejectUnreadable(message, heard.unreadable, parts);
      const rules = fates.filter((fate) => fate !== "known");
      return { kind: "uploads", new: rules.length, known: fates.length - rules.length, rules };
    }
  }
}

/**
 * As `ingest`; but a message that makes our code throw is kept, with the stack: a bug of ours is no reason to stop or to loop.
 * Throws `UpstreamError` alone.
 */
export async function ingestOrReject(message: Message, parts: IngestParts): Promise<Ingested> {
  try {
    return await ingest(message, parts);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    const reason = `bug: ${error instanceof Error ? (error.stack ?? error.message) : describeError(error)}`;
    await reject(message, reason, parts);
    return { kind: "rejected", reason };
  }
}

/** Puts a message into the rejected stream, whole, with the reason. */
export async function reject(
  message: Message,
  reason: string,
  parts: Pick<IngestParts, "rejected" | "log">,
): Promise<void> {
  const { body, messageId, topic, headers, arrivedAt } = message;
  const sentAt = typeof headers["sent-at"] === "string" ? headers["sent-at"] : "";
  await parts.rejected.add({ body, reason, messageId, topic, sentAt, at: arrivedAt });
  parts.log.warn({ messageId, topic, reason }, "message rejected");
}

async function rejectUnreadable(message: Message, unreadable: readonly string[], parts: IngestParts): Promise<void> {
  if (unreadable.length > 0) await reject(message, unreadable.join("; "), parts);
}

/**
 * A fact and a schedule live in different slots, so no script covers both: whoever writes second must see the first. So the
 * facts are read again after the image is written; a claim does the reverse. Resolves to "known", or a new image's rule.
 */
async function ingestUpload(upload: Upload, parts: IngestParts): Promise<string> {
  const { schedule, facts } = parts;
  const decide = async (): Promise<{ decision: ReturnType<typeof classify>; hold: Hold | null }> => {
    const [known] = await facts.recall([upload.composeId]);
    if (known === undefined) throw new Error(`no facts came back for ${upload.composeId}`);
    return { decision: classify(known, parts.policy), hold: known.hold };
  };
  const { decision: before } = await decide();
  const standing = await schedule.add(upload, before, "ingest");
  if (standing !== "new" && standing.composeId !== upload.composeId) {
    await changeImage(standing, (image, now) => conflictOf(image, upload, parts, now), parts);
    return "known";
  }
  const { decision, hold } = await decide();
  const rule = decision.kind === "unresolved" ? "unresolved" : decision.rule;
  if (standing === "new" && decision.kind === before.kind && hold === null) return rule;
  const image = standing === "new" ? await schedule.get(upload.region, upload.amiId) : standing;
  if (image !== null) {
    await changeImage(image, (current, now) => redecide(current, decision, parts.periods, now, "ingest"), parts);
    if (hold !== null) await changeImage(image, (current, now) => holdOfCompose(current, hold, now), parts);
  }
  return standing === "new" ? rule : "known";
}

/** Remembers a fact, then decides again on every image of its compose. Resolves to how many images changed. */
export async function ingestClaim(
  claim: FactClaim,
  parts: Omit<IngestParts, "rejected" | "environments">,
): Promise<number> {
  await parts.facts.remember(claim);
  const [[facts], images] = await Promise.all([
    parts.facts.recall([claim.composeId]),
    parts.schedule.ofCompose(claim.composeId),
  ]);
  if (facts === undefined) return 0;
  const decision = classify(facts, parts.policy);
  const changes = await Promise.all(
    images.map((image) =>
      changeImage(image, (current, now) => redecide(current, decision, parts.periods, now, "ingest"), parts),
    ),
  );
  return changes.filter((isChanged) => isChanged).length;
}

/** Two messages name two composes for one AMI: nobody knows which is true, so it is kept for a person. */
function conflictOf(image: Image, upload: Upload, parts: IngestParts, now: Instant): Change | null {
  if (image.rule === "conflict") return null;
  const reason = `announced for compose ${image.composeId}, and again for ${upload.composeId}`;
  const decision = { rule: "conflict", reason } as const;
  switch (image.stage) {
    case "unresolved":
    case "public":
    case "private":
    case "held":
    case "restoring":
    case "kept":
      return isTouched(image) ? takeBack(image, decision, parts.periods, now, "ingest") : keep(decision, now, "ingest");
    case "deleting":
      // Its ticker looks whether it still stands, and then gives it back.
      return {
        ...{ stage: "deleting", wait: { queue: "delete", wakeAt: afterClaim(image, parts.periods, now) } },
        ...{ fields: { rule: "conflict", reason, attempts: 0 }, event: null },
      };
    case "deleted":
    case "gone":
      return null;
  }
}

/** Applies a change that is computed from the image as it stands, and again when somebody wrote it meanwhile. */
export async function changeImage(
  image: Image,
  changeOf: (image: Image, now: Instant) => Change | null,
  parts: Pick<IngestParts, "schedule">,
): Promise<boolean> {
  let current: Image | null = image;
  for (let reading = 0; reading < MOST_READINGS && current !== null; reading += 1) {
    // The later of the two clocks: a claim that is under way must have run out on every clock before its act is undone.
    const { at, skewMs } = await parts.schedule.now();
    const change = changeOf(current, at + skewMs);
    if (change === null) return false;
    if (await parts.schedule.change(current, change)) return true;
    current = await parts.schedule.get(current.region, current.amiId);
  }
  if (current === null) return false;
  throw new Error(`${image.region} ${image.amiId}: still written by others after ${MOST_READINGS} readings`);
}
