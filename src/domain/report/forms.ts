import { elsewhereText } from "../elsewhere/usage.ts";
import type { ImageEvent } from "../image/event.ts";
import type { Replacement } from "../image/replacement.ts";
import { textsOf } from "../json.ts";
import { count } from "../markdown.ts";
import { situationIn } from "../plan/situation.ts";
import { dayOf, DAY_MS, floorSecond, formatDuration, formatInstant, type Instant } from "../time.ts";
import { shown } from "./gate.ts";
import { by, halfDone, reason, reasonAndWho, untilText, why, type Remark } from "./remarks.ts";
import type { Section } from "./sections.ts";

/** What a section says beside its events. */
export interface Dates {
  /** How long after its notice an image may be deleted. */
  readonly deleteAfterMs: number;
  /** The instant before which an image that was made private, or released, is certainly not deleted; null: none is set. */
  readonly notBefore: (event: ImageEvent) => Instant | null;
  /** The image to go over to; null: none is known. */
  readonly replacement: (event: ImageEvent) => Replacement | null;
}

/** A day for people; to the second where the period is shorter than a day, as on a machine that only tries things out. */
function dateText(at: Instant, periodMs: number): string {
  return periodMs % DAY_MS === 0 ? dayOf(at) : formatInstant(floorSecond(at));
}

/** `10 days`; in shorter units where it is no whole number of days. */
export function periodText(ms: number): string {
  return ms >= DAY_MS && ms % DAY_MS === 0 ? count(ms / DAY_MS, "day") : formatDuration(ms);
}

/**
 * What is special about a section. What is long stands once above a table, as a remark on all its images; a column of it would
 * leave no room for an id in one line where the page is 670 pixels wide.
 */
export interface Form {
  readonly heading: string;
  readonly remarks: (event: ImageEvent, dates: Dates) => readonly Remark[];
  /** Those after region and AMI, short ones. */
  readonly columns: readonly string[];
  readonly row: (event: ImageEvent, dates: Dates) => readonly string[];
  readonly lead: (events: readonly ImageEvent[], dates: Dates, isRepeated: boolean) => string;
}

const none = (): readonly never[] => [];

export const FORMS: Readonly<Record<Section, Form>> = {
  "made-private": {
    heading: "Made private",
    remarks: (event, dates) => [...goOverTo(event, dates), ...usedBy(event)],
    columns: ["snapshots", "size"],
    row: ({ details }) => [number(details["snapshots"]), `${number(details["gib"])} GiB`],
    lead: madePrivateLead,
  },
  deleted: {
    heading: "Deleted",
    remarks: (event, dates) => [...goOverTo(event, dates), ...leftSnapshots(event)],
    columns: ["deleted snapshots"],
    row: (event) => [deletedSnapshots(event)],
    lead: deletedLead,
  },
  unfinished: {
    heading: "Begun, and not finished",
    remarks: halfDone,
    columns: [],
    row: none,
    lead: unfinishedLead,
  },
  "deleted-with-leftovers": {
    heading: "Deleted, with something left",
    remarks: halfDone,
    columns: [],
    row: none,
    lead: () =>
      "These images are gone for good, but snapshots of theirs (the copies of their disks) still stand. They stay due until all are accounted for.",
  },
  "restored-with-leftovers": {
    heading: "Given back, with something left",
    remarks: halfDone,
    columns: [],
    row: none,
    lead: () =>
      "Everybody can use these images again, but something that was done to them is still there. It stays due until it is undone.",
  },
  restored: {
    heading: "Given back to the public",
    remarks: (event) => [by(event), ...why(event)],
    columns: [],
    row: none,
    lead: () => "What had been taken from these images was given back: everybody can use them again.",
  },
  held: {
    heading: "Held",
    remarks: (event) => [by(event), ["until", untilText(event)], ...why(event)],
    columns: [],
    row: none,
    lead: () => "Nothing more is done to these images until the hold ends.",
  },
  released: {
    heading: "Released from a hold",
    remarks: (event) => [by(event), ...why(event)],
    columns: ["not deleted before"],
    row: (event, dates) => [releasedText(event, dates)],
    lead: () => "Nobody asks any more that these images stay, and their clock runs again. They can be held anew.",
  },
  refused: {
    heading: "Refused: left as they are",
    remarks: reasonAndWho,
    columns: [],
    row: none,
    lead: () =>
      "These images were due, but a check found a reason to leave them alone. They are looked at again later.",
  },
  failed: {
    heading: "Not done yet, tried again",
    remarks: reason,
    columns: [],
    row: none,
    lead: () => "What was asked of Amazon EC2 was not done, several times in a row. It goes on being tried.",
  },
  gone: {
    heading: "Gone by another hand",
    remarks: why,
    columns: [],
    row: none,
    lead: () => "These images vanished from Amazon EC2, and it was not this service that removed them.",
  },
  "gone-unclear": {
    heading: "Gone, and nobody knows by whom",
    remarks: why,
    columns: [],
    row: none,
    lead: () =>
      "Amazon EC2 does not know these images any more. This service may have deleted them itself, and told it, before it lost its records; else somebody removed them.",
  },
  altered: {
    heading: "Released images that changed",
    remarks: (event) => [["now", shown(event.why)]],
    columns: [],
    row: none,
    lead: () =>
      "These images are of a release, and must stay as they are. Somebody, or Amazon EC2 by itself, changed them; this service changes nothing about them.",
  },
  "kept-for-a-person": {
    heading: "Kept, but a person should look",
    remarks: why,
    columns: [],
    row: none,
    lead: () => "Nothing is done to these images: what is known of them is not enough, or contradicts itself.",
  },
};

const GO_OVER_TO = "go over to";
/** Its id is not told: whoever looks for that one finds what becomes of it, and of no other. */
const HOW_TO_GO_OVER = `Behind “${GO_OVER_TO}” stands the name in Amazon EC2 of the newest image of the same kind and region that everybody can use.`;

function goOverTo(event: ImageEvent, { replacement }: Dates): readonly Remark[] {
  const found = replacement(event);
  return found === null ? [] : [[GO_OVER_TO, shown(withoutRegion(found.imageName, found.region))]];
}

function howToGoOver(events: readonly ImageEvent[], { replacement }: Dates): readonly string[] {
  return events.some((event) => replacement(event) !== null) ? [HOW_TO_GO_OVER] : [];
}

/** How many accounts, and none by its name. */
function usedBy({ details }: ImageEvent): readonly Remark[] {
  const accounts = details["used_by"] ?? "";
  return /^[1-9]\d{0,8}$/.test(accounts) ? [["known use", elsewhereText(Number(accounts))]] : [];
}

function madePrivateLead(events: readonly ImageEvent[], given: Dates, isRepeated: boolean): string {
  const { deleteAfterMs, notBefore } = given;
  const dates = events.map(notBefore).filter((at) => at !== null);
  if (dates.length === 0)
    return [
      "They are deleted only after a public notice, which is not given or not confirmed for any of them.",
      ...howToGoOver(events, given),
    ].join(" ");
  const earliest = dateText(Math.min(...dates), deleteAfterMs);
  const found = events.filter(({ what }) => what === "found-again").length;
  const again = `${count(found, "image")} of them had been made private earlier, and the record of that was lost:`;
  // A deadline that stands may have come from the first notice.
  const howLong = isRepeated ? "" : ` (${periodText(deleteAfterMs)} after this notice)`;
  return [
    `None of these images is deleted before **${earliest}**${howLong}.`,
    ...(found === 0 ? [] : [`${again} their days begin anew.`]),
    ...howToGoOver(events, given),
  ].join(" ");
}

/** An image that is private, or may be, is told as private; its days begin with the notice that it is finished. */
function unfinishedLead(events: readonly ImageEvent[], { deleteAfterMs, notBefore }: Dates): string {
  const lead = "Something was begun with these images, and stopped half way. It goes on when the reason is cured.";
  const halfPrivate = events.filter((event) => situationIn(event)?.kind === "half-private");
  if (halfPrivate.length === 0) return lead;
  const dates = halfPrivate.map(notBefore).filter((at) => at !== null);
  const before = dates.length === 0 ? "" : ` before **${dateText(Math.min(...dates), deleteAfterMs)}**`;
  const isOne = halfPrivate.length === 1;
  return [
    lead,
    `${count(halfPrivate.length, "image")} of them ${isOne ? "counts" : "count"} as **private** from now on, and`,
    `${isOne ? "is not" : "none is"} deleted${before}: once private as a whole, it is told here again, and its`,
    `${periodText(deleteAfterMs)} begin then.`,
  ].join(" ");
}

function deletedLead(events: readonly ImageEvent[], given: Dates): string {
  const results = events.flatMap((event) => Object.values(snapshotsOf(event)));
  const deleted = results.filter((result) => result === "deleted").length;
  const gib = events.reduce((sum, event) => sum + (Number(event.details["gib"]) || 0), 0);
  const whose = events.length === 1 ? "its" : "their";
  const snapshots = `${deleted} of ${whose} ${count(results.length, "snapshot")} (the copies of their disks)`;
  const gone = `Gone for good: ${count(events.length, "image")} and ${snapshots}; at most ${gib} GiB freed.`;
  return [gone, ...howToGoOver(events, given)].join(" ");
}

function deletedSnapshots(event: ImageEvent): string {
  const deleted = Object.entries(snapshotsOf(event)).filter(([, result]) => result === "deleted");
  return deleted.length === 0 ? "none" : deleted.map(([id]) => shown(id)).join(", ");
}

function leftSnapshots(event: ImageEvent): readonly Remark[] {
  const left = Object.entries(snapshotsOf(event)).filter(([, result]) => result !== "deleted");
  return left.map(([id, result]) => [shown(id), shown(result)]);
}

function snapshotsOf(event: ImageEvent): Readonly<Record<string, string>> {
  return textsOf(event.details["snapshots"] ?? "");
}

export function nameOf({ details, imageName, region }: ImageEvent): string {
  return withoutRegion(details["ec2_name"] || imageName || "-", region);
}

/** Names of before 2024-08 hold the region: without it those of a build are one. */
function withoutRegion(name: string, region: string): string {
  return name.replace(region, "REGION");
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
