import { KEPT_FOR_A_PERSON, type Rule } from "../compose/classify.ts";
import type { EventKind, ImageEvent } from "../image/event.ts";
import { situationIn, type SituationKind } from "../plan/situation.ts";

/** The sections of a report, in the order in which they are read. */
export const SECTIONS = [
  "made-private",
  "unfinished",
  "deleted",
  "deleted-with-leftovers",
  "restored",
  "restored-with-leftovers",
  "held",
  "released",
  "refused",
  "failed",
  "gone",
  "gone-unclear",
  "altered",
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
  altered: "altered",
};

const SECTION_OF_SITUATION: Readonly<Record<SituationKind, Section>> = {
  "half-private": "unfinished",
  begun: "unfinished",
  "deleted-with-leftovers": "deleted-with-leftovers",
  "restored-with-leftovers": "restored-with-leftovers",
};

/** The section that an event is reported in, or null when it is not for the public. */
export function sectionOf(event: ImageEvent): Section | null {
  if (event.what !== "scheduled" && event.what !== "decided") {
    if (event.what === "gone" && event.details["hand"] === "unknown") return "gone-unclear";
    const situation = situationIn(event);
    return situation === null ? SECTION_OF[event.what] : SECTION_OF_SITUATION[situation.kind];
  }
  const needsPerson = event.details["stage"] === "kept" && KEPT_FOR_A_PERSON.includes(event.details["rule"] as Rule);
  return needsPerson ? "kept-for-a-person" : null;
}
