import type { Instant } from "../../../domain/time.ts";

/** A message as datanommer has stored it. */
export interface ArchivedMessage {
  readonly topic: string;
  readonly id: string;
  /** What the archive sorts and filters by; a fraction of a millisecond is legal, since the database has microseconds. */
  readonly at: Instant;
  /** Null for what was stored before messages had any. */
  readonly headers: Readonly<Record<string, unknown>> | null;
  readonly body: unknown;
  readonly agentName?: string;
  readonly users?: readonly string[];
  readonly packages?: readonly string[];
  /** Stored by a server of before 2021: its `/raw` item has fewer keys. */
  readonly isOld?: boolean;
}

/** Messages in order of their time, made or looked up when they are asked for. */
export interface MessageSource {
  readonly length: number;
  timeAt(index: number): Instant;
  topicAt(index: number): string;
  messageAt(index: number): ArchivedMessage;
}

/** The fourth word of a topic (datanommer.models, `get_category`). */
export function categoryOf(topic: string): string {
  return topic.split(".")[topic.includes("VirtualTopic") ? 2 : 3] ?? "Unclassified";
}

/**
 * What the archive holds: a source that stands still, and messages added since. As in datanommer an added message is stored
 * once for each id and time, so the same id with another time is stored again. Positions are numbers: from 0 on in the
 * source, from -1 down among the added; they hold until the next `add`.
 */
export class Timeline {
  readonly #given: MessageSource;
  readonly #added: ArchivedMessage[] = [];
  /** Id and time of each added message. */
  readonly #keys = new Set<string>();

  constructor(source: MessageSource | readonly ArchivedMessage[]) {
    if ("timeAt" in source) {
      this.#given = source;
      return;
    }
    this.#given = { length: 0, timeAt: () => 0, topicAt: () => "", messageAt: missing };
    for (const message of source.toSorted((a, b) => a.at - b.at)) this.add(message);
  }

  /** Stores a message in its place in time; false when it was added before. */
  add(message: ArchivedMessage): boolean {
    const key = `${message.id} ${message.at}`;
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    this.#added.splice(this.#firstAdded(message.at, true), 0, message);
    return true;
  }

  timeOf(position: number): Instant {
    return position >= 0 ? this.#given.timeAt(position) : this.messageOf(position).at;
  }

  topicOf(position: number): string {
    return position >= 0 ? this.#given.topicAt(position) : this.messageOf(position).topic;
  }

  messageOf(position: number): ArchivedMessage {
    return position >= 0 ? this.#given.messageAt(position) : (this.#added[-1 - position] ?? missing());
  }

  /** The positions of what lies between two instants, both of them included, in order of time. */
  *positions(from: Instant, to: Instant, order: "asc" | "desc"): Generator<number> {
    let [given, givenEnd] = [this.#firstGiven(from, false), this.#firstGiven(to, true)];
    let [added, addedEnd] = [this.#firstAdded(from, false), this.#firstAdded(to, true)];
    while (given < givenEnd || added < addedEnd) {
      const isAscending = order === "asc";
      const nextGiven = isAscending ? given : givenEnd - 1;
      const nextAdded = isAscending ? added : addedEnd - 1;
      const takesGiven =
        added >= addedEnd ||
        (given < givenEnd && this.#given.timeAt(nextGiven) <= this.timeOf(-1 - nextAdded) === isAscending);
      if (takesGiven) yield nextGiven;
      else yield -1 - nextAdded;
      if (takesGiven && isAscending) given += 1;
      else if (takesGiven) givenEnd -= 1;
      else if (isAscending) added += 1;
      else addedEnd -= 1;
    }
  }

  #firstGiven(at: Instant, isAfter: boolean): number {
    return firstIndex(this.#given.length, (index) => this.#given.timeAt(index), at, isAfter);
  }

  #firstAdded(at: Instant, isAfter: boolean): number {
    return firstIndex(this.#added.length, (index) => this.#added[index]?.at ?? 0, at, isAfter);
  }
}

/** The first index whose time is not before `at`, or, with `isAfter`, is after it. */
function firstIndex(length: number, timeAt: (index: number) => Instant, at: Instant, isAfter: boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const time = timeAt(middle);
    if (time < at || (isAfter && time === at)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function missing(): never {
  throw new Error("The datagrepper double was asked for a message that it does not have.");
}
