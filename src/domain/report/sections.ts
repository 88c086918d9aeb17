import { KEPT_FOR_A_PERSON, type Rule } from "../compose/classify.ts";
import { parseComposeId } from "../compose/compose.ts";
import type { EventKind, ImageEvent } from "../image/event.ts";
import { orderOf } from "../image/stream.ts";
import { code, count, table } from "../markdown.ts";
import { dayOf, DAY_MS, floorSecond, formatDuration, formatInstant, parseInstant, type Instant } from "../time.ts";

/** The sections of a report, in the order in which they are read. */
export const SECTIONS = [
  "made-private",
  "deleted",
  "restored",
  "held",
  "released",
  "refused",
  "failed",
  "gone",
  "kept-for-a-person",
] as const;
export type Section = (typeof SECTIONS)[number];

const SECTION_OF: Readonly<Record<EventKind, Section | null>> = {
  scheduled: null,
  decided: null,
  "made-private": "made-private",
  "found-again": "made-private",
  noticed: null,
  refused: "refused",
  failed: "failed",
  deleting: null,
  deleted: "deleted",
  restoring: null,
  restored: "restored",
  held: "held",
  released: "released",
  gone: "gone",
};

/** The section that an event is reported in, or null when it is not for the public. */
export function sectionOf(event: ImageEvent): Section | null {
  if (event.what !== "scheduled" && event.what !== "decided") return SECTION_OF[event.what];
  const needsPerson = event.details["stage"] === "kept" && KEPT_FOR_A_PERSON.includes(event.details["rule"] as Rule);
  return needsPerson ? "kept-for-a-person" : null;
}

/** What the dates in a section are made of. */
export interface Dates {
  /** How long after its notice an image may be deleted. */
  readonly deleteAfterMs: number;
  /** The instant before which an image that was made private, or released, is certainly not deleted; null: none is set. */
  readonly notBefore: (event: ImageEvent) => Instant | null;
}

/** One section with a table a compose, the newest compose first, then by region. */
export function renderSection(section: Section, events: readonly ImageEvent[], dates: Dates): string {
  const { heading, columns, row, lead } = FORMS[section];
  const lines = [`## ${heading} (${events.length})`, "", lead(events, dates)];
  for (const composeId of newestFirst(events.map((event) => event.composeId))) {
    const ofCompose = events.filter((event) => event.composeId === composeId);
    const ordered = ofCompose.toSorted((a, b) => compare(a.region, b.region) || compare(a.amiId, b.amiId));
    const rows = ordered.map((event) => [event.region, code(event.amiId), code(nameOf(event)), ...row(event, dates)]);
    const table_ = table(["region", "AMI", "name", ...columns], rows);
    lines.push("", `### ${code(composeId)}: ${count(ofCompose.length, "image")}`, "", ...table_);
  }
  return lines.join("\n");
}

/** Compose ids without repeats, by their date and respin, the newest first; what is no compose id comes last. */
export function newestFirst(composeIds: readonly string[]): readonly string[] {
  const order = (composeId: string): number => {
    const id = parseComposeId(composeId);
    return id.ok ? orderOf(id.value) : 0;
  };
  return [...new Set(composeIds)].sort((a, b) => order(b) - order(a) || compare(a, b));
}

/** A day for people; to the second where the period is shorter than a day, as on a machine that only tries things out. */
function dateText(at: Instant, periodMs: number): string {
  return periodMs % DAY_MS === 0 ? dayOf(at) : formatInstant(floorSecond(at));
}

/** `10 days`; in shorter units where it is no whole number of days. */
export function periodText(ms: number): string {
  return ms >= DAY_MS && ms % DAY_MS === 0 ? count(ms / DAY_MS, "day") : formatDuration(ms);
}

/** What is special about a section: its words, and the columns after region, AMI and name. */
interface Form {
  readonly heading: string;
  readonly columns: readonly string[];
  readonly row: (event: ImageEvent, dates: Dates) => readonly string[];
  readonly lead: (events: readonly ImageEvent[], dates: Dates) => string;
}

const why = (event: ImageEvent): readonly string[] => [code(event.why)];

const FORMS: Readonly<Record<Section, Form>> = {
  "made-private": {
    heading: "Made private",
    columns: ["snapshots", "size"],
    row: ({ details }) => [number(details["snapshots"]), `${number(details["gib"])} GiB`],
    lead: madePrivateLead,
  },
  deleted: {
    heading: "Deleted",
    columns: ["its snapshots"],
    row: (event) => [snapshotText(event)],
    lead: deletedLead,
  },
  restored: {
    heading: "Given back to the public",
    columns: ["by", "why"],
    row: (event) => [byText(event), code(event.why)],
    lead: () => "What had been taken from these images was given back: everybody can use them again.",
  },
  held: {
    heading: "Held",
    columns: ["by", "until", "why"],
    row: (event) => [byText(event), untilText(event), code(event.why)],
    lead: () => "Nothing more is done to these images until the hold ends.",
  },
  released: {
    heading: "Released from a hold",
    columns: ["by", "not deleted before", "why"],
    row: (event, dates) => [byText(event), releasedText(event, dates), code(event.why)],
    lead: () => "Nobody asks any more that these images stay, and their clock runs again. They can be held anew.",
  },
  refused: {
    heading: "Refused: left as they are",
    columns: ["why"],
    row: why,
    lead: () =>
      "These images were due, but a check found a reason to leave them alone. They are looked at again later.",
  },
  failed: {
    heading: "Not done yet, tried again",
    columns: ["why"],
    row: why,
    lead: () => "Amazon EC2 did not do what was asked, several times in a row. It goes on being tried.",
  },
  gone: {
    heading: "Gone by another hand",
    columns: ["why"],
    row: why,
    lead: () => "These images vanished from Amazon EC2, and it was not this service that removed them.",
  },
  "kept-for-a-person": {
    heading: "Kept, but a person should look",
    columns: ["why"],
    row: why,
    lead: () => "Nothing is done to these images: what is known of them is not enough, or contradicts itself.",
  },
};

function madePrivateLead(events: readonly ImageEvent[], { deleteAfterMs, notBefore }: Dates): string {
  const dates = events.map(notBefore).filter((at) => at !== null);
  if (dates.length === 0)
    return "They are deleted only after a public notice, which is not given or not confirmed for any of them.";
  const earliest = dateText(Math.min(...dates), deleteAfterMs);
  const found = events.filter(({ what }) => what === "found-again").length;
  const again = `${count(found, "image")} of them had been made private earlier, and the record of that was lost:`;
  return [
    `None of these images is deleted before **${earliest}** (${periodText(deleteAfterMs)} after this notice).`,
    ...(found === 0 ? [] : [`${again} their days begin anew.`]),
  ].join(" ");
}

function deletedLead(events: readonly ImageEvent[]): string {
  const results = events.flatMap((event) => Object.values(snapshotsOf(event)));
  const deleted = results.filter((result) => result === "deleted").length;
  const gib = events.reduce((sum, event) => sum + (Number(event.details["gib"]) || 0), 0);
  const whose = events.length === 1 ? "its" : "their";
  const snapshots = `${deleted} of ${whose} ${count(results.length, "snapshot")} (the copies of their disks)`;
  return `Gone for good: ${count(events.length, "image")} and ${snapshots}; at most ${gib} GiB freed.`;
}

function snapshotText(event: ImageEvent): string {
  const results = Object.entries(snapshotsOf(event));
  if (results.length === 0) return "none";
  return results.map(([id, result]) => `${code(id)} ${result === "deleted" ? "deleted" : code(result)}`).join(", ");
}

function snapshotsOf(event: ImageEvent): Readonly<Record<string, string>> {
  return JSON.parse(event.details["snapshots"] ?? "{}") as Record<string, string>;
}

function nameOf(event: ImageEvent): string {
  return event.details["ec2_name"] || event.imageName || "-";
}

/** Parts of this service, as events name them: who reads a report knows none of them. */
const OURSELVES = ["ingest", "resolver", "ticker", "reporter", "reconcile"];

function byText({ who, details }: ImageEvent): string {
  const by = details["by"] || who;
  return OURSELVES.includes(by) ? "this service" : code(by);
}

function untilText({ details }: ImageEvent): string {
  const until = details["until"] ?? "";
  if (until === "" || until === "no end") return "a person releases it";
  const at = parseInstant(until);
  return at === null ? code(until) : momentText(at);
}

/** `2026-12-24 08:00 UTC`, and the day alone at midnight. */
export function momentText(at: Instant): string {
  const [day = "", time = ""] = new Date(at).toISOString().split("T");
  return at % DAY_MS === 0 ? day : `${day} ${time.slice(0, 5)} UTC`;
}

/** Only a private image is deleted next; one that is public has all of its time before it. */
function releasedText(event: ImageEvent, { notBefore, deleteAfterMs }: Dates): string {
  const at = notBefore(event);
  if (at !== null) return `**${dateText(at, deleteAfterMs)}**`;
  return event.details["from"] === "private" ? "another notice" : "it was made private";
}

function number(text: string | undefined): string {
  return /^\d{1,9}$/.test(text ?? "") ? (text ?? "") : "?";
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
