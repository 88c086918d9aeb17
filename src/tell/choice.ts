import { createHash } from "node:crypto";
import { type ImageEvent, compareIds } from "../domain/image/event.ts";
import { sectionOf } from "../domain/report/sections.ts";
import { dayOf } from "../domain/time.ts";
import type { PendingPost } from "../ports/index.ts";

/** Events of a region that are read at once; more than one post holds. */
export const MOST_PER_REGION = 1000;

/** The events that a post is made of, and how far they reach in each region. */
export interface Choice {
  /** Null: nothing of this is for the public, and the cursors may move on without a post. */
  readonly day: string | null;
  readonly events: readonly ImageEvent[];
  readonly until: PendingPost["until"];
  /** Nothing more is waiting to be told. */
  readonly isAll: boolean;
}

/**
 * Chooses the events of the next post: of the earliest day, in the order in which they were written, as many as `fits` allows
 * and at least one that is for the public. `unreported` holds up to `MOST_PER_REGION` events of each region.
 */
export function chooseEvents(
  unreported: readonly (readonly ImageEvent[])[],
  fits: (day: string, events: readonly ImageEvent[]) => boolean,
): Choice {
  // Of each region the first: one that was written late stands behind events of the next day, and waits for them.
  const firsts = unreported.map((events) => events.find(isPublic)).filter((event) => event !== undefined);
  const day = firsts.map(dayOfEvent).sort()[0] ?? null;
  const ofDay = unreported.map((events) => untilNextDay(events, day));
  const inOrder = ofDay.flat().sort((a, b) => compareIds(a.id, b.id) || (a.region < b.region ? -1 : 1));
  const length = day === null ? inOrder.length : longest(inOrder, (events) => fits(day, events));
  const events = inOrder.slice(0, length);
  const isAll = length === unreported.flat().length && unreported.every((each) => each.length < MOST_PER_REGION);
  return { day, events, until: Object.fromEntries(events.map(({ region, id }) => [region, id])), isAll };
}

/** The same post has the same marker, whoever makes it; no two posts have one. */
export function postMarker({ day, until, extra }: Pick<PendingPost, "day" | "until" | "extra">): string {
  const told = JSON.stringify([day, Object.entries(until).sort(), extra]);
  return `clean-amis-part:${createHash("sha256").update(told).digest("hex").slice(0, 24)}`;
}

function isPublic(event: ImageEvent): boolean {
  return sectionOf(event) !== null;
}

function dayOfEvent({ at }: ImageEvent): string {
  return dayOf(at);
}

/** A cursor moves in one direction: what was written after an event of another day waits for it. */
function untilNextDay(events: readonly ImageEvent[], day: string | null): readonly ImageEvent[] {
  const end = events.findIndex((event) => isPublic(event) && dayOfEvent(event) !== day);
  return end < 0 ? events : events.slice(0, end);
}

/** How many of the first events fit, found by halving; what grows with every event fits no more once it did not. */
function longest(events: readonly ImageEvent[], fits: (events: readonly ImageEvent[]) => boolean): number {
  const first = events.findIndex(isPublic) + 1;
  let [least, most] = [first, events.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(events.slice(0, middle))) least = middle;
    else most = middle - 1;
  }
  return least;
}
