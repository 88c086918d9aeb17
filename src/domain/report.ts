import { KEPT_FOR_A_PERSON, type Rule } from "./classify.ts";
import type { EventKind, ImageEvent } from "./event.ts";
import { dayOf, formatDuration, formatInstant, type Instant } from "./time.ts";

/** What a part of a report is made of. */
export interface PartFrame {
  readonly marker: string;
  /** The dates in the text count from here: later than every event in it, and never later than the notice. */
  readonly renderedAt: Instant;
  readonly deleteAfterMs: number;
}

type Section =
  "made-private" | "deleted" | "restored" | "held" | "released" | "refused" | "failed" | "gone" | "kept-for-a-person";

const SECTION_OF: Partial<Record<EventKind, Section>> = {
  "made-private": "made-private",
  deleted: "deleted",
  restored: "restored",
  held: "held",
  released: "released",
  refused: "refused",
  failed: "failed",
  gone: "gone",
};

const HEADINGS: Readonly<Record<Section, string>> = {
  "made-private": "Made private",
  deleted: "Deleted",
  restored: "Given back to the public",
  held: "Held",
  released: "Released: the clock runs again",
  refused: "Refused: left as they are",
  failed: "Not done yet, tried again",
  gone: "Gone by another hand",
  "kept-for-a-person": "Kept, but a person should look",
};

/** The section that an event is reported in, or null when it is not for the public. */
export function sectionOf(event: ImageEvent): Section | null {
  if (event.what !== "scheduled" && event.what !== "decided") return SECTION_OF[event.what] ?? null;
  const needsPerson = event.details["stage"] === "kept" && KEPT_FOR_A_PERSON.includes(event.details["rule"] as Rule);
  return needsPerson ? "kept-for-a-person" : null;
}

/** The title of a day's report. */
export function titleOf(day: string): string {
  return `Fedora AMIs made private and deleted on ${day}`;
}

/** The Markdown of one part of a day's report. Texts that came from messages or EC2 stand in code spans, and mean nothing. */
export function renderPart(events: readonly ImageEvent[], frame: PartFrame): string {
  const sections = (Object.keys(HEADINGS) as Section[]).flatMap((section) => {
    const rows = events.filter((event) => sectionOf(event) === section);
    return rows.length === 0 ? [] : [renderSection(section, rows, frame)];
  });
  return [INTRODUCTION, ...sections, `<sub>${code(frame.marker)}</sub>`].join("\n\n");
}

const LONGEST_TEXT = 200;

const INTRODUCTION = [
  "This service removes Fedora's nightly and dated cloud images (AMIs) from Amazon EC2; releases and Betas stay.",
  "An image is first made private: nobody outside the project can start it any more. Later it is deleted for good.",
  "If you need one of the images below, say so in a comment here before the date that is given.",
].join("\n");

function renderSection(section: Section, events: readonly ImageEvent[], frame: PartFrame): string {
  const lines = [`## ${HEADINGS[section]} (${events.length})`];
  if (section === "made-private") {
    const notBefore = notBeforeOf(frame);
    lines.push(
      "",
      `Nothing of this is deleted before **${notBefore}** (${formatDuration(frame.deleteAfterMs)} after this notice).`,
    );
  }
  if (section === "deleted") lines.push("", deletedSummary(events));
  const composes = [...new Set(events.map((event) => event.composeId))].sort().reverse();
  for (const composeId of composes) {
    const rows = events.filter((event) => event.composeId === composeId);
    lines.push("", `### ${code(composeId)}`, "", "| region | AMI | name | note |", "| --- | --- | --- | --- |");
    for (const event of rows.toSorted((a, b) => a.region.localeCompare(b.region)))
      lines.push(`| ${event.region} | ${code(event.amiId)} | ${code(nameOf(event))} | ${noteOf(section, event)} |`);
  }
  return lines.join("\n");
}

/** A day for people; to the second where the period is shorter than a day, as on a machine that only tries things out. */
function notBeforeOf({ renderedAt, deleteAfterMs }: PartFrame): string {
  const at = renderedAt + deleteAfterMs;
  return deleteAfterMs % 86_400_000 === 0 ? dayOf(at) : formatInstant(Math.floor(at / 1000) * 1000);
}

function nameOf(event: ImageEvent): string {
  return event.details["ec2_name"] || event.imageName || "-";
}

function noteOf(section: Section, event: ImageEvent): string {
  switch (section) {
    case "made-private":
      return `${event.details["snapshots"] ?? "0"} snapshots, ${event.details["gib"] ?? "?"} GiB`;
    case "deleted":
      return Object.entries(snapshotResults(event))
        .map(([id, result]) => `${code(id)} ${result === "deleted" ? "deleted" : code(result)}`)
        .join(", ");
    case "restored":
    case "held":
    case "released":
    case "refused":
    case "failed":
    case "gone":
    case "kept-for-a-person":
      return code(event.why);
  }
}

function deletedSummary(events: readonly ImageEvent[]): string {
  const results = events.flatMap((event) => Object.values(snapshotResults(event)));
  const deleted = results.filter((result) => result === "deleted").length;
  const gib = events.reduce((sum, event) => sum + Number(event.details["gib"] ?? 0), 0);
  return `${events.length} images and ${deleted} of their ${results.length} snapshots; at most ${gib} GiB freed.`;
}

function snapshotResults(event: ImageEvent): Readonly<Record<string, string>> {
  return JSON.parse(event.details["snapshots"] ?? "{}") as Record<string, string>;
}

/**
 * A code span that no text can leave, on one line of a table, at most 200 characters. Pagure mails everybody who is
 * mentioned, in a code span too (pagure/lib/notify.py), and a backslash before the last backtick would hide it.
 * @internal exported for its tests
 */
export function code(text: string): string {
  const flat = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll("`", "'")
    .replaceAll("|", "¦")
    .replaceAll("@", "＠")
    .trim();
  const cut = flat.slice(0, LONGEST_TEXT).replace(/[\\\ud800-\udbff]+$/, "");
  return `\`${cut === "" ? "-" : cut}\``;
}
