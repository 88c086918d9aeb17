import type { Test } from "tap";
import { ConfigError } from "../../../src/errors.ts";

/** The one line that somebody sees whose configuration is refused; `nothing` where it loads. */
export function complaintOf(test: Test, load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    test.notMatch(error.message, /\n/, "one line");
    return error.message;
  }
  return "nothing";
}
