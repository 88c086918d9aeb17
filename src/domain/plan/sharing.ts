import { isPrivate, type Image } from "../image/image.ts";

type Standing = Pick<Image, "stage" | "heldFrom" | "takenAway">;

/**
 * Whether another image that stands on a snapshot needs it to stand. `other`: its record; null: it has none, so it is not ours to
 * judge. An image that is being deleted, or is, takes it along: EC2 may still show it for a while.
 */
export function needsThere(other: Standing | null): boolean {
  return other === null || (other.stage !== "deleting" && other.stage !== "deleted");
}

/** Whether it needs the snapshot as open as it is: all do but those that are private themselves. */
export function needsOpen(other: Standing | null): boolean {
  if (other === null) return true;
  return needsThere(other) && !isPrivate(other);
}

/** Whether it may be private already, though its record does not call it so yet. */
export function isBeingTaken(other: Standing | null): boolean {
  return other?.stage === "public" && other.takenAway !== null;
}
