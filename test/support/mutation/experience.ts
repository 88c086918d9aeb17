import { basename, dirname } from "node:path";

/** A test file, and how long it takes. */
interface Asked {
  readonly test: string;
  readonly seconds: number;
}

/** What is guessed of a test before it was asked: that it bears the file's name, stands in its room, or anywhere. */
const NAMESAKE = 2;
const NEIGHBOUR = 1;
const STRANGER = 0.2;
/** So many questions weigh as much as the guess. */
const WEIGHT = 3;

/** Which tests saw the mutants of which file: the next mutant there is shown to these first. */
export class Experience {
  readonly #known = new Map<string, { asked: number; seen: number }>();

  /** `isSeen`: one of them saw a mutant of the file; which one is not known. */
  note(file: string, asked: readonly Asked[], isSeen: boolean): void {
    for (const { test } of asked) {
      const entry = this.#known.get(`${file} ${test}`) ?? { asked: 0, seen: 0 };
      entry.asked += 1;
      entry.seen += isSeen ? 1 / asked.length : 0;
      this.#known.set(`${file} ${test}`, entry);
    }
  }

  /** How likely it sees a mutant of the file for a second of its time; only the order of these means something. */
  worthOf(file: string, { test, seconds }: Asked): number {
    const { asked, seen } = this.#known.get(`${file} ${test}`) ?? { asked: 0, seen: 0 };
    return (seen + guess(file, test)) / (asked + WEIGHT) / seconds;
  }
}

function guess(file: string, test: string): number {
  const room = dirname(file).replace("dist/src", "dist/test");
  if (!`${test}/`.startsWith(`${room.split("/").slice(0, 3).join("/")}/`)) return STRANGER;
  return basename(test).startsWith(basename(file, ".js")) ? NAMESAKE : NEIGHBOUR;
}
