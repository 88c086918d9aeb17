import { learnFact } from "../decide/fact.ts";
import { ingestUpload } from "../decide/upload.ts";
import type { Policy } from "../domain/compose/classify.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import { readTopic } from "../domain/topics.ts";
import { describeError, isForeign, UpstreamError } from "../errors.ts";
import { decode, type IgnoredBecause } from "./decode.ts";
import type { Clock, Facts, Log, Message, Meter, Rejected, Schedule } from "../ports/index.ts";

/** Who takes messages in. */
export interface Ingester {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly rejected: Rejected;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Pick<Meter, "message" | "decision">;
  readonly periods: Periods;
  readonly policy: Policy;
  /** Whose messages are ours: `prod`, `stg`, `dev`. */
  readonly environments: readonly string[];
}

type Rejecting = Pick<Ingester, "rejected" | "log">;

/** What became of one message. */
export type Ingested =
  | { readonly kind: "ignored"; readonly because: IgnoredBecause }
  | { readonly kind: "rejected"; readonly reason: string }
  | { readonly kind: "facts"; readonly composes: number; readonly changed: number }
  /** `rules`: by which rule each new image stands; "unresolved" without one. */
  | { readonly kind: "uploads"; readonly new: number; readonly known: number; readonly rules: readonly string[] };

/**
 * Takes one message to its end: decoded, decided, scheduled, or kept as rejected. Safe to repeat. Throws `UpstreamError` when
 * Redis fails, and the message must be put through again; a bug is thrown as it is.
 */
export async function ingest(message: Message, ingester: Omit<Ingester, "meter">): Promise<Ingested> {
  const heard = decode(message, ingester.environments);
  switch (heard.kind) {
    case "ignored":
      return heard;
    case "rejected":
      await reject(message, heard.reason, ingester);
      return heard;
    case "facts": {
      const learnt = await Promise.all(heard.facts.map((fact) => orReason(learnFact(fact, ingester))));
      const [changed, reasons] = parted(learnt);
      await rejectUnreadable(message, [...heard.unreadable, ...reasons], ingester);
      return { kind: "facts", composes: heard.facts.length, changed: changed.reduce((sum, count) => sum + count, 0) };
    }
    case "uploads": {
      const done = await Promise.all(heard.uploads.map((upload) => orReason(ingestUpload(upload, ingester))));
      const [fates, reasons] = parted(done);
      await rejectUnreadable(message, [...heard.unreadable, ...reasons], ingester);
      const rules = fates.filter((fate) => fate !== "known");
      return { kind: "uploads", new: rules.length, known: fates.length - rules.length, rules };
    }
  }
}

/**
 * As `ingest`; but a message that makes our code throw is kept, with the stack: a bug of ours is no reason to stop or to loop.
 * Throws `UpstreamError` alone.
 */
export async function ingestOrReject(message: Message, ingester: Ingester): Promise<Ingested> {
  const result = await ingestOrKeep(message, ingester);
  ingester.meter.message(readTopic(message.topic)?.event ?? null, result.kind);
  if (result.kind === "uploads") for (const rule of result.rules) ingester.meter.decision(rule);
  return result;
}

async function ingestOrKeep(message: Message, ingester: Ingester): Promise<Ingested> {
  try {
    return await ingest(message, ingester);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    const reason = `bug: ${error instanceof Error ? (error.stack ?? error.message) : describeError(error)}`;
    await reject(message, reason, ingester);
    return { kind: "rejected", reason };
  }
}

/** What came of one part of a message, or why it could not be written: one thing in Redis is no reason to lose the others. */
async function orReason<T>(work: Promise<T>): Promise<{ readonly done: T } | { readonly reason: string }> {
  try {
    return { done: await work };
  } catch (error) {
    if (!isForeign(error)) throw error;
    return { reason: error.message };
  }
}

function parted<T>(
  results: readonly ({ readonly done: T } | { readonly reason: string })[],
): readonly [done: readonly T[], reasons: readonly string[]] {
  return [
    results.flatMap((result) => ("done" in result ? [result.done] : [])),
    results.flatMap((result) => ("reason" in result ? [result.reason] : [])),
  ];
}

/** Puts a message into the rejected stream, whole, with the reason, once however often it comes. Throws `UpstreamError`. */
export async function reject(message: Message, reason: string, { rejected, log }: Rejecting): Promise<void> {
  const { body, messageId, topic, headers, arrivedAt } = message;
  const sentAt = typeof headers["sent-at"] === "string" ? headers["sent-at"] : "";
  const isNew = await rejected.add({ body, reason, messageId, topic, sentAt, at: arrivedAt });
  if (isNew) log.warn({ messageId, topic, reason }, "message rejected");
}

async function rejectUnreadable(message: Message, unreadable: readonly string[], rejecting: Rejecting): Promise<void> {
  if (unreadable.length > 0) await reject(message, unreadable.join("; "), rejecting);
}
