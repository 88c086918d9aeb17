import type { Effect } from "./actions/call.ts";
import type { Fault } from "./state/faults.ts";
import { Calls } from "../calls.ts";

/** One call, written down when it was answered, or when it was decided that it will not be. */
export interface JournalEntry {
  /** By the simulator's clock: when the call had arrived, and when this was written. */
  readonly at: number;
  readonly endedAt: number;
  /** Null where the signature could not be read. */
  readonly region: string | null;
  /** The account's number; null likewise. */
  readonly account: string | null;
  readonly service: "ec2" | "sts";
  /** Empty when the call named none. */
  readonly action: string;
  /** By their dotted names, without Action and Version. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The images and snapshots that the parameters name. */
  readonly resources: readonly string[];
  /** Null: no answer was given. */
  readonly status: number | null;
  /** What the answer says; null in a success, in garbage and in silence. */
  readonly errorCode: string | null;
  readonly requestId: string;
  /** Whether calls like this one change anything: the action does and it was no dry run. */
  readonly mutating: boolean;
  /** What this one did change, even if the answer said otherwise or was withheld. */
  readonly effect: Effect | null;
  /** The fault that it met. */
  readonly fault: Fault["kind"] | null;
}

/** Every call, in the order in which they ended. */
export class Journal extends Calls<JournalEntry> {
  get entries(): readonly JournalEntry[] {
    return this.journal;
  }

  of(action: string): readonly JournalEntry[] {
    return this.journal.filter((entry) => entry.action === action);
  }

  /** The calls whose parameters name this image or snapshot. */
  naming(resource: string): readonly JournalEntry[] {
    return this.journal.filter((entry) => entry.resources.includes(resource));
  }

  mutating(): readonly JournalEntry[] {
    return this.journal.filter((entry) => entry.mutating);
  }

  /** How many calls of each action there were, by name. */
  countByAction(): Readonly<Record<string, number>> {
    const counts = new Map<string, number>();
    for (const { action } of this.journal) counts.set(action, (counts.get(action) ?? 0) + 1);
    return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** The next entry that matches, from now on; rejects when `signal` aborts first. */
  next(match: (entry: JournalEntry) => boolean, signal: AbortSignal): Promise<JournalEntry> {
    return new Promise((resolve, reject) => {
      const closed = (): void => {
        reject(new Error("The EC2 simulator was closed before such a call came."));
      };
      if (signal.aborted) {
        closed();
        return;
      }
      signal.addEventListener("abort", closed, { once: true });
      const end = this.listen((entry) => {
        if (!match(entry)) return;
        end();
        signal.removeEventListener("abort", closed);
        resolve(entry);
      });
    });
  }
}
