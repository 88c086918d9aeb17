import { answerMarker, keyOf } from "./comment-digest.ts";
import { renderAnswer } from "../domain/comment/answer.ts";
import { believable } from "../domain/limits/deaf.ts";
import { MINUTE_MS } from "../domain/time.ts";
import { isOfNeighbour, RefusedError, type UpstreamError } from "../errors.ts";
import { TOO_LONG, type Answer, type Clock, type CommentLease, type Comments } from "../ports/index.ts";
import type { Log, PendingComment } from "../ports/index.ts";

/** Who answers comments. */
export interface Answerer {
  readonly comments: Pick<Comments, "answer" | "mergeRepeats">;
  readonly clock: Clock;
  readonly log: Log;
  /** The size of an answer at the most, in bytes. */
  readonly mostBytes: number;
  /** The answers that failed when they were tried last, the longest ago first: all others come before them. */
  readonly failed: Set<string>;
}

/** How long an answer whose fate is not known may still be under way. */
const UNSURE_MS = MINUTE_MS;
/** After so many failures it is the tracker that fails, and not an answer. */
const MOST_FAILURES = 5;
/** An answer that is refused as too long is halved, down to this: below it, the length is not what is wrong. */
const LEAST_BYTES = 2_000;

/**
 * Answers what was carried out; resolves to how many. One answer that fails does not keep the others back. Throws the first
 * `UpstreamError` or `RefusedError` at the end.
 */
export async function answerAll(lease: CommentLease, answerer: Answerer): Promise<number> {
  let answered = 0;
  const failures: (UpstreamError | RefusedError)[] = [];
  for (const comment of inTurn(await lease.pending(), answerer.failed)) {
    const { answers } = comment;
    if (answers === null || (await isUnderWay(comment, lease, answerer))) continue;
    answerer.failed.delete(keyOf(comment));
    try {
      if (comment.lookAt !== null) await lookAgain(comment, lease, answerer);
      else {
        await answer(comment, answers, lease, answerer);
        answered += 1;
      }
    } catch (error) {
      if (!isOfNeighbour(error)) throw error;
      failures.push(error);
      answerer.failed.add(keyOf(comment));
      if (failures.length === MOST_FAILURES) break;
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return answered;
}

/** As many as can fail in one pass may fail for good: they wait behind the others, and then take turns. */
function inTurn(pending: readonly PendingComment[], failed: Set<string>): readonly PendingComment[] {
  const waiting = new Map(pending.map((each) => [keyOf(each), each]));
  const again = [...failed].flatMap((key) => waiting.get(key) ?? []);
  return [...pending.filter((each) => !failed.has(keyOf(each))), ...again];
}

/** Whether the answer may still arrive. */
async function isUnderWay(
  comment: PendingComment,
  lease: Pick<CommentLease, "savePending">,
  { clock }: Pick<Answerer, "clock">,
): Promise<boolean> {
  const { sentAt, lookAt } = comment;
  const [since, now] = [lookAt === null ? sentAt : lookAt - UNSURE_MS, clock.now()];
  if (since === null || now >= since + UNSURE_MS) return false;
  // A wrong clock wrote it, and nobody knows how long ago that was: a minute from now it is over.
  if (believable(since, now) === null)
    await lease.savePending({ ...comment, sentAt: now, lookAt: lookAt === null ? null : now + UNSURE_MS });
  return true;
}

/** What was sent twice, as the first may have arrived late, is said to be one answer. */
async function lookAgain(
  comment: PendingComment,
  lease: Pick<CommentLease, "confirm" | "finish">,
  { comments, log }: Pick<Answerer, "comments" | "log">,
): Promise<void> {
  const { threadId, author, url } = comment;
  try {
    const repeats = await comments.mergeRepeats(threadId, answerMarker(comment), () => lease.confirm());
    if (repeats > 0) log.warn({ author, url, repeats }, "an answer arrived late, and twice");
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    log.warn({ author, url, error: error.message }, "an answer that may stand twice was not looked at");
  }
  await lease.finish(comment);
}

async function answer(
  comment: PendingComment,
  answers: readonly Answer[],
  lease: CommentLease,
  { comments, clock, log, mostBytes: allowed }: Answerer,
): Promise<void> {
  const { threadId, author, url, remarks } = comment;
  const marker = answerMarker(comment);
  // Written down before it is sent: whoever dies in between leaves word that it may be under way.
  const noteSent = (): Promise<void> => lease.savePending({ ...comment, sentAt: clock.now() });
  for (let mostBytes = allowed; ; mostBytes = Math.floor(mostBytes / 2)) {
    const text = renderAnswer(answers, { author, url, marker, remarks, mostBytes });
    try {
      const outcome = await comments.answer(threadId, { marker, text }, noteSent);
      if (typeof outcome === "object") {
        // It may be under way for a minute from now on, however long it took to hear nothing.
        await noteSent();
        throw outcome.unsure;
      }
      if (outcome === "closed")
        log.warn({ author, url }, "a comment is not answered: its report is gone or closed to us");
      break;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== TOO_LONG || mostBytes < 2 * LEAST_BYTES) throw error;
    }
  }
  if (comment.sentAt === null) await lease.finish(comment);
  else await lease.savePending({ ...comment, lookAt: clock.now() + UNSURE_MS });
  log.info({ author, url, answers: answers.length }, "a comment is answered");
}
