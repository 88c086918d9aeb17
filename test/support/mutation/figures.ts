import { dirname } from "node:path";

/** How a trial may end; `hung`: seen by time alone, twice. */
const ENDS = ["seen", "hung", "refused", "lived", "unrun"] as const;
type End = (typeof ENDS)[number];

/** How many mutants ended how, in each room. */
export class Figures {
  readonly #rooms = new Map<string, Map<End, number>>();
  #tried = 0;

  /** Answers how many there are by now. */
  note(file: string, end: End): number {
    const room = dirname(file).replace(/^dist\//, "");
    const counts = this.#rooms.get(room) ?? new Map<End, number>();
    counts.set(end, (counts.get(end) ?? 0) + 1);
    this.#rooms.set(room, counts);
    this.#tried += 1;
    return this.#tried;
  }

  /** A row for each room, and one for all; those that no test runs are not among those that lived. */
  table(): string {
    const rows = [...this.#rooms].toSorted(([one], [other]) => (one < other ? -1 : 1));
    const sum = (end: End): number => rows.reduce((total, [, counts]) => total + (counts.get(end) ?? 0), 0);
    const all = new Map(ENDS.map((end) => [end, sum(end)]));
    const lines = [...rows, ["all", all] as const].map(([room, counts]) => {
      const cells = ENDS.map((end) => counts.get(end) ?? 0);
      return `| ${[room, cells.reduce((total, each) => total + each, 0), ...cells].join(" | ")} |`;
    });
    return ["", `| room | tried | ${ENDS.join(" | ")} |`, `|${" --- |".repeat(ENDS.length + 2)}`, ...lines].join("\n");
  }
}
