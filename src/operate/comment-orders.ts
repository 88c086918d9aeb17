import { keyOf } from "./comment-digest.ts";
import { limitText, renderDoubts, renderPlea, renderUnknown } from "../domain/comment/answer.ts";
import { readObjection, type Objection } from "../domain/comment/objection.ts";
import { voiceOf, type Voice } from "../domain/comment/voice.ts";
import { ceilSecond, dayOf, type Instant } from "../domain/time.ts";
import { isForeign } from "../errors.ts";
import type {
  Clock,
  Comment,
  CommentLease,
  Log,
  Orders,
  PendingComment,
  PlacedOrder,
  Schedule,
} from "../ports/index.ts";

/** Who turns comments into orders. */
export interface Taker {
  readonly orders: Orders;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly log: Log;
  /** Accounts whose orders are carried out; everybody else can only have images held. */
  readonly operators: readonly string[];
  /** Comments of one author that are answered in a UTC day. */
  readonly mostPerDay: number;
}

/** A comment in its thread, and the digest of what it says. */
interface SaidComment extends Comment, Pick<PendingComment, "threadId" | "commentId" | "digest"> {}

/** What is done about a comment, and what is said besides. */
interface Understood {
  readonly orders: readonly PlacedOrder[];
  /** In Markdown. */
  readonly remarks: readonly string[];
}

/** Ids that are looked up at once. */
const BATCH = 50;
const LONGEST_REASON = 120;

const ONLY_OPERATORS =
  "Only the people who run this service can have an image given back to the public. They see your wish here; until then it is held.";
const CHANGED = "Somebody who does not run this service changed this comment after it was written:";
const UNSURE = "It cannot be told whether somebody else changed this comment after it was written:";
const ANYBODYS =
  "it counts as anybody's word, which can only have images held, and neither ends nor shortens a hold. Whoever runs this service may write a new one.";
const NO_END = "Your hold has no end: only the people who run this service end it.";

/** Gives the orders that a comment asks for, and remembers them with what there is to say. Throws `UpstreamError`. */
export async function takeUp(
  comment: SaidComment,
  lease: CommentLease,
  { orders, schedule, clock, log, operators, mostPerDay }: Taker,
): Promise<PendingComment> {
  const now = clock.now();
  const voice = voiceOf(comment, operators);
  const { isOperator, speaker } = voice;
  const objection = readObjection(comment.text, now);
  const { threadId, commentId, author, url, digest } = comment;
  const base = { threadId, commentId, author, url, digest, answers: null, sentAt: null, lookAt: null };
  const asksNothing = objection.wishes.length + objection.doubts.length === 0;
  if (asksNothing && (isOperator || !objection.isPlea)) return { ...base, orderIds: [], remarks: [], isSilent: true };
  const { orders: wanted, remarks } = await understand(objection, comment, voice, { schedule, now });
  const nth = isOperator ? 0 : await lease.count(speaker, dayOf(now), `${keyOf(comment)}/${digest}`);
  if (nth > mostPerDay)
    log.error(
      { author: speaker, comments: nth, url },
      "one author comments more than the daily limit: what they name is held",
    );
  const orderIds: string[] = [];
  for (const order of wanted) {
    await lease.confirm();
    orderIds.push(await orders.add(order));
  }
  // Beyond the limit all is held the same; only the answers end, so that two robots do not talk for ever.
  const isSilent = nth > mostPerDay + 1;
  const said = nth > mostPerDay ? [...remarks, limitText(mostPerDay)] : remarks;
  const taken = { ...base, orderIds, remarks: said, isSilent };
  await lease.savePending(taken);
  log.info({ author, url, isOperator, orders: wanted.length }, "a comment is taken up");
  return taken;
}

/**
 * The orders that an objection comes to. An operator's are carried out as they stand; everybody else's become holds without an
 * end, and so does whatever is not clear. Throws `UpstreamError`.
 */
async function understand(
  objection: Objection,
  comment: Comment,
  voice: Voice,
  { schedule, now }: { readonly schedule: Schedule; readonly now: Instant },
): Promise<Understood> {
  const { wishes, doubtful, doubts } = objection;
  const { isOperator } = voice;
  const unclear = { ...doubtful, verb: "hold" as const, until: null, why: "named in a comment that is not clear" };
  const orders: PlacedOrder[] = [];
  const [unknownAmis, unknownComposes]: [string[], string[]] = [[], []];
  for (const { amiIds, composeIds, ...wish } of [...wishes, unclear]) {
    const words = {
      verb: isOperator ? wish.verb : "hold",
      until: isOperator && wish.until !== null ? ceilSecond(wish.until) : null,
      by: nameOf(comment, voice),
      why: reasonOf(wish.why, comment),
      at: ceilSecond(now),
    } as const;
    const { images, unknown } = await lookUp(amiIds, schedule);
    unknownAmis.push(...unknown);
    if (images.length > 0) orders.push({ ...words, images, composeId: null });
    for (const composeId of composeIds) {
      orders.push({ ...words, images: [], composeId });
      if ((await schedule.ofCompose(composeId)).length === 0) unknownComposes.push(composeId);
    }
  }
  const remarks = [
    ...(voice.isChanged ? [`${comment.editors === null ? UNSURE : CHANGED} ${ANYBODYS}`] : []),
    ...(!isOperator && wishes.some(({ verb }) => verb === "restore") ? [ONLY_OPERATORS] : []),
    ...(!isOperator && wishes.some(({ until }) => until !== null) ? [NO_END] : []),
    ...renderUnknown(unknownAmis, unknownComposes),
    ...(doubts.length === 0 ? [] : renderDoubts({ doubts, doubtful })),
    ...(objection.isPlea ? [renderPlea()] : []),
  ];
  return { orders, remarks };
}

/** Each AMI in the region, or regions, where it is known. */
async function lookUp(
  amiIds: readonly string[],
  schedule: Pick<Schedule, "regions" | "get">,
): Promise<{ readonly images: PlacedOrder["images"]; readonly unknown: readonly string[] }> {
  const regions = amiIds.length === 0 ? [] : await schedule.regions();
  const images: { region: string; amiId: string }[] = [];
  const unknown: string[] = [];
  for (let start = 0; start < amiIds.length; start += BATCH) {
    const batch = amiIds.slice(start, start + BATCH);
    const found = await Promise.all(
      batch.map((amiId) => Promise.all(regions.map((region) => isThere(region, amiId, schedule)))),
    );
    for (const [index, amiId] of batch.entries()) {
      const known = regions.filter((_, place) => found[index]?.[place]);
      if (known.length === 0) unknown.push(amiId);
      images.push(...known.map((region) => ({ region, amiId })));
    }
  }
  return { images, unknown };
}

/** Also when its record cannot be read: the order that names it is answered with that. */
async function isThere(region: string, amiId: string, schedule: Pick<Schedule, "get">): Promise<boolean> {
  try {
    return (await schedule.get(region, amiId)) !== null;
  } catch (error) {
    if (!isForeign(error)) throw error;
    return true;
  }
}

/** Who ordered it, for records, tags and reports; no author can pass for an operator at the command line, or for the service. */
function nameOf({ author }: Comment, { speaker }: Voice): string {
  const plain = (account: string): string => account.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 40);
  return `${plain(speaker)} in a comment${speaker === author ? "" : ` by ${plain(author)}`}`;
}

function reasonOf(why: string, { url }: Comment): string {
  const flat = why.replaceAll(/\s+/g, " ").trim();
  return `${flat === "" ? "no reason given" : flat.slice(0, LONGEST_REASON)} (${url})`;
}
