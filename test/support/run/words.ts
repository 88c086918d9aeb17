import { describeError } from "../../../src/errors.ts";
import { nearest } from "../../../src/domain/words.ts";

/** The words of a command line cannot be understood; the message is one line for a person. */
export class WordsError extends Error {
  override readonly name = "WordsError";
}

/** What `parse` makes of the command line; `known`: the options that there are. Throws `WordsError` with the nearest of them. */
export function understood<T>(parse: () => T, known: readonly string[]): T {
  try {
    return parse();
  } catch (error) {
    const names = known.map((name) => `--${name}`);
    const [what = ""] = describeError(error).split(". ");
    const guess = nearest(/'(--[^' ]+)/.exec(what)?.[1] ?? "", names);
    throw new WordsError(`${what}${guess === null ? "" : `: did you mean ${guess}?`} (known: ${names.join(", ")})`);
  }
}
