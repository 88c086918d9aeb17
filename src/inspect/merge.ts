/** Reads the next page of a source that is ordered; an empty one is its end. */
export type ReadPage<T> = () => Promise<readonly T[]>;

interface Head<T> {
  readonly read: ReadPage<T>;
  page: readonly T[];
  at: number;
}

/** The first piece is small, so that the first line comes at once. */
const FIRST_PIECE = 25;
const PIECE = 500;

/**
 * Merges ordered sources into one order, in pieces. Holds one page of each source and one piece; `first` of two items is the
 * one for which `compare` is below zero, and of equals the source that stands first.
 */
export async function* merge<T>(
  sources: readonly ReadPage<T>[],
  compare: (one: T, other: T) => number,
): AsyncGenerator<readonly T[], void> {
  const heads: Head<T>[] = [];
  const pages = await Promise.all(sources.map((read) => read()));
  sources.forEach((read, index) => {
    insert(heads, { read, page: pages[index] ?? [], at: 0 }, compare);
  });
  let [piece, size]: [T[], number] = [[], FIRST_PIECE];
  for (let head = heads.shift(); head !== undefined; head = heads.shift()) {
    piece.push(head.page[head.at] as T);
    head.at += 1;
    if (head.at === head.page.length) [head.page, head.at] = [await head.read(), 0];
    insert(heads, head, compare);
    if (piece.length < size) continue;
    yield piece;
    [piece, size] = [[], PIECE];
  }
  if (piece.length > 0) yield piece;
}

/** Puts a head behind those that come before it; one without items is left out. */
function insert<T>(heads: Head<T>[], head: Head<T>, compare: (one: T, other: T) => number): void {
  const item = head.page[head.at];
  if (item === undefined) return;
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = heads[middle] as Head<T>;
    if (compare(item, other.page[other.at] as T) < 0) high = middle;
    else low = middle + 1;
  }
  heads.splice(low, 0, head);
}
