import type { Instant } from "../time.ts";

/** An announcement that an image exists in a region. */
export interface Upload {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  readonly imageName: string | null;
  readonly arch: string | null;
  /** The message's own time in whole seconds, never later than its arrival. */
  readonly uploadedAt: Instant;
}
