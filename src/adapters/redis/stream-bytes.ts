import type { Redis } from "ioredis";
import { isForbidden } from "./client/trouble.ts";

/** What a stream may take of the memory that the schedule lives in. */
export const MOST_STREAM_BYTES = 64 * 1024 * 1024;

/** What a stream takes; where MEMORY may not be asked, each entry counts as `entryBytes`. */
export async function streamBytes(redis: Redis, key: string, entryBytes: number): Promise<number> {
  try {
    return (await redis.memory("USAGE", key, "SAMPLES", 0)) ?? 0;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return (await redis.xlen(key)) * entryBytes;
  }
}
