import { formatDuration, formatInstant, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import type { Progress } from "../../hear/backfill.ts";
import type { Ingested } from "../../hear/ingest.ts";
import type { Message } from "../../ports/index.ts";

/** What came of a backfill: counts by month and rule, and how fast it goes. */
export class Tally {
  readonly #since: Instant;
  readonly #months = new Map<string, Map<string, number>>();
  #messages = 0;
  #images = 0;
  #done = 0;
  #of = 1;
  #first = 0;

  constructor(since: Instant) {
    this.#since = since;
  }

  count(message: Message, result: Ingested): void {
    const sentAt = message.headers["sent-at"];
    const at = typeof sentAt === "string" ? parseInstant(sentAt) : null;
    const month = formatInstant(at ?? message.arrivedAt).slice(0, 7);
    const row = this.#months.get(month) ?? new Map<string, number>();
    this.#months.set(month, row);
    const add = (what: string, number = 1): void => void row.set(what, (row.get(what) ?? 0) + number);
    if (result.kind !== "uploads") add(result.kind);
    else {
      for (const rule of result.rules) add(`new ${rule}`);
      if (result.known > 0) add("known", result.known);
    }
  }

  step({ done, of, counts }: Progress): void {
    if (this.#done === 0) this.#first = done - 1;
    this.#done = done;
    this.#of = of;
    this.#messages += counts.messages;
    this.#images += counts.new + counts.known;
  }

  /** One line that fits into `columns`. */
  bar(columns: number, now: Instant): string {
    const spentMs = Math.max(1, now - this.#since);
    const own = this.#done - this.#first;
    const left = formatDuration(((this.#of - this.#done) * spentMs) / Math.max(1, own));
    const rate = Math.round((this.#messages * SECOND_MS) / spentMs);
    const words = ` ${this.#done}/${this.#of}  ${this.#messages} messages  ${this.#images} images  ${rate}/s  ${left} left`;
    const width = Math.max(0, Math.min(30, columns - words.length - 3));
    const full = Math.round((width * this.#done) / this.#of);
    return `[${"#".repeat(full)}${".".repeat(width - full)}]${words}`.slice(0, columns);
  }

  line({ slice, done, of, counts }: Progress): object {
    const { phase, start, end } = slice;
    return { phase, start: formatInstant(start), end: formatInstant(end), done, of, ...counts };
  }

  months(): Record<string, Record<string, number>> {
    return Object.fromEntries(
      [...this.#months].sort().map(([month, row]) => [month, Object.fromEntries([...row].sort())]),
    );
  }

  table(): string[] {
    return Object.entries(this.months()).flatMap(([month, row]) =>
      Object.entries(row).map(([what, number]) => `${month}  ${what.padEnd(24)} ${String(number).padStart(8)}`),
    );
  }
}
