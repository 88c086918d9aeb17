import type { Comments } from "../ports/index.ts";

/** Tells whether an address is one of a place. */
type IsThere = (page: string) => boolean;

/**
 * The comments of the place where reports go. A notice at an address of neither this place nor the one before counts as untold:
 * nobody would hear an objection there.
 */
export function presentPlace(comments: Comments, isHere: IsThere, isReadToo: IsThere): Comments {
  return {
    threads: (sinceDay, threadIds, pages) => comments.threads(sinceDay, threadIds, pages),
    untold: (page, amiIds) =>
      isHere(page) ? comments.untold(page, amiIds) : Promise.resolve(isReadToo(page) ? [] : amiIds),
    answer: (threadId, answer, beforePost) => comments.answer(threadId, answer, beforePost),
    mergeRepeats: (threadId, marker, beforePost) => comments.mergeRepeats(threadId, marker, beforePost),
  };
}

/** The comments of a place where reports stood before: nothing of it is asked for any more once no page in force is there. */
export function formerPlace(comments: Comments, isThere: IsThere): Comments {
  return {
    async *threads(sinceDay, threadIds, pages) {
      if (threadIds.length > 0 || pages.some(isThere)) yield* comments.threads(sinceDay, threadIds, pages);
    },
    untold: (page, amiIds) => (isThere(page) ? comments.untold(page, amiIds) : Promise.resolve([])),
    answer: (threadId, answer, beforePost) => comments.answer(threadId, answer, beforePost),
    mergeRepeats: (threadId, marker, beforePost) => comments.mergeRepeats(threadId, marker, beforePost),
  };
}
