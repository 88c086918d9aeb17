import { changeImage } from "../../decide/change.ts";
import { noticeLost } from "../../domain/image/deadline.ts";
import { doAgree } from "../../domain/limits/clocks.ts";
import { orUnreadable } from "../../errors.ts";
import type { CommentLease, Comments, Log, Schedule } from "../../ports/index.ts";
import type { Notice, NoticePages } from "./pages.ts";

/** Who looks whether the public can still read what it was told. */
export interface NoticeLooker {
  readonly comments: Pick<Comments, "untold">;
  readonly notices: Pick<NoticePages, "toLookAt" | "noteLookedAt">;
  readonly schedule: Pick<Schedule, "now" | "get" | "change">;
  readonly log: Log;
}

/**
 * Sees to it that no image is deleted whose notice the public cannot read any more: where the page is gone, hidden, or does not
 * name it, the image counts as untold and is told anew, and all of its days begin with that. Throws as `Comments` does, and
 * `UpstreamError` of Redis: then not all was looked at.
 */
export async function lookAtNotices(
  lease: Pick<CommentLease, "confirm">,
  { comments, notices, schedule, log }: NoticeLooker,
): Promise<void> {
  // No date would be true.
  if (!doAgree(await schedule.now())) return;
  for (const [page, told] of await notices.toLookAt()) {
    await lease.confirm();
    const amiIds = told.map(({ amiId }) => amiId);
    const untold = await comments.untold(page, amiIds);
    let images = 0;
    for (const notice of told.filter(({ amiId }) => untold.includes(amiId)))
      if (await orUnreadable(() => countAsUntold(notice, schedule), false, { log })) images += 1;
    if (images > 0)
      log.error({ page, images }, "the public cannot read any more what it was told there: it is told anew");
  }
  notices.noteLookedAt();
}

/** False: the image does not stand as that notice told any more. */
async function countAsUntold(
  { region, amiId, noticedAt }: Notice,
  schedule: Pick<Schedule, "now" | "get" | "change">,
): Promise<boolean> {
  const image = await schedule.get(region, amiId);
  if (image === null) return false;
  return changeImage(image, (now, at) => (now.noticedAt === noticedAt ? noticeLost(now, at) : null), { schedule });
}
