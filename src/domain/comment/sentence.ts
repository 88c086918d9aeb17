import { hasOtherScript, readWord, commentWords, type Word } from "./text.ts";
import { isRegion } from "../image/image.ts";
import { DAY_MS, parseInstant, type Instant } from "../time.ts";

const VERBS = ["hold", "restore"] as const;
export type WishVerb = (typeof VERBS)[number];
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

const MOST_WORDS = 5;
const LONGEST_WHY = 300;

/** Why a comment, or a part of it, is not understood; `words` are the author's. */
export interface Doubt {
  readonly kind: "no-wish" | "no-ids" | "quoted" | "malformed" | "date" | "several" | "words" | "command" | "too-many";
  readonly words: readonly string[];
}

/** One line that says something itself. */
export interface Sentence {
  readonly verb: WishVerb | null;
  readonly command: string | null;
  readonly ids: readonly string[];
  /** Ids behind `because`. */
  readonly asides: readonly string[];
  readonly until: Instant | null;
  readonly why: string;
  readonly doubts: readonly Doubt[];
}

/** An order of which every word was understood. */
export function isClear({ verb, command, ids, doubts }: Sentence): boolean {
  return (verb !== null || command !== null) && ids.length > 0 && doubts.length === 0;
}

/** Reads one line. A hold ends after `now`, or its date is a doubt. */
export function readSentence(line: string, now: Instant): Sentence {
  const words = commentWords(line);
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

/** The ids that are named, in their order, and what is no id. */
export function namedIn(words: readonly Word[]): NamedWords {
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

/** A doubt, with the first of the words that it is about. */
export function doubt(kind: Doubt["kind"], words: readonly string[] = []): Doubt {
  return { kind, words: words.slice(0, MOST_WORDS) };
}
