import { untilText } from "../hold.ts";
import type { Image } from "../image/image.ts";
import type { Plan } from "./plan.ts";
import { formatInstant } from "../time.ts";

/** An image with what would be done about it now. */
export interface Planned {
  readonly image: Image;
  readonly plan: Plan;
}

/** One line a planned image, for people and logs. */
export function describePlan({ image, plan }: Planned): string {
  const head = `${image.region} ${image.amiId} ${image.composeId}: ${plan.do}`;
  switch (plan.do) {
    case "make-private":
      return `${head} (${plan.seen.name}, ${plan.seen.snapshotIds.length} snapshots)`;
    case "delete":
      return `${head} (${plan.seen?.name ?? "image is gone"}, ${plan.snapshotIds.length} snapshots)`;
    case "restore":
      return `${head} (${image.reason})`;
    case "keep":
      return `${head} (${plan.decision.reason})`;
    case "wait":
      return `${head} ${plan.until === Infinity ? "without end" : `until ${formatInstant(plan.until)}`} (${plan.reason})`;
    case "refuse":
      return `${head} (${plan.code}: ${plan.reason})`;
    case "hold":
    case "tag-hold":
    case "restore-and-hold":
      return `${head} (${plan.hold.by}: ${plan.hold.why}; until ${untilText(plan.hold)})`;
    case "end-hold":
      return `${head} (the hold is over)`;
    case "miss":
      return `${head} (EC2 does not show it)`;
  }
}
