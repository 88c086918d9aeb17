import { hasOtherScript, linesOf, readWord, wordsOf, type Word } from "./text.ts";
import { isRegion } from "../image/image.ts";
import { DAY_MS, parseInstant, type Instant } from "../time.ts";

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
  readonly verb: "hold" | "restore";
  /** The end of the hold; null: none was given. */
  readonly until: Instant | null;
  /** The words behind `because`; empty without. */
  readonly why: string;
}

/** Why a comment, or a part of it, is not understood; `words` are the author's. */
export interface Doubt {
  readonly kind: "no-wish" | "no-ids" | "quoted" | "malformed" | "date" | "several" | "words" | "command" | "too-many";
  readonly words: readonly string[];
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
const MOST_WORDS = 5;
const LONGEST_WHY = 300;

const VERBS = ["hold", "restore"] as const;
/** What only the command line does. */
const COMMANDS = ["release", "unhold", "delete", "remove", "purge", "deregister", "hasten", "retry", "pause", "resume"];
const GREETINGS = new Set(
  "please pls plz kindly hi hello hey dear bot clean-amis could can would will you we".split(" "),
);
const FILLERS = new Set(
  (
    "the this these that those it them image images ami amis compose composes id ids and also of in from region " +
    "please pls plz thanks thank you for me us too as well now both all"
  ).split(" "),
);
const PLEAS = new Set("stop don dont keep need needs delete deleted deleting object objection private gone".split(" "));

/** One line that says something itself. */
interface Sentence {
  readonly verb: Wish["verb"] | null;
  readonly command: string | null;
  readonly ids: readonly string[];
  /** Ids behind `because`. */
  readonly asides: readonly string[];
  readonly until: Instant | null;
  readonly why: string;
  readonly doubts: readonly Doubt[];
}

/**
 * Reads a comment. A line that begins with `hold` or `restore`, then ids, perhaps `until DATE` (a day, or an instant in ISO
 * 8601, after `now`), perhaps `because …` to its end, is an order; greetings, mentions and Markdown around it do not matter.
 * Whatever else names an id is a doubt. Quoted lines, code blocks and tables count only when the comment names no id itself.
 */
export function readObjection(comment: string, now: Instant): Objection {
  const lines = linesOf(comment);
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

function readSentence(line: string, now: Instant): Sentence {
  const words = wordsOf(line);
  const start = words.findIndex((word, index) => !isLeadIn(word, index));
  const lead = words[start]?.text.toLowerCase() ?? "";
  const verb = VERBS.find((name) => name === lead) ?? null;
  const command = COMMANDS.find((name) => name === lead) ?? null;
  if (verb === null && command === null) {
    const { ids, malformed } = namedIn(words);
    const doubts = [...(ids.length > 0 ? [doubt("no-wish")] : []), ...malformed];
    return { verb, command, ids, asides: [], until: null, why: "", doubts };
  }
  return { verb, command, ...readOrder(line, words.slice(start + 1), now) };
}

/** A number of a list, a greeting, or somebody who is addressed. */
function isLeadIn({ text, isMention }: Word, index: number): boolean {
  return isMention || GREETINGS.has(text.toLowerCase()) || (index === 0 && /^\d{1,3}$/.test(text));
}

/** What stands behind a verb. */
function readOrder(line: string, words: readonly Word[], now: Instant): Omit<Sentence, "verb" | "command"> {
  const at = words.findIndex(({ text }) => text.toLowerCase() === "because");
  const because = at < 0 ? null : (words[at] ?? null);
  const reason = because === null ? "" : line.slice(because.end);
  const before = because === null ? words : words.slice(0, at);
  const order = because === null ? line : line.slice(0, because.end);
  const date = dateIn(order, before, now);
  const { ids, malformed, others } = namedIn(date === null ? before : before.filter(({ end }) => !date.covers(end)));
  const strange = [...others, ...(hasOtherScript(order) ? [order.trim()] : [])];
  const asides = namedIn(at < 0 ? [] : words.slice(at)).ids;
  const doubts = [
    ...malformed,
    ...(strange.length > 0 ? [doubt("words", strange)] : []),
    ...(date !== null && date.until === null ? [doubt("date", [date.text])] : []),
  ];
  const why = reason
    .slice(0, LONGEST_WHY)
    .replace(/^[\s:,*_]+/, "")
    .trim();
  return { ids, asides, until: date?.until ?? null, why, doubts };
}

interface DateText {
  readonly text: string;
  /** Null: it is no date, or a past one. */
  readonly until: Instant | null;
  /** Whether a word that ends here belongs to it. */
  readonly covers: (end: number) => boolean;
}

function dateIn(line: string, words: readonly Word[], now: Instant): DateText | null {
  const keyword = words.find(({ text }) => text.toLowerCase() === "until");
  if (keyword === undefined) return null;
  const rest = /^[\s:*_`"']*(?<date>[^\s,;*`"')]*)/.exec(line.slice(keyword.end));
  const text = (rest?.groups?.["date"] ?? "").replace(/[.!?_]{1,9}$/, "");
  const last = keyword.end + (rest?.[0].length ?? 0);
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseInstant(`${text}T00:00:00Z`) : null;
  // A day is held to its end.
  const until = day === null ? parseInstant(text) : day + DAY_MS;
  return {
    text: text === "" ? "until" : text,
    until: until === null || until <= now ? null : until,
    covers: (end) => end >= keyword.end && end <= last,
  };
}

interface NamedWords {
  readonly ids: readonly string[];
  readonly malformed: readonly Doubt[];
  /** Words that belong to no order. */
  readonly others: readonly string[];
}

function namedIn(words: readonly Word[]): NamedWords {
  const ids = new Set<string>();
  const [malformed, others]: [string[], string[]] = [[], []];
  for (const { text, isMention } of words) {
    const reading = readWord(text);
    if (reading.kind === "word") {
      if (!isMention && !FILLERS.has(text.toLowerCase()) && !isRegion(text)) others.push(text);
      continue;
    }
    if (reading.id !== null) ids.add(reading.id);
    if (reading.kind === "malformed") malformed.push(text);
  }
  return { ids: [...ids], malformed: malformed.length === 0 ? [] : [doubt("malformed", malformed)], others };
}

function quotedIds(lines: readonly string[]): readonly string[] {
  return namedIn(lines.flatMap(wordsOf)).ids.filter(isMeant);
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

/** An order of which every word was understood. */
function isClear({ verb, command, ids, doubts }: Sentence): boolean {
  return (verb !== null || command !== null) && ids.length > 0 && doubts.length === 0;
}

function soundsLikePlea(text: string): boolean {
  return wordsOf(text).some((word) => PLEAS.has(word.text.toLowerCase()));
}

function idsOf({ amiIds, composeIds }: Named): readonly string[] {
  return [...amiIds, ...composeIds];
}

function named(ids: readonly string[]): Named {
  const isAmi = (id: string): boolean => id.startsWith("ami-");
  return { amiIds: ids.filter(isAmi), composeIds: ids.filter((id) => !isAmi(id)) };
}

function doubt(kind: Doubt["kind"], words: readonly string[] = []): Doubt {
  return { kind, words: words.slice(0, MOST_WORDS) };
}

/** One doubt of each kind, with the first words of all. */
function merged(doubts: readonly Doubt[]): readonly Doubt[] {
  return [...new Set(doubts.map(({ kind }) => kind))].map((kind) => {
    const words = doubts.filter((each) => each.kind === kind).flatMap((each) => each.words);
    return doubt(kind, [...new Set(words)]);
  });
}
