import { tellAnew } from "../domain/image/deadline.ts";
import type { Image } from "../domain/image/image.ts";
import { orUnreadable } from "../errors.ts";
import type { ReporterLease } from "../ports/index.ts";
import { MOST_PER_REGION } from "./choice.ts";
import { nowBy } from "./now.ts";
import type { Reporter } from "./reporter.ts";

/**
 * Sees to it that no image is private and untold for ever: one without a date, of which nothing waits to be told, has lost its
 * event, or its notice was passed over when its record could not be read. It is told anew. Throws `UpstreamError`.
 */
export async function findUntold(
  lease: Pick<ReporterLease, "unreported">,
  { schedule, log }: Pick<Reporter, "schedule" | "log">,
): Promise<void> {
  for (const region of await schedule.regions()) {
    // Records first: what is told after that was written to them, and then the change below is refused.
    const untold: Image[] = [];
    for await (const page of schedule.live(region))
      untold.push(...page.filter(({ stage, noticedAt }) => stage === "private" && noticedAt === null));
    if (untold.length === 0) continue;
    const waiting = await orUnreadable(() => lease.unreported(region, MOST_PER_REGION), null, { log });
    // More may wait than was read: then it is told before anybody can say that it was lost.
    if (waiting === null || waiting.length === MOST_PER_REGION) continue;
    const known = new Set(waiting.map(({ amiId }) => amiId));
    for (const image of untold.filter(({ amiId }) => !known.has(amiId))) {
      const change = tellAnew(image, await nowBy({ schedule }));
      if (change === null || !(await orUnreadable(() => schedule.change(image, change), false, { log }))) continue;
      log.warn({ region, ami: image.amiId }, "it is private, and nobody was told: it is told anew");
    }
  }
}
