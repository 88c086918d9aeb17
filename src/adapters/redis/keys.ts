import type { Queue } from "../../domain/image/lifecycle.ts";

/**
 * Names of every key. What belongs to a region shares the hash tag `{region}`, so that each script touches one slot of a
 * Redis Cluster; `control` is a tag of its own and no region's name.
 */
export interface Keys {
  readonly format: string;
  readonly regions: string;
  readonly rejected: string;
  queue(region: string, queue: Queue): string;
  image(region: string, amiId: string): string;
  composeImages(region: string, composeId: string): string;
  stream(region: string, stream: string): string;
  events(region: string): string;
  /** The ami-ids of a region that are not known to be deleted or gone. */
  images(region: string): string;
  compose(composeId: string): string;
  control(name: ControlName): string;
}

/** `paused` stops every act while it exists; `queue` is the name of the AMQP queue that all replicas share. */
export type ControlName =
  | "paused"
  | "queue"
  | "ears"
  | "run"
  | "requests"
  | "requests:lease"
  | "stopped"
  | "breakers"
  | `budget:${string}`
  | `answer:${string}`
  | "reporters"
  | "status"
  | "replicas"
  | `hung:${string}`
  | `backfill:${string}`
  | `comments:${string}:${"lease" | "memory" | "handled" | "pending" | `${"authors" | "counted"}:${string}`}`
  | `reporter:${string}:${"lease" | "cursors" | "part" | "memory" | "status"}`;

/** `prefix` is `clean-amis`, unless two installations share one Redis. */
export function keysOf(prefix: string): Keys {
  const inRegion = (region: string, rest: string): string => `${prefix}:{${region}}:${rest}`;
  return {
    format: `${prefix}:format`,
    regions: `${prefix}:regions`,
    rejected: `${prefix}:rejected`,
    queue: (region, queue) => inRegion(region, queue),
    image: (region, amiId) => inRegion(region, `image:${amiId}`),
    composeImages: (region, composeId) => inRegion(region, `compose:${composeId}`),
    stream: (region, stream) => inRegion(region, `stream:${stream}`),
    images: (region) => inRegion(region, "images"),
    events: (region) => inRegion(region, "events"),
    compose: (composeId) => `${prefix}:compose:${composeId}`,
    control: (name) => inRegion("control", name),
  };
}
