import type { Comments } from "../ports/index.ts";

/**
 * The comments of a place where reports stood before: nothing of it is asked for any more once no page in force is there. `isThere`
 * tells whether an address is one of that place.
 */
export function formerPlace(comments: Comments, isThere: (page: string) => boolean): Comments {
  return {
    async *threads(sinceDay, threadIds, pages) {
      if (threadIds.length > 0 || pages.some(isThere)) yield* comments.threads(sinceDay, threadIds, pages);
    },
    untold: (page, amiIds) => (isThere(page) ? comments.untold(page, amiIds) : Promise.resolve([])),
    answer: (threadId, answer, beforePost) => comments.answer(threadId, answer, beforePost),
    mergeRepeats: (threadId, marker, beforePost) => comments.mergeRepeats(threadId, marker, beforePost),
  };
}
