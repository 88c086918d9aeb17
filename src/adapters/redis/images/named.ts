import type { RedisConnection } from "../connection.ts";
import { foreignKeyOf } from "../strange.ts";
import { readEvent } from "./record.ts";
import type { ImageEvent } from "../../../domain/image/event.ts";

/** The events with the names that only the images' records have; empty where there is none. */
export async function named(
  { redis, keys }: Pick<RedisConnection, "redis" | "keys">,
  region: string,
  events: readonly ImageEvent[],
): Promise<readonly ImageEvent[]> {
  const amiIds = [...new Set(events.flatMap(({ imageName, amiId }) => (imageName === "" ? [amiId] : [])))];
  if (amiIds.length === 0) return events;
  const answers = await redis.pipeline(amiIds.map((amiId) => ["hget", keys.image(region, amiId), "image_name"])).exec();
  const names = new Map<string, string>();
  for (const [index, amiId] of amiIds.entries()) {
    const [error, name] = answers?.[index] ?? [null, null];
    // A record that is not ours to read is told by others.
    if (error !== null && foreignKeyOf(error) === null) throw error;
    if (typeof name === "string") names.set(amiId, name);
  }
  return events.map((event) =>
    event.imageName === "" ? { ...event, imageName: names.get(event.amiId) ?? "" } : event,
  );
}

/** Entries of a region's stream as events with their names. */
export function readEvents(
  connection: Pick<RedisConnection, "redis" | "keys">,
  region: string,
  entries: readonly [id: string, flat: string[]][],
): Promise<readonly ImageEvent[]> {
  return named(
    connection,
    region,
    entries.map(([id, flat]) => readEvent(region, id, flat)),
  );
}
