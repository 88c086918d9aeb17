import type { Instant } from "../time.ts";

/** What happens to an image, in the words of the event stream. */
export const EVENT_KINDS = [
  "scheduled",
  "decided",
  "made-private",
  "found-again",
  "noticed",
  "refused",
  "failed",
  "deleting",
  "deleted",
  "restoring",
  "restored",
  "held",
  "released",
  "gone",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** An event about to be written, in the same step as the change that it tells. */
export interface EventDraft {
  readonly what: EventKind;
  readonly at: Instant;
  /** Who did it: `ingest`, `ticker`, `reporter`, or a person. */
  readonly who: string;
  readonly why: string;
  /** Further facts that a reader needs, such as the snapshots' results; flat strings. */
  readonly details: Readonly<Record<string, string>>;
}

/** An event as it stands in a region's stream. */
export interface ImageEvent extends EventDraft {
  /** The stream entry's id. */
  readonly id: string;
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  readonly imageName: string;
}
