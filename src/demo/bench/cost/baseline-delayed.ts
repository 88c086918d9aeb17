import { createRequire } from "node:module";
import { join } from "node:path";

interface BullQueue {
  addBulk(jobs: readonly object[]): Promise<unknown>;
  close(): Promise<void>;
}

const ADDED_AT_ONCE = 1000;
const DELAY_MS = 5 * 24 * 60 * 60 * 1000;

/** Delayed jobs of BullMQ's, each with some data; `folder`: in whose node_modules it was installed. */
export async function addDelayed(
  folder: string,
  redisUrl: string,
  count: number,
  dataOf: (number: number) => object,
): Promise<void> {
  const bull = createRequire(join(folder, "/"))("bullmq") as {
    readonly Queue: new (name: string, options: object) => BullQueue;
  };
  const { hostname, port } = new URL(redisUrl);
  const queue = new bull.Queue("bench", { connection: { host: hostname, port: Number(port) } });
  for (let at = 0; at < count; at += ADDED_AT_ONCE)
    await queue.addBulk(
      Array.from({ length: Math.min(ADDED_AT_ONCE, count - at) }, (_, index) => ({
        name: "private",
        data: dataOf(at + index),
        opts: { delay: DELAY_MS },
      })),
    );
  await queue.close();
}
