import { learnFact } from "../decide/fact.ts";
import { ingestUploads, type Fate } from "../decide/upload.ts";
import type { Policy } from "../domain/compose/classify.ts";
import type { Fact } from "../domain/compose/facts.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import type { Upload } from "../domain/image/upload.ts";
import { readTopic } from "../domain/topics.ts";
import { describeError, isForeign, UpstreamError } from "../errors.ts";
import { decode, type Heard, type IgnoredBecause } from "./decode.ts";
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

/** What the log says of a message that was put among the rejected. */
export const REJECTED = "message rejected";

type Rejecting = Pick<Ingester, "rejected" | "log">;

/** What became of one message. */
export type Ingested =
  | { readonly kind: "ignored"; readonly because: IgnoredBecause }
  | { readonly kind: "rejected"; readonly reason: string }
  | { readonly kind: "facts"; readonly composes: number; readonly changed: number }
  /** `rules`: by which rule each new image stands; "unresolved" without one. */
  | { readonly kind: "uploads"; readonly new: number; readonly known: number; readonly rules: readonly string[] };

/**
 * Takes messages to their end, each by itself: decoded, decided, scheduled, or kept as rejected; one that makes our code throw is
 * kept, with the stack: a bug of ours is no reason to stop or to loop. Safe to repeat. Throws `UpstreamError` alone, when Redis
 * fails, and all must be put through again.
 */
export async function ingestAll(messages: readonly Message[], ingester: Ingester): Promise<readonly Ingested[]> {
  const results = await narrowed(messages, ingester);
  for (const [index, result] of results.entries()) {
    ingester.meter.message(readTopic(messages[index]?.topic ?? "")?.event ?? null, result.kind);
    if (result.kind === "uploads") for (const rule of result.rules) ingester.meter.decision(rule);
  }
  return results;
}

/** The same of one message, counted nowhere. A bug is thrown as it is. */
export async function ingest(message: Message, ingester: Omit<Ingester, "meter">): Promise<Ingested> {
  const [result] = await together([message], ingester);
  if (result === undefined) throw new Error("a message has no end");
  return result;
}

/** A message that is not worked is kept as rejected, and counted. Throws `UpstreamError`. */
export async function keepUnworked(message: Message, reason: string, ingester: Ingester): Promise<Ingested> {
  await reject(message, reason, ingester);
  ingester.meter.message(readTopic(message.topic)?.event ?? null, "rejected");
  return { kind: "rejected", reason };
}

/** Together; where our code throws each alone, so that only the one is kept for which it does. */
async function narrowed(messages: readonly Message[], ingester: Ingester): Promise<readonly Ingested[]> {
  try {
    return await together(messages, ingester);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    const [message] = messages;
    if (message === undefined || messages.length > 1)
      return (await Promise.all(messages.map((each) => narrowed([each], ingester)))).flat();
    const reason = `bug: ${error instanceof Error ? (error.stack ?? error.message) : describeError(error)}`;
    await reject(message, reason, ingester);
    return [{ kind: "rejected", reason }];
  }
}

async function together(messages: readonly Message[], ingester: Omit<Ingester, "meter">): Promise<readonly Ingested[]> {
  const heard = messages.map((message) => decode(message, ingester.environments));
  const uploads: Upload[] = [];
  const facts: Fact[] = [];
  for (const each of heard)
    if (each.kind === "uploads") uploads.push(...each.uploads);
    else if (each.kind === "facts") facts.push(...each.facts);
  const [fates, learnt] = await Promise.all([ingestUploads(uploads, ingester), learnAll(facts, ingester)]);
  let [fateAt, factAt] = [0, 0];
  const unread: Promise<void>[] = [];
  const ends = messages.map((message, index): Ingested => {
    const each = heard[index] ?? { kind: "ignored", because: "topic" };
    if (each.kind === "ignored") return each;
    const parts =
      each.kind === "uploads"
        ? fates.slice(fateAt, (fateAt += each.uploads.length))
        : learnt.slice(factAt, (factAt += each.kind === "facts" ? each.facts.length : 0));
    const reasons = reasonsOf(each, parts);
    if (reasons.length > 0) unread.push(reject(message, reasons.join("; "), ingester));
    return endOf(each, parts);
  });
  await Promise.all(unread);
  return ends;
}

/** What came of each fact: how many images changed, or why it could not be written. */
function learnAll(facts: readonly Fact[], ingester: Omit<Ingester, "meter">): Promise<readonly (number | Error)[]> {
  return Promise.all(
    facts.map(async (fact) => {
      try {
        return await learnFact(fact, ingester);
      } catch (error) {
        // One thing in Redis that cannot be read is no reason to lose the others.
        if (isForeign(error)) return error;
        throw error;
      }
    }),
  );
}

/** Why a message, or what of it, is kept as rejected. */
function reasonsOf(heard: Exclude<Heard, { kind: "ignored" }>, parts: readonly (Fate | number)[]): readonly string[] {
  if (heard.kind === "rejected") return [heard.reason];
  const errors = parts.filter((part) => part instanceof Error);
  return errors.length === 0 ? heard.unreadable : [...heard.unreadable, ...errors.map((error) => error.message)];
}

function endOf(heard: Exclude<Heard, { kind: "ignored" }>, parts: readonly (Fate | number)[]): Ingested {
  switch (heard.kind) {
    case "rejected":
      return heard;
    case "facts": {
      const changed = parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? part : 0), 0);
      return { kind: "facts", composes: heard.facts.length, changed };
    }
    case "uploads": {
      const fates = parts.filter((part) => typeof part === "string");
      const rules = fates.filter((fate) => fate !== "known");
      return { kind: "uploads", new: rules.length, known: fates.length - rules.length, rules };
    }
  }
}

/** Puts a message into the rejected stream, whole, with the reason, once however often it comes. Throws `UpstreamError`. */
export async function reject(message: Message, reason: string, { rejected, log }: Rejecting): Promise<void> {
  const { body, messageId, topic, headers, arrivedAt } = message;
  const sentAt = typeof headers["sent-at"] === "string" ? headers["sent-at"] : "";
  const isNew = await rejected.add({ body, reason, messageId, topic, sentAt, at: arrivedAt });
  if (isNew) log.warn({ messageId, topic, reason }, REJECTED);
}
