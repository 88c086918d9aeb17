import type { Objection } from "./objection.ts";
import type { Doubt } from "./sentence.ts";
import { code, count, hidden, linkTo } from "../markdown.ts";

/** What became of an order, for an image or for a compose itself. */
export interface AnswerLine {
  readonly region: string | null;
  readonly amiId: string | null;
  readonly happened: string;
  readonly next: string;
}

export interface AnswerFrame {
  readonly author: string;
  /** Address of the comment. */
  readonly url: string;
  readonly marker: string;
  /** What is said besides, in Markdown. */
  readonly remarks: readonly string[];
  /** In UTF-8. */
  readonly mostBytes: number;
}

const MOST_UNKNOWN = 20;
const HOW_TO = "`hold ami-… because …`";

/** An answer to a comment: what was done, for each image, and what happens next. Nothing in it is the author's own Markdown. */
export function renderAnswer(lines: readonly AnswerLine[], frame: AnswerFrame): string {
  const render = (mostIds: number): string =>
    [
      `Answer to ${linkTo(frame.url, "the comment") ?? "the comment"} by ${code(frame.author)}:`,
      ...(lines.length === 0 ? [] : [groupsOf(lines, mostIds).join("\n")]),
      ...frame.remarks,
      hidden(frame.marker),
    ].join("\n\n");
  let mostIds = lines.length;
  while (mostIds > 1 && Buffer.byteLength(render(mostIds)) > frame.mostBytes) mostIds = Math.floor(mostIds / 2);
  return render(mostIds);
}

/** One entry for each outcome, with the images that it is true of, a line a region. */
function groupsOf(lines: readonly AnswerLine[], mostIds: number): readonly string[] {
  const groups = new Map<string, AnswerLine[]>();
  for (const line of lines) {
    const outcome = `${plain(line.happened)}; ${plain(line.next)}`;
    groups.set(outcome, [...(groups.get(outcome) ?? []), line]);
  }
  return [...groups].map(([outcome, of]) => {
    const images = of.filter(({ amiId }) => amiId !== null);
    const named = images.slice(0, mostIds);
    const regions = [...new Set(named.map(({ region }) => region ?? ""))].sort();
    const lines = regions.map((region) => {
      const ids = named.filter((image) => (image.region ?? "") === region).map(({ amiId }) => code(amiId ?? ""));
      return `    * ${plain(region)}: ${ids.join(", ")}`;
    });
    const more = images.length > named.length ? [`    * and ${images.length - named.length} more`] : [];
    return [`* ${images.length === 0 ? "" : `${count(images.length, "image")}: `}${outcome}.`, ...lines, ...more].join(
      "\n",
    );
  });
}

/** What is asked back, and what a comment cannot do. */
export function renderDoubts({ doubts, doubtful }: Pick<Objection, "doubts" | "doubtful">): readonly string[] {
  const isHeld = doubtful.amiIds.length + doubtful.composeIds.length > 0;
  const questions = doubts.filter(({ kind }) => kind !== "command").map(questionOf);
  const commands = doubts.filter(({ kind }) => kind === "command").map(questionOf);
  const held = isHeld
    ? [
        `To be on the safe side, what you named is held. If that is what you wanted, nothing more is to be done; else write`,
      ]
    : ["Please write"];
  const ask = questions.length === 0 ? [] : [`${questions.join(" ")} ${held.join("")} a line such as ${HOW_TO}.`];
  return [...ask, ...commands];
}

/** What somebody is asked who seems to object to something, and names nothing. */
export function renderPlea(): string {
  return `If you object to something here: which image is it? Please write a line such as ${HOW_TO}, with its AMI id from a report, or its compose.`;
}

function questionOf({ kind, words }: Doubt): string {
  const quoted = words.map(code).join(", ");
  switch (kind) {
    case "no-wish":
      return "What would you like to be done with the images that you name?";
    case "no-ids":
      return "Which image do you mean? No AMI id and no compose stands in your comment that I understand.";
    case "quoted":
      return "You only quote what stands elsewhere: is that what you mean?";
    case "malformed":
      return `Is this written as it should be: ${quoted}? An AMI id is \`ami-\` and 8 or 17 of the characters 0-9 and a-f; a compose looks like \`Fedora-Rawhide-20260122.n.0\`, in upper and lower case as here.`;
    case "date":
      return `Until when: ${quoted}? It must be a day to come, such as \`2026-12-24\`, or an instant such as \`2026-12-24T12:00:00Z\`.`;
    case "several":
      return `You ask for different things for ${quoted}: which one is it?`;
    case "words":
      return `I do not understand these words of your order: ${quoted}.`;
    case "command":
      return `Nothing was done for ${quoted}: a comment can only hold and restore. Operators use the command line for the rest, such as \`clean-amis release ami-…\`.`;
    case "too-many":
      return "You name more images than I can take from one comment: the first of them are held. Are there others? Name them in further comments, or by their composes.";
  }
}

/** A backslash before one of these is shown by Python-Markdown, which knows no more of Markdown than was there at first. */
const SHOWN = "<>|~&";

/** Our own sentences, with a name or an id in them: nothing in it is Markdown or mentions anybody. */
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll(/[\\`*_{}[\]<>#+!|~&]/g, (mark) => (SHOWN.includes(mark) ? `&#${mark.charCodeAt(0)};` : `\\${mark}`))
    .replaceAll("@", "＠")
    .slice(0, 500);
}

/** Ids that nothing is known of. */
export function renderUnknown(amiIds: readonly string[], composeIds: readonly string[]): readonly string[] {
  const list = (ids: readonly string[]): string => {
    const more = ids.length > MOST_UNKNOWN ? `, and ${ids.length - MOST_UNKNOWN} more` : "";
    return `${ids.slice(0, MOST_UNKNOWN).map(code).join(", ")}${more}`;
  };
  return [
    ...(amiIds.length === 0
      ? []
      : [
          `Not known here: ${list(amiIds)}. Is that the right id? To an image that this service does not know it does nothing.`,
        ]),
    ...(composeIds.length === 0
      ? []
      : [`No image of ${list(composeIds)} is known here so far. Is the name right, in upper and lower case as well?`]),
  ];
}

/** What somebody is told last who wrote more than a day's answers. */
export function limitText(mostPerDay: number): string {
  return `You wrote more comments today than are answered (${mostPerDay}). What you name in others is held all the same, and the people who run this service are told.`;
}

/** A line of the report about somebody who writes too much. */
export function tooManyText(author: string, comments: number, day: string): string {
  return `answer ${author}, who wrote ${count(comments, "comment")} on ${day}`;
}
