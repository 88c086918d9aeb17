import { doubt, isClear, namedIn, readSentence, type Doubt, type Sentence, type WishVerb } from "./sentence.ts";
import { commentLines, commentWords } from "./text.ts";
import type { Instant } from "../time.ts";

/** Ids in the example that each report gives: whoever quotes it does not mean them. */
export const EXAMPLE_AMI = "ami-0123456789abcdef0";
export const EXAMPLE_COMPOSE = "Fedora-Rawhide-20260122.n.0";

/** AMIs and composes, each once, in the order in which they were named. */
export interface Named {
  readonly amiIds: readonly string[];
  readonly composeIds: readonly string[];
}

/** Something that a line of a comment asks for beyond doubt. */
export interface Wish extends Named {
  readonly verb: WishVerb;
  /** The end of the hold; null: none was given. */
  readonly until: Instant | null;
  /** The words behind `because`; empty without. */
  readonly why: string;
}

/** What a comment asks for. Nothing in it can delete, release or hasten. */
export interface Objection {
  readonly wishes: readonly Wish[];
  /** Named without a wish that is clear: to be held, and to be asked about. */
  readonly doubtful: Named;
  readonly doubts: readonly Doubt[];
  /** It names nothing and begins with no verb, but may be meant as an objection. */
  readonly isPlea: boolean;
}

/** Ids of one comment that are looked at; no part of a report names more. */
const MOST_IDS = 2000;

const PLEAS = new Set("stop don dont keep need needs delete deleted deleting object objection private gone".split(" "));

/**
 * Reads a comment. A line that begins with `hold` or `restore`, then ids, perhaps `until DATE` (a day, or an instant in ISO
 * 8601, after `now`), perhaps `because …` to its end, is an order; greetings, mentions and Markdown around it do not matter.
 * Whatever else names an id is a doubt. Quoted lines, code blocks and tables count only when the comment names no id itself.
 */
export function readObjection(comment: string, now: Instant): Objection {
  const lines = commentLines(comment);
  const own = lines.filter(({ isQuoted, text }) => !isQuoted && /\S/.test(text));
  const sentences = own.map(({ text }) => readSentence(text, now));
  const said = sentences.flatMap(({ ids, asides }) => [...ids, ...asides]);
  const quoted = said.some(isMeant) ? [] : quotedIds(lines.filter(({ isQuoted }) => isQuoted).map(({ text }) => text));
  const sorted = sortOut(sentences);
  const doubtful = [...new Set([...sorted.doubtful, ...quoted])].filter(isMeant);
  const doubts = [...sorted.doubts, ...(quoted.length > 0 ? [doubt("quoted")] : [])];
  const isBare = sentences.some(({ verb }) => verb !== null);
  if (isBare && doubts.length + said.length === 0) doubts.push(doubt("no-ids"));
  const isPlea = doubts.length + said.length === 0 && own.some(({ text }) => soundsLikePlea(text));
  const all = [...sorted.wishes.flatMap(idsOf), ...doubtful];
  if (all.length > MOST_IDS)
    return { wishes: [], doubtful: named(all.slice(0, MOST_IDS)), doubts: [doubt("too-many")], isPlea: false };
  return { wishes: sorted.wishes, doubtful: named(doubtful), doubts: merged(doubts), isPlea };
}

function quotedIds(lines: readonly string[]): readonly string[] {
  return namedIn(lines.flatMap(commentWords)).ids.filter(isMeant);
}

function isMeant(id: string): boolean {
  return id !== EXAMPLE_AMI && id !== EXAMPLE_COMPOSE;
}

interface Sorted {
  readonly wishes: readonly Wish[];
  readonly doubtful: readonly string[];
  readonly doubts: Doubt[];
}

/** Clear orders apart from doubts; an id of which two lines say different things is a doubt. */
function sortOut(sentences: readonly Sentence[]): Sorted {
  const terms = new Map<string, Set<string>>();
  for (const { verb, command, until, ids } of sentences.filter(isClear))
    for (const id of ids) terms.set(id, (terms.get(id) ?? new Set()).add(`${verb ?? command ?? ""} ${until ?? ""}`));
  const torn = [...terms].filter(([, said]) => said.size > 1).map(([id]) => id);
  const wished = new Set<string>();
  const wishes = sentences.flatMap((sentence): Wish[] => {
    const isNew = (id: string): boolean => terms.get(id)?.size === 1 && !wished.has(id);
    const ids = isClear(sentence) ? sentence.ids.filter(isNew) : [];
    const { verb, until, why } = sentence;
    if (verb === null || ids.length === 0) return [];
    for (const id of ids) wished.add(id);
    return [{ verb, ...named(ids), until, why }];
  });
  const isOpen = (id: string): boolean => !wished.has(id);
  const asides = sentences.flatMap((sentence) => sentence.asides).filter(isOpen);
  const unclear = sentences.filter((sentence) => !isClear(sentence));
  const telling = unclear.filter(
    ({ ids, doubts }) => ids.some(isOpen) || doubts.some((each) => each.kind === "malformed"),
  );
  const commands = sentences.filter(isClear).flatMap(({ command }) => (command === null ? [] : [command]));
  const doubts = [
    ...telling.flatMap((sentence) => sentence.doubts),
    ...(asides.length > 0 ? [doubt("no-wish")] : []),
    ...(torn.length > 0 ? [doubt("several", torn)] : []),
    ...(commands.length > 0 ? [doubt("command", commands)] : []),
  ];
  const doubtful = [...torn, ...unclear.flatMap(({ ids }) => ids), ...asides].filter(isOpen);
  return { wishes, doubtful: [...new Set(doubtful)], doubts };
}

function soundsLikePlea(text: string): boolean {
  return commentWords(text).some((word) => PLEAS.has(word.text.toLowerCase()));
}

function idsOf({ amiIds, composeIds }: Named): readonly string[] {
  return [...amiIds, ...composeIds];
}

function named(ids: readonly string[]): Named {
  const isAmi = (id: string): boolean => id.startsWith("ami-");
  return { amiIds: ids.filter(isAmi), composeIds: ids.filter((id) => !isAmi(id)) };
}

/** One doubt of each kind, with the first words of all. */
function merged(doubts: readonly Doubt[]): readonly Doubt[] {
  return [...new Set(doubts.map(({ kind }) => kind))].map((kind) => {
    const words = doubts.filter((each) => each.kind === kind).flatMap((each) => each.words);
    return doubt(kind, [...new Set(words)]);
  });
}
