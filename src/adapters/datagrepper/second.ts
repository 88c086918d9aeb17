import type { Page, Search } from "./calls.ts";
import { headOf, markOf, seeThatRowsAreGiven, type Hands } from "./marks.ts";
import { canBeRows, insist, isOwnAnswer } from "./patience.ts";
import type { Row } from "./rows.ts";
import { floorSecond } from "../../domain/time.ts";
import type { UpstreamError } from "../../errors.ts";

/**
 * fedora-messaging stamps whole seconds, so the rows of a second have no order, and the database gives them in another one for
 * each size of page: each size meets other rows beside the one that spoils its page.
 */
const SIZES = [10, 7, 9, 6, 8];
const MOST_ROUNDS = 30;
/** A row that was not met in so many rounds, in which nothing else was new either, cannot be had. */
const STILL_ROUNDS = 3;

/**
 * All rows of a second whose pages fail, in pages of several sizes, until each was met or nothing new comes; what the second
 * has beyond those cannot be had. Throws `UpstreamError` when the second cannot be counted, or no row at all is given for what
 * may be slowness.
 */
export async function readSecondInRows(slice: Search, cause: UpstreamError, hands: Hands): Promise<Page> {
  const { asking, clock } = hands;
  const found = new Map<string, Row>();
  let total = await insist(() => asking.count(slice), clock);
  for (let [round, still] = [0, 0]; round < MOST_ROUNDS && still < STILL_ROUNDS; round += 1) {
    const before = found.size;
    const size = SIZES[round % SIZES.length] ?? 1;
    await readRound({ slice, size, total }, found, hands);
    total = await insist(() => asking.count(slice), clock);
    if (found.size >= total) break;
    still = found.size === before ? still + 1 : 0;
  }
  if (found.size === 0 && !isOwnAnswer(cause)) await seeThatRowsAreGiven(slice, cause, asking);
  const marks = await marksOf({ slice, total, missing: total - found.size }, cause, hands);
  return { total, rows: [...found.values(), ...marks] };
}

/** Reads the second once in pages of a size; one that fails, though the second is counted, is left out. */
async function readRound(
  { slice, size, total }: { readonly slice: Search; readonly size: number; readonly total: number },
  found: Map<string, Row>,
  hands: Hands,
): Promise<void> {
  const { asking } = hands;
  for (let page = 1; (page - 1) * size < total; page += 1) {
    if (await takeRows({ slice, page, size }, found, hands)) continue;
    // Throws when it is the archive that fails, and not a row.
    await asking.count(slice);
    const last = Math.min(page * size, total);
    for (let at = (page - 1) * size + 1; at <= last; at += 1)
      await takeRows({ slice, page: at, size: 1 }, found, hands);
  }
}

/** Resolves to whether the page could be had. */
async function takeRows(
  { slice, page, size }: { readonly slice: Search; readonly page: number; readonly size: number },
  found: Map<string, Row>,
  { asking, clock }: Hands,
): Promise<boolean> {
  try {
    const { rows } = await insist(() => asking.page(slice, { page, rowsPerPage: size }), clock);
    for (const row of rows) found.set(row.key, row);
    return true;
  } catch (error) {
    if (!canBeRows(error)) throw error;
    return false;
  }
}

/** The rows that were not met: by their ids where the start of an answer tells them, and the others by their number. */
async function marksOf(
  { slice, total, missing }: { readonly slice: Search; readonly total: number; readonly missing: number },
  cause: UpstreamError,
  hands: Hands,
): Promise<readonly Row[]> {
  const second = floorSecond(slice.start);
  const named = new Map<string, Row>();
  const isTold = ["TOO_LONG", "NOT_JSON"].includes(cause.code);
  for (let page = 1; isTold && page <= total && named.size < missing; page += 1) {
    try {
      await hands.asking.page(slice, { page, rowsPerPage: 1, form: "raw" });
    } catch (error) {
      if (!canBeRows(error)) throw error;
      if (headOf(error) === "") continue;
      const mark = markOf({ second, ordinal: 0, error }, hands);
      named.set(mark.key, mark);
    }
  }
  const nameless = Array.from({ length: Math.max(0, missing - named.size) }, (_, index) =>
    markOf({ second, ordinal: index + 1, error: cause }, hands),
  );
  return [...named.values(), ...nameless];
}
