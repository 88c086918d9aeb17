import type { Comments } from "../ports/index.ts";

/** Tells whether an address is one of a place. */
type IsThere = (page: string) => boolean;

/**
 * The comments of the place where reports go. A notice at an address of neither this place nor the one before counts as untold:
 * nobody would hear an objection there.
 */
export function presentPlace(comments: Comments, isHere: IsThere, isReadToo: IsThere): Comments {
  return at(comments, {
    threads: (...words) => comments.threads(...words),
    untold: (page, amiIds) =>
      isHere(page) ? comments.untold(page, amiIds) : Promise.resolve(isReadToo(page) ? [] : amiIds),
  });
}

/** The comments of a place where reports stood before: nothing of it is asked for any more once no page in force is there. */
export function formerPlace(comments: Comments, isThere: IsThere): Comments {
  return at(comments, {
    async *threads(sinceDay, threadIds, pages) {
      if (threadIds.length > 0 || pages.some(isThere)) yield* comments.threads(sinceDay, threadIds, pages);
    },
    untold: (page, amiIds) => (isThere(page) ? comments.untold(page, amiIds) : Promise.resolve([])),
  });
}

/** The same comments, but for what depends on where a page is. */
function at(comments: Comments, ofPages: Pick<Comments, "threads" | "untold">): Comments {
  return {
    ...ofPages,
    answer: (...words) => comments.answer(...words),
    mergeRepeats: (...words) => comments.mergeRepeats(...words),
  };
}
