import type { Asking, Search } from "./calls.ts";
import { lostRow, namesRow, type Row } from "./rows.ts";
import { AnswerError } from "../http/answer-error.ts";
import { DAY_MS, type Instant } from "../../domain/time.ts";
import { describeError, type UpstreamError } from "../../errors.ts";
import type { Clock } from "../../ports/index.ts";

/** What reading in rows needs. */
export interface Hands {
  readonly asking: Asking;
  readonly clock: Clock;
}

/** A row that cannot be had: its second, its number among those of it (0: it is named), and what came instead. */
interface Mark {
  readonly second: Instant;
  readonly ordinal: number;
  readonly error: UpstreamError;
}

/** The row in the place of one that cannot be had. */
export function markOf({ second, ordinal, error }: Mark, { asking, clock }: Hands): Row {
  const why = describeError(error).replace(/; it is tried again later$/, "");
  return lostRow({ second, ordinal, filter: asking.filter, why, head: headOf(error) }, clock.now());
}

/** The start of an item that could be read no further; empty: it does not say which. */
export function headOf(error: UpstreamError): string {
  return error instanceof AnswerError && namesRow(error.head) ? error.head : "";
}

/** Throws `cause`, or what the archive does, unless it gives a row of the week before: then its database gives rows. */
export async function seeThatRowsAreGiven({ start }: Search, cause: UpstreamError, asking: Asking): Promise<void> {
  const { rows } = await asking.page({ start: start - 7 * DAY_MS, end: start }, { rowsPerPage: 1 });
  if (rows.length === 0) throw cause;
}
