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
  "altered",
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

/** Orders ids of stream entries, `milliseconds-number`, as Redis does. */
export function compareIds(a: string, b: string): number {
  const [aMs, aNumber] = partsOf(a);
  const [bMs, bNumber] = partsOf(b);
  return aMs - bMs || aNumber - bNumber;
}

/** Whether a text is an id of a stream's entry as Redis takes it: two numbers of 64 bits. */
export function isEntryId(text: string): boolean {
  return /^\d{1,20}-\d{1,20}$/.test(text) && text.split("-").every((number) => BigInt(number) < 2n ** 64n);
}

/** The last id that an entry written before `at` can have. */
export function idBefore(at: Instant): string {
  // A number is of 64 bits (Redis' XADD).
  return at <= 0 ? "0-0" : `${Math.ceil(at) - 1}-18446744073709551615`;
}

function partsOf(id: string): readonly [number, number] {
  const [ms, number] = id.split("-");
  return [Number(ms), Number(number ?? 0)];
}
