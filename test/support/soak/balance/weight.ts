import type { Stage } from "../stage.ts";

/** Bytes of Redis, by what they are for. */
export interface Weight {
  /** Images that still wait for something, with the queues, the counts and all that is of no region. */
  readonly living: number;
  /** What is remembered of those that are deleted, gone or kept, for 400 days: records, events, comments, and what leads to them. */
  readonly remembered: number;
  /** How many records there are, and of which how many are over. */
  readonly records: number;
  readonly over: number;
}

const OVER = ["deleted", "gone", "kept"];
const REMEMBERED = /^[^{]*:compose:|\}:comments:[^:]+:handled|\}:(?:events|composes|names|compose:.*|stream:.*)$/;

/** Weighs every key of the service, by Redis' own word ("MEMORY USAGE"). */
export async function weigh(stage: Stage): Promise<Weight> {
  let [living, remembered, records, over] = [0, 0, 0, 0];
  const keys = await stage.keys();
  for (let from = 0; from < keys.length; from += 500)
    await Promise.all(
      keys.slice(from, from + 500).map(async (key) => {
        const bytes = Number(await stage.redis.call("MEMORY", "USAGE", key, "SAMPLES", "0"));
        const isImage = key.includes("}:image:");
        const isOver = isImage && OVER.includes((await stage.redis.hget(key, "stage")) ?? "");
        if (isImage) records += 1;
        if (isOver) over += 1;
        if (isOver || REMEMBERED.test(key)) remembered += bytes;
        else living += bytes;
      }),
    );
  return { living, remembered, records, over };
}
