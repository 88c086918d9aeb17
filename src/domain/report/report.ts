import { EXAMPLE_AMI, EXAMPLE_COMPOSE } from "../comment/objection.ts";
import type { ImageEvent } from "../image/event.ts";
import type { Replacement } from "../image/replacement.ts";
import { hidden } from "../markdown.ts";
import { situationIn } from "../plan/situation.ts";
import { renderHeartbeat, renderOutlook, type Outlook } from "./outlook.ts";
import { periodText, type Dates } from "./forms.ts";
import { sectionOf, SECTIONS } from "./sections.ts";
import { renderRepeated, renderSection } from "./tables.ts";
import { SECOND_MS, type Instant } from "../time.ts";

/** Where the day stands in a title. */
export const DAY_IN_TITLE = "{day}";
export const DEFAULT_TITLE = `Fedora AMIs made private and deleted on ${DAY_IN_TITLE}`;

/** The title of a day's report; `{day}` in `form` stands for the day. */
export function titleOf(day: string, form: string): string {
  return form.replaceAll(DAY_IN_TITLE, day);
}

/** What a post holds besides events. */
export interface PostFrame {
  readonly day: string;
  readonly marker: string;
  /** When the text is made: never later than the notice that it is. */
  readonly now: Instant;
  readonly deleteAfterMs: number;
  readonly outlook: Outlook | null;
  /** The day since which nothing happened, in a post that says so. */
  readonly quietSince: string | null;
  /** The events that an earlier post tells already, each with the deadline that its image has; null: none. */
  readonly repeats: ReadonlyMap<ImageEvent, Instant | null>;
  /** The images to go over to; none is known of an event that is not there. */
  readonly replacements: ReadonlyMap<ImageEvent, Replacement>;
  /** Of each list of the outlook. */
  readonly mostRows: number;
}

/** What stands above a day's first post, for somebody who has never heard of any of this. */
export function renderOpening(day: string, deleteAfterMs: number): string {
  const paragraph = (...sentences: readonly string[]): string => sentences.join(" ");
  return [
    paragraph(
      "**What this is.** Fedora puts new cloud images (AMIs) on Amazon EC2 every day, and removes the nightly ones among them",
      `again after some days; releases and Betas stay. This is the public record of what was done on ${day} (UTC).`,
    ),
    paragraph(
      "**What happens to an image.** It is first *made private*: nobody can start new machines from it any more, while machines",
      `that run are not touched. Later, ${periodText(deleteAfterMs)} after that was told here at the earliest, it is *deleted* for good.`,
    ),
    "**If you need one of these images**, write a comment here **before the date that is given below**, with a line like this one:",
    ["```", `hold ${EXAMPLE_AMI} because our installer tests start from it`, "```"].join("\n"),
    paragraph(
      `Name the image's AMI id, or its compose (a build of Fedora, such as \`${EXAMPLE_COMPOSE}\`) for all images of that build.`,
      "The service itself reads the comments, holds what you name (it is left as it is), and answers here. Only the people who run",
      "it end a hold; a line with `restore` in the place of `hold` asks them to give the image back to the public. What is deleted",
      "cannot be brought back.",
    ),
  ].join("\n\n");
}

/** The Markdown of one post of a day's report. Texts that came from messages or EC2 stand in code spans, and mean nothing. */
export function renderPost(events: readonly ImageEvent[], frame: PostFrame): string {
  const { deleteAfterMs, outlook, quietSince, repeats, replacements } = frame;
  const dates = {
    deleteAfterMs,
    notBefore: (event: ImageEvent) => notBeforeOf(event, frame),
    replacement: (event: ImageEvent) => replacements.get(event) ?? null,
  };
  const heartbeat = outlook === null || quietSince === null ? [] : [renderHeartbeat(outlook, quietSince)];
  return [
    ...heartbeat,
    ...renderSections(
      events.filter((event) => !repeats.has(event)),
      dates,
    ),
    ...renderSections([...repeats.keys()], dates, renderRepeated),
    ...(outlook === null ? [] : renderOutlook(outlook, frame.mostRows)),
    hidden(frame.marker),
  ].join("\n\n");
}

/** The deadline that stands, or the earliest that this very notice can set; later ones are possible. */
export function notBeforeOf(
  event: ImageEvent,
  { now, deleteAfterMs, repeats }: Pick<PostFrame, "now" | "deleteAfterMs" | "repeats">,
): Instant | null {
  const { what, details } = event;
  const stands = repeats.get(event) ?? null;
  if (stands !== null) return stands;
  if (what === "made-private" || what === "found-again") return now + deleteAfterMs;
  if (situationIn(event)?.kind === "half-private") return now + deleteAfterMs;
  const afterHoldS = /^\d{1,9}$/.test(details["after_hold_s"] ?? "") ? Number(details["after_hold_s"]) : null;
  if (what !== "released" || details["from"] !== "private" || afterHoldS === null) return null;
  return now + afterHoldS * SECOND_MS;
}

/** What stands above a post that does not open the day's report. */
export function renderContinuation(day: string): string {
  return `*More of what happened on ${day}. What this is, and how to object, stands at the top of this page.*`;
}

/** A whole day's report, for reading and not for posting. */
export function renderDay(day: string, events: readonly ImageEvent[], dates: Dates, title: string): string {
  const sections = renderSections(events, dates);
  const body = sections.length === 0 ? ["Nothing happened on that day that the public had to know."] : sections;
  return [`# ${titleOf(day, title)}`, renderOpening(day, dates.deleteAfterMs), ...body].join("\n\n");
}

function renderSections(
  events: readonly ImageEvent[],
  dates: Dates,
  render: typeof renderSection = renderSection,
): readonly string[] {
  return SECTIONS.flatMap((section) => {
    const rows = events.filter((event) => sectionOf(event) === section);
    return rows.length === 0 ? [] : [render(section, rows, dates)];
  });
}
