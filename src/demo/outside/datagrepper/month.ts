import type { ArchivedMessage, MessageSource } from "./archive.ts";
import { isoFormat } from "./items.ts";
import { bodyOf, CASTS, topicOf } from "./month-cast.ts";
import type { Compose, Line } from "./month-cast.ts";
import { DAY_MS, floorSecond } from "../../../domain/time.ts";
import type { Instant } from "../../../domain/time.ts";

export interface MonthOptions {
  readonly seed: number;
  /** How many messages, up to a million and beyond: none is kept. */
  readonly count: number;
  readonly start: Instant;
  /** Default 30. */
  readonly days?: number;
  /** In how many regions an image of the uploader stands, 1 to 22. Default 22. */
  readonly regions?: number;
}

/** What a division may be off by, in rounds. */
const ROUNDING = 1e-6;

/** One round of the month: each cast once, one after the other; the messages with their place in the round, 0 to 1. */
const ROUND: readonly { readonly cast: number; readonly line: Line; readonly place: number }[] = CASTS.flatMap(
  ({ lines }, cast) => lines.map((line) => ({ cast, line, place: (cast + line.place) / CASTS.length })),
);

/**
 * A month of Fedora's uploads, pungi statuses and two-week releases, spread evenly: the same seed and options, the same
 * messages. Each is made from its index when it is asked for, so that a million of them need no memory. All uploads of a
 * compose have the same second, so that readers meet equal timestamps everywhere.
 */
export function generateMonth({ seed, count, start, days = 30, regions = 22 }: MonthOptions): MessageSource {
  const rounds = Math.max(1, Math.ceil(count / ROUND.length));
  const roundMs = (days * DAY_MS) / rounds;
  const roundOf = (index: number): number => Math.floor(index / ROUND.length);
  const roundAt = (round: number): Instant => start + round * roundMs;
  const seatOf = (index: number) => {
    const seat = ROUND[index % ROUND.length];
    if (seat === undefined || index < 0 || index >= count) throw new RangeError(`the month has no message ${index}`);
    return seat;
  };
  const composeOf = (round: number, cast: number): Compose => {
    const day = Math.floor(roundAt(round) / DAY_MS);
    const firstOfDay = Math.max(0, Math.ceil((day * DAY_MS - start) / roundMs - ROUNDING));
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "");
    return {
      date,
      // No two composes of a day have the same respin, so that every id is another one.
      respin: (round - firstOfDay) * CASTS.length + cast,
      ordinal: round * CASTS.length + cast,
      seed,
      regions,
    };
  };
  const timeAt = (index: number): Instant => {
    return floorSecond(roundAt(roundOf(index)) + seatOf(index).place * roundMs);
  };
  const messageAt = (index: number): ArchivedMessage => {
    const { cast, line } = seatOf(index);
    const at = timeAt(index);
    const topic = topicOf(cast, line);
    const headers = {
      fedora_messaging_schema: topic.includes("image_uploader")
        ? "fedora_image_uploader.published.v1.aws"
        : "base.message",
      fedora_messaging_severity: 20,
      "sent-at": isoFormat(at),
      priority: 0,
    };
    return {
      topic,
      id: messageId(seed, index),
      at,
      headers,
      body: bodyOf(cast, line, composeOf(roundOf(index), cast)),
    };
  };
  const topicAt = (index: number): string => {
    const { cast, line } = seatOf(index);
    return topicOf(cast, line);
  };
  return { length: count, timeAt, topicAt, messageAt };
}

/** In the form of a UUIDv4; its end is the index, so that no two are the same. */
function messageId(seed: number, index: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0").slice(-digits);
  return `${hex(Math.imul(seed + 1, 0x9e3779b1) >>> 0, 8)}-0000-4000-8000-${hex(index, 12)}`;
}
