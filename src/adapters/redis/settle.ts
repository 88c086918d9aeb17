import type { RedisConnection } from "./connection.ts";
import { scoreOf, writeEvent, writeFields } from "./record.ts";
import { loadScript } from "./script.ts";
import type { Image } from "../../domain/image/image.ts";
import { QUEUES, type Change } from "../../domain/image/lifecycle.ts";
import { DAY_MS, SECOND_MS } from "../../domain/time.ts";

const settle = loadScript("settle");

/** How long a deleted or gone image can still be explained. Kept ones never expire. */
const TOMBSTONE_S = (400 * DAY_MS) / SECOND_MS;
/** Where settle.lua has the first of the queues among its KEYS. */
const FIRST_QUEUE = 4;

/** What must be true of a record for a change to be written; see settle.lua. */
export interface Guard {
  readonly field: "token" | "revision";
  readonly value: string;
  /** Write whatever the record says. */
  readonly isOpen: boolean;
}

/**
 * Writes a change of an image, and tells it, in one step; false when the guard said no. `nextToken`: of the claim that goes
 * on, or empty; `names`: further fields, `field, value, …`.
 */
export async function writeChange(
  { redis, keys }: Pick<RedisConnection, "redis" | "keys">,
  image: Image,
  change: Change,
  guard: Guard,
  nextToken: string,
  names: readonly string[] = [],
): Promise<boolean> {
  const { region, amiId } = image;
  const { wait, event } = change;
  const fields = [...writeFields(change), ...names];
  const isOver = change.stage === "deleted" || change.stage === "gone";
  const answer = await settle(
    redis,
    [
      keys.image(region, amiId),
      keys.events(region),
      keys.images(region),
      ...QUEUES.map((queue) => keys.queue(region, queue)),
    ],
    [
      ...[amiId, guard.field, guard.value, guard.isOpen ? 1 : 0],
      wait === null ? 0 : FIRST_QUEUE + QUEUES.indexOf(wait.queue),
      wait === null ? "" : scoreOf(wait.wakeAt),
      ...[nextToken, isOver ? TOMBSTONE_S : 0, fields.length],
      ...fields,
      ...(event === null ? [] : writeEvent(image, event)),
    ],
  );
  return answer === 1;
}
