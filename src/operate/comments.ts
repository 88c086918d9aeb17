import { createHash } from "node:crypto";
import { limitText, renderAnswer } from "../domain/comment/answer.ts";
import { readObjection } from "../domain/comment/objection.ts";
import { DAY_MS, dayOf, floorSecond, MINUTE_MS, SECOND_MS } from "../domain/time.ts";
import { RefusedError, UpstreamError } from "../errors.ts";
import { ordersOf } from "./comment-orders.ts";
import { carryOutOrders, type OrderParts } from "./orders.ts";
import { TOO_LONG } from "../ports/index.ts";
import type { Answer, Comment, CommentLease, CommentMemory, Comments, PendingComment, Thread } from "../ports/index.ts";

export interface CommentParts extends OrderParts {
  readonly comments: Comments;
  readonly memory: CommentMemory;
  /** Accounts whose orders are carried out; everybody else can only have images held. */
  readonly operators: readonly string[];
  /** Comments of one author that are answered in a UTC day. */
  readonly mostPerDay: number;
  /** The size of an answer at the most, in bytes. */
  readonly mostBytes: number;
}

/** What one pass over the comments did. */
export interface CommentCounts {
  readonly read: number;
  readonly answered: number;
}

interface PassParts extends CommentParts {
  readonly lease: CommentLease;
}

/** How long an answer whose fate is not known may still be under way. */
const UNSURE_MS = MINUTE_MS;
/** How often, a second apart, an order is looked after that another process is carrying out. */
const MOST_WAITS = 10;
/** An answer that is refused as too long is halved, down to this: below it, the length is not what is wrong. */
const LEAST_BYTES = 2_000;

/**
 * Reads the comments on our open reports, carries out what they ask for, and answers each of them once. First everything is
 * carried out, then answered: a tracker that takes no answer keeps no hold from standing. Does nothing while another process
 * is at it. Throws `UpstreamError`, `RefusedError`; no comment is lost then.
 */
export async function readComments(parts: CommentParts): Promise<CommentCounts> {
  const lease = await parts.memory.lease();
  if (lease === null) return { read: 0, answered: 0 };
  try {
    const pass = { ...parts, lease };
    const read = await readAll(pass);
    return { read, answered: await answerAll(pass) };
  } catch (error) {
    const what = "comments on the reports cannot be read or answered until a person mends this";
    if (error instanceof RefusedError) parts.log.error({ code: error.code, error: error.message }, what);
    throw error;
  } finally {
    await lease.release();
  }
}

/** For one pass from the command line: what fails is told, and the age of what was read decides whether anything is done. */
export async function readCommentsOrTell(parts: CommentParts): Promise<void> {
  try {
    await readComments(parts);
  } catch (error) {
    if (!(error instanceof RefusedError) && !(error instanceof UpstreamError && error.service !== "redis")) throw error;
    parts.log.warn({ code: error.code, error: error.message }, "comments on the reports were not read");
  }
}

async function readAll(parts: PassParts): Promise<number> {
  const { comments: objections, memory: comments, lease, clock } = parts;
  const now = floorSecond(clock.now());
  const readUntil = await comments.readUntil();
  const pending = new Map((await lease.pending()).map((each) => [keyOf(each), each]));
  // A day of overlap: clocks differ, and Pagure's filter knows days alone.
  const since = readUntil === null ? null : dayOf(Math.max(0, readUntil - DAY_MS));
  const open = new Set([...pending.values()].map(({ threadId }) => threadId));
  let [read, isAll] = [0, true];
  for await (const thread of objections.threads(since, [...open])) {
    await lease.confirm();
    const digests = await lease.digests(thread);
    for (const comment of thread.comments) {
      const digest = digestOf(comment);
      const before = pending.get(`${thread.id}/${comment.id}`) ?? null;
      // One that was edited meanwhile is taken up anew when its answer is out.
      if (digests.get(comment.id) === digest || (before !== null && before.answers !== null)) continue;
      const isDone = before?.digest === digest && (await settle(before, parts));
      if (!isDone && !(await settle(await takeUp(comment, digest, thread, parts), parts))) isAll = false;
      read += 1;
    }
  }
  if (isAll) await lease.noteRead(now);
  return read;
}

/** Gives the orders that a comment asks for, and remembers them with what there is to say. */
async function takeUp(comment: Comment, digest: string, thread: Thread, parts: PassParts): Promise<PendingComment> {
  const { clock, lease, log, mostPerDay, orders: requests, schedule } = parts;
  const now = clock.now();
  const isOperator = parts.operators.includes(comment.author);
  const objection = readObjection(comment.text, now);
  const { id: commentId, author, url } = comment;
  const base = { threadId: thread.id, commentId, author, url, digest, sentAt: null };
  const asksNothing = objection.wishes.length + objection.doubts.length === 0;
  if (asksNothing && (isOperator || !objection.isPlea))
    return { ...base, orderIds: [], answers: null, remarks: [], isSilent: true };
  const { orders, remarks } = await ordersOf(objection, comment, isOperator, { schedule, now });
  const nth = isOperator ? 0 : await lease.count(author, dayOf(now), `${thread.id}/${commentId}/${digest}`);
  if (nth > mostPerDay)
    log.error({ author, comments: nth, url }, "one author comments more than the daily limit: what they name is held");
  const orderIds: string[] = [];
  for (const order of orders) {
    await lease.confirm();
    orderIds.push(await requests.add(order));
  }
  // Beyond the limit all is held the same; only the answers end, so that two robots do not talk for ever.
  const isSilent = nth > mostPerDay + 1;
  const said = nth > mostPerDay ? [...remarks, limitText(mostPerDay)] : remarks;
  const taken = { ...base, orderIds, answers: null, remarks: said, isSilent };
  await lease.savePending(taken);
  log.info({ author, url, isOperator, orders: orders.length }, "a comment is taken up");
  return taken;
}

/** Sees to it that the orders are carried out, and remembers what became of them; false when that is not known yet. */
async function settle(comment: PendingComment, parts: PassParts): Promise<boolean> {
  const answers = await answersTo(comment.orderIds, parts);
  if (answers === null) return false;
  await (comment.isSilent ? parts.lease.finish(comment) : parts.lease.savePending({ ...comment, answers }));
  return true;
}

async function answersTo(orderIds: readonly string[], parts: PassParts): Promise<readonly Answer[] | null> {
  let waits = 0;
  for (;;) {
    const answers = await Promise.all(orderIds.map((id) => parts.orders.answerTo(id)));
    const known = answers.filter((each) => each !== null);
    if (known.length === orderIds.length) return known.flat();
    if (waits > MOST_WAITS) return null;
    await parts.lease.confirm();
    if ((await carryOutOrders(parts)) > 0) continue;
    waits += 1;
    if (waits > 1) await parts.clock.sleep(SECOND_MS);
  }
}

/** Answers what was carried out. One answer that is refused does not keep the others back. */
async function answerAll(parts: PassParts): Promise<number> {
  let answered = 0;
  const refusals: RefusedError[] = [];
  for (const comment of await parts.lease.pending()) {
    const { answers, sentAt } = comment;
    if (answers === null || (sentAt !== null && parts.clock.now() < sentAt + UNSURE_MS)) continue;
    try {
      await answer(comment, answers, parts);
      answered += 1;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      refusals.push(error);
    }
  }
  const [refusal] = refusals;
  if (refusal !== undefined) throw refusal;
  return answered;
}

async function answer(comment: PendingComment, answers: readonly Answer[], parts: PassParts): Promise<void> {
  const { comments: objections, lease, clock, log } = parts;
  const { threadId, author, url, remarks } = comment;
  const marker = markerOf(comment);
  // Written down before it is sent: whoever dies in between leaves word that it may be under way.
  const beforePost = (): Promise<void> => lease.savePending({ ...comment, sentAt: clock.now() });
  let { mostBytes } = parts;
  for (;;) {
    const text = renderAnswer(answers, { author, url, marker, remarks, mostBytes });
    try {
      const outcome = await objections.answer(threadId, { marker, text }, beforePost);
      if (typeof outcome === "object") throw outcome.unsure;
      if (outcome === "closed")
        log.warn({ author, url }, "a comment is not answered: its report is gone or closed to us");
      break;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== TOO_LONG || mostBytes < 2 * LEAST_BYTES) throw error;
      mostBytes = Math.floor(mostBytes / 2);
    }
  }
  await lease.finish(comment);
  log.info({ author, url, answers: answers.length }, "a comment is answered");
}

function keyOf({ threadId, commentId }: PendingComment): string {
  return `${threadId}/${commentId}`;
}

/** Of what somebody can mean by editing a comment; blanks alone mean nothing. */
function digestOf({ text }: Comment): string {
  return hash(text.replaceAll(/\s+/g, " ").trim());
}

function markerOf(comment: PendingComment): string {
  return `clean-amis-answer:${hash(`${keyOf(comment)}/${comment.digest}`)}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}
