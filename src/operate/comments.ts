import { answerAll, type Answerer } from "./comment-answers.ts";
import { digestOf, keyOf } from "./comment-digest.ts";
import { takeUp, type Taker } from "./comment-orders.ts";
import { doAgree, type Clocks } from "../domain/limits/clocks.ts";
import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, dayOf, floorSecond, SECOND_MS } from "../domain/time.ts";
import { isForeign, isOfNeighbour, RefusedError, UpstreamError } from "../errors.ts";
import { lookAtNotices, type NoticeLooker } from "./notices/lost.ts";
import type { NoticePages } from "./notices/pages.ts";
import { carryOutOrders, type Clerk } from "./orders.ts";
import {
  DIGESTS_KEPT_MS,
  type Answer,
  type CommentLease,
  type CommentMemory,
  type Comments,
  type Hearing,
  type PendingComment,
  type Team,
} from "../ports/index.ts";

/** Who reads the comments on our reports; a clerk as well: what they ask for is carried out at once. */
export interface CommentReader extends Clerk, Taker, Answerer, NoticeLooker {
  readonly schedule: Clerk["schedule"];
  readonly comments: Comments;
  /** Operators beside those that the configuration names; null: none. */
  readonly team: Team | null;
  readonly memory: CommentMemory;
  readonly hearing: Pick<Hearing, "runId">;
  readonly notices: Pick<NoticePages, "inForce" | "toLookAt" | "noteLookedAt">;
}

/** What one pass over the comments did. */
export interface CommentCounts {
  readonly read: number;
  readonly answered: number;
}

/** An older comment is not taken up: it ends before its digest is forgotten, as clocks differ. */
const OLD_MS = DIGESTS_KEPT_MS - 10 * DAY_MS;

/** How often, a second apart, an order is looked after that another process is carrying out. */
const MOST_WAITS = 10;

/**
 * Reads the comments on our reports, carries out what they ask for, looks whether the notices in force still stand there, and
 * answers each comment once. First everything is carried out, then answered: a tracker that takes no answer keeps no hold from
 * standing. Does nothing while another process is at it. Throws `UpstreamError`, `RefusedError`; no comment is lost then.
 */
export async function readComments(reader: CommentReader): Promise<CommentCounts> {
  const lease = await reader.memory.lease();
  if (lease === null) return { read: 0, answered: 0 };
  try {
    const reading = await orFailure(readAll(lease, reader));
    const looking = await orFailure(lookAtNotices(lease, reader));
    if (reading.value !== null && looking.failure === null) await noteRead(reading.value, lease);
    const answering = await orFailure(answerAll(lease, reader));
    const failure = reading.failure ?? looking.failure ?? answering.failure;
    if (failure !== null) throw failure;
    return { read: reading.value?.read ?? 0, answered: answering.value ?? 0 };
  } catch (error) {
    const what = "comments on the reports cannot be read or answered until a person mends this";
    // What cannot be read in Redis is told where it is met, once.
    if (error instanceof RefusedError && !isForeign(error))
      reader.log.error({ code: error.code, error: error.message }, what);
    throw error;
  } finally {
    await lease.end();
  }
}

/** What one half came to: a failure of the tracker's keeps nothing of the other half from being done. Throws all else. */
async function orFailure<T>(
  half: Promise<T>,
): Promise<{ readonly value: T | null; readonly failure: UpstreamError | RefusedError | null }> {
  try {
    return { value: await half, failure: null };
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    return { value: null, failure: error };
  }
}

/** For one pass from the command line: what fails is told, and the age of what was read decides whether anything is done. */
export async function readCommentsOrTell(reader: CommentReader): Promise<void> {
  try {
    await readComments(reader);
  } catch (error) {
    // Whoever has the lease by now reads them.
    const isOther = error instanceof UpstreamError && error.code === "lease-lost";
    if (!isOther && !isOfNeighbour(error)) throw error;
    reader.log.warn({ code: error.code, error: error.message }, "comments on the reports were not read");
  }
}

/** What was read, and by what clocks and in which run of Redis that was begun. */
interface Read {
  readonly read: number;
  /** What was asked for is done. */
  readonly isAll: boolean;
  readonly clocks: Clocks;
  readonly runId: string | null;
}

/** Whatever the clocks say, nobody's hold waits for them; but only what they agree on is remembered. */
async function noteRead({ isAll, clocks, runId }: Read, lease: Pick<CommentLease, "noteRead">): Promise<void> {
  if (isAll && doAgree(clocks)) await lease.noteRead(floorSecond(clocks.at), runId);
}

async function readAll(
  lease: CommentLease,
  { comments, memory, hearing, notices, ...clerk }: CommentReader,
): Promise<Read> {
  const clocks = await clerk.schedule.now();
  const [reading, runId] = await Promise.all([memory.reading(), hearing.runId()]);
  // What a wrong clock wrote says nothing of what was read. Of another run it does: what came later was lost with it.
  const readUntil = believable(reading.at, clocks.at);
  const pending = new Map((await lease.pending()).map((each) => [keyOf(each), each]));
  // A day of overlap: clocks differ, and Pagure's filter knows days alone.
  const since = readUntil === null ? null : dayOf(Math.max(0, readUntil - DAY_MS));
  const open = new Set([...pending.values()].map(({ threadId }) => threadId));
  let [read, isAll] = [0, true];
  let trusted: readonly string[] | null = null;
  for await (const thread of comments.threads(since, [...open], await notices.inForce())) {
    await lease.confirm();
    const digests = await lease.digests(thread);
    for (const comment of thread.comments) {
      const said = { ...comment, threadId: thread.id, commentId: comment.id, digest: digestOf(comment) };
      const before = pending.get(keyOf(said)) ?? null;
      const isKnown = before?.digest === said.digest;
      // Answered so long ago that nobody knows it any more, or written for what is long gone.
      if (before === null && (comment.writtenAt ?? Infinity) < clocks.at - OLD_MS) continue;
      // One that was edited is taken up anew at once, whether or not the tracker takes an answer to what it said before.
      if (digests.get(comment.id) === said.digest || (isKnown && before.answers !== null)) continue;
      const isDone = isKnown && (await settle(before, lease, clerk));
      if (!isDone) {
        trusted ??= await operatorsOf(clerk);
        const taken = await takeUp(said, lease, { ...clerk, operators: trusted });
        if (!(await settle(taken, lease, clerk))) isAll = false;
      }
      read += 1;
    }
  }
  return { read, isAll, clocks, runId };
}

/** Whose comments are orders now. Where the team cannot be asked none of it is: what they write is held as anybody's word. */
async function operatorsOf({ operators, team, log }: Pick<CommentReader, "operators" | "team" | "log">) {
  try {
    return [...operators, ...((await team?.members()) ?? [])];
  } catch (error) {
    if (!isOfNeighbour(error)) throw error;
    const what = "the team of report.operators_team cannot be asked: what its members write counts as anybody's word";
    log.error({ code: error.code, error: error.message }, what);
    return operators;
  }
}

/** Sees to it that the orders are carried out, and remembers what became of them; false when that is not known yet. */
async function settle(comment: PendingComment, lease: CommentLease, clerk: Clerk): Promise<boolean> {
  const answers = await answersTo(comment.orderIds, lease, clerk);
  if (answers === null) return false;
  await (comment.isSilent ? lease.finish(comment) : lease.savePending({ ...comment, answers }));
  return true;
}

async function answersTo(
  orderIds: readonly string[],
  lease: Pick<CommentLease, "confirm">,
  clerk: Clerk,
): Promise<readonly Answer[] | null> {
  let waits = 0;
  for (;;) {
    const answers = await Promise.all(orderIds.map((id) => clerk.orders.answerTo(id)));
    const known = answers.filter((each) => each !== null);
    if (known.length === orderIds.length) return known.flat();
    if (waits > MOST_WAITS) return null;
    await lease.confirm();
    if ((await carryOutOrders(clerk)) > 0) continue;
    waits += 1;
    if (waits > 1) await clerk.clock.sleep(SECOND_MS);
  }
}
