import { count, table } from "../markdown.ts";
import type { Situation } from "../plan/situation.ts";
import { momentText, remarksOn, remarksText } from "./remarks.ts";
import { shown } from "./gate.ts";
import { newestFirst } from "./tables.ts";
import { dayOf, type Instant } from "../time.ts";

/** What is due in the days to come, as far as it is known now: an upload of tomorrow is not in it. */
export interface DueList {
  /** The first instant that is not looked at any more. */
  readonly until: Instant;
  readonly regions: number;
  readonly makePrivate: readonly DueRow[];
  readonly deletes: readonly DueRow[];
  /** What is due, and left as it is for a reason that a person can cure. */
  readonly refused: readonly RefusedRow[];
  /** What stands half done. */
  readonly unfinished: readonly UnfinishedRow[];
  /** More images are due than were read: the numbers are at least so high. */
  readonly isCut: boolean;
}

/** Images of one compose that are due on one day. */
export interface DueRow {
  /** The UTC day of the deadline; what is overdue counts for the day of the list. */
  readonly day: string;
  readonly composeId: string;
  readonly images: number;
  readonly regions: number;
}

/** An image that an act has begun with, and not finished. */
export interface UnfinishedRow {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  readonly situation: Situation;
  /** An event told it already; else nothing but this list does. */
  readonly isTold: boolean;
}

/** Images that are refused for one reason. */
export interface RefusedRow {
  readonly why: string;
  /** Who has to do something about it. */
  readonly who: string;
  readonly images: number;
  readonly composeIds: readonly string[];
}

/** A budget that is used up, or a stop, that kept something from being done. */
export interface Stoppage {
  /** What is not done meanwhile, in a few words: `deleting images`. */
  readonly what: string;
  readonly why: string;
  readonly since: Instant | null;
  /** How many images wait for it. */
  readonly images: number;
  /** What would be done, a line an image; the first of them will do. */
  readonly plan: readonly string[];
  /** The region whose EC2 is the reason, and that is asked again by itself; absent: a person has to let it go on. */
  readonly region?: string;
}

/** What does not come from events: what is stopped, still refused, and due. */
export interface Outlook {
  readonly due: DueList;
  readonly stoppages: readonly Stoppage[];
}

/** An outlook's sections in order, those that have something to say; at most `mostRows` rows or lines in each list. */
export function renderOutlook({ due, stoppages }: Outlook, mostRows: number): readonly string[] {
  const stops = stoppages.filter(({ region }) => region === undefined);
  const troubles = stoppages.filter(({ region }) => region !== undefined);
  const stopped = [
    ...(stops.length === 0 ? [] : [stopsText(STOPPED, stops, mostRows)]),
    ...(troubles.length === 0 ? [] : [stopsText(IN_TROUBLE, troubles, mostRows)]),
  ];
  const unfinished = due.unfinished.length === 0 ? [] : [unfinishedText(due.unfinished, mostRows)];
  const refused = due.refused.length === 0 ? [] : [refusedText(due.refused, mostRows)];
  const isEmpty = due.makePrivate.length + due.deletes.length === 0;
  return [...unfinished, ...refused, ...(isEmpty ? [] : [dueText(due, mostRows)]), ...stopped];
}

/** What a week without any news says instead: that somebody is awake. */
export function renderHeartbeat({ due }: Outlook, sinceDay: string): string {
  const sum = (rows: readonly DueRow[]): string =>
    `${due.isCut ? "at least " : ""}${rows.reduce((total, { images }) => total + images, 0)}`;
  return [
    "## Nothing happened",
    "",
    [
      `Nothing was made private, deleted, held or refused since ${sinceDay}. This post says that the service is alive.`,
      `It watches ${count(due.regions, "region")}; in the next seven days ${sum(due.makePrivate)} images are due to be made private,`,
      `${sum(due.deletes)} to be deleted.`,
    ].join(" "),
  ].join("\n");
}

function dueText({ makePrivate, deletes, isCut, until }: DueList, mostRows: number): string {
  const list = (title: string, rows: readonly DueRow[]): string[] => {
    if (rows.length === 0) return [];
    const cells = sorted(rows)
      .slice(0, mostRows)
      .map(({ day, composeId, images, regions }) => [day, shown(composeId), String(images), String(regions)]);
    return [
      "",
      `### ${title}`,
      "",
      ...table(["not before", "compose", "images", "regions"], cells),
      ...rest(rows, cells),
    ];
  };
  return [
    `## Due before ${dayOf(until)}`,
    "",
    `What happens in the next seven days if nobody objects, by compose (one build of Fedora). Each image that is to be deleted was listed in an earlier report, when it was made private or released from a hold.${isCut ? " There is more than can be listed here." : ""}`,
    ...list("To be made private", makePrivate),
    ...list("To be deleted", deletes),
  ].join("\n");
}

/** By day, then the newest compose first. */
function sorted(rows: readonly DueRow[]): readonly DueRow[] {
  const composeIds = newestFirst(rows.map(({ composeId }) => composeId));
  const places = new Map(composeIds.map((composeId, place) => [composeId, place]));
  const placeOf = (row: DueRow): number => places.get(row.composeId) ?? 0;
  return rows.toSorted((a, b) => (a.day === b.day ? placeOf(a) - placeOf(b) : a.day < b.day ? -1 : 1));
}

function unfinishedText(rows: readonly UnfinishedRow[], mostRows: number): string {
  const groups = new Map<string, UnfinishedRow[]>();
  const listed = rows.slice(0, mostRows);
  for (const row of listed) {
    const said = remarksText([["compose", shown(row.composeId)], ...remarksOn(row.situation)]);
    groups.set(said, [...(groups.get(said) ?? []), row]);
  }
  const tables = [...groups].flatMap(([said, of]) => {
    const cells = of.map(({ region, amiId }) => [region, shown(amiId)]);
    return ["", said, "", ...table(["region", "AMI"], cells)];
  });
  return [
    "## Still not finished",
    "",
    "Something was begun with these images, and is not finished. What is private, or may be, is not deleted before it was told here as made private, and its days are over.",
    ...tables,
    ...rest(rows, listed),
  ].join("\n");
}

function refusedText(rows: readonly RefusedRow[], mostRows: number): string {
  const mostIds = 3;
  const listed = rows.slice(0, mostRows).map(({ why, who, images, composeIds }) => {
    const more = composeIds.length > mostIds ? `, and ${composeIds.length - mostIds} more` : "";
    const ids = newestFirst(composeIds).slice(0, mostIds).map(shown).join(", ");
    return `* why: ${why}; who must act: ${who}; ${count(images, "image")} of ${ids}${more}`;
  });
  return [
    "## Still left as they are",
    "",
    "These images are due, but a check refuses them until somebody cures the reason. Each was named when it was refused first.",
    "",
    ...listed,
    ...rest(rows, listed),
  ].join("\n");
}

const STOPPED = {
  title: "Stopped by a limit or a person",
  lead: "The service does not go on with this until a person lets it: too much at once could be a mistake.",
};
const IN_TROUBLE = {
  title: "Regions in trouble",
  lead: "Amazon EC2 does not work for us in these regions. The service asks again by itself; no deadline moves, and nothing is lost.",
};

function stopsText({ title, lead }: typeof STOPPED, stoppages: readonly Stoppage[], mostRows: number): string {
  const stops = stoppages.flatMap(({ what, why, since, images, plan }) => {
    const lines = plan.slice(0, mostRows).map((line) => `* ${shown(line)}`);
    const begun = since === null ? "" : ` since ${momentText(since)}`;
    return [
      "",
      `### Not done${begun}: ${shown(what)}`,
      "",
      `Why: ${shown(why)}.${images === 0 ? "" : ` ${count(images, "image")} wait${images === 1 ? "s" : ""} for it.`}`,
      ...(lines.length === 0 ? [] : ["", "What would be done:", "", ...lines]),
      ...(images > lines.length && lines.length > 0 ? [`* and ${images - lines.length} more`] : []),
    ];
  });
  return [`## ${title}`, "", lead, ...stops].join("\n");
}

function rest(all: readonly unknown[], shown: readonly unknown[]): readonly string[] {
  return all.length > shown.length ? ["", `and ${all.length - shown.length} rows more`] : [];
}
