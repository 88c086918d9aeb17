import { badParameter } from "../answer.ts";
import { isAmiId, isRegion } from "../../domain/image/image.ts";
import { QUEUES } from "../../domain/image/lifecycle.ts";
import { SECOND_MS } from "../../domain/time.ts";
import type { EventCursor } from "../../inspect/event-page.ts";
import type { QueueCursor } from "../../inspect/queue-page.ts";

const GIVE_NEXT = "the next of the page before, as it was given";

/** A place in the queues as text for an address. */
export function queueCursorText({ wakeAt, region, queue, amiId }: QueueCursor): string {
  return [wakeAt === Infinity ? "never" : String(wakeAt / SECOND_MS), region, queue, amiId].join(".");
}

/** Throws `Problem`. */
export function queueCursorOf(text: string): QueueCursor {
  const [seconds = "", region = "", name, amiId = "", ...rest] = text.split(".");
  const queue = QUEUES.find((each) => each === name);
  const isWhole = /^-?\d{1,12}$/.test(seconds) || seconds === "never";
  if (!isWhole || !isRegion(region) || queue === undefined || !isAmiId(amiId) || rest.length > 0)
    throw badParameter("after", GIVE_NEXT);
  return { wakeAt: seconds === "never" ? Infinity : Number(seconds) * SECOND_MS, region, queue, amiId };
}

/** A place in the events as text for an address. */
export function eventCursorText({ id, region }: EventCursor): string {
  return `${id}.${region}`;
}

/** Throws `Problem`. */
export function eventCursorOf(text: string): EventCursor {
  const [id = "", region = "", ...rest] = text.split(".");
  if (!/^\d{1,15}-\d{1,15}$/.test(id) || !isRegion(region) || rest.length > 0) throw badParameter("after", GIVE_NEXT);
  return { id, region };
}
