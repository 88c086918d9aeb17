import { createRequire } from "node:module";
import { join } from "node:path";

/** What of BullMQ is used. */
interface BullMq {
  readonly Queue: new (name: string, options: object) => BullQueue;
  readonly Worker: new (name: string, job: () => Promise<void>, options: object) => BullWorker;
}
interface BullQueue {
  addBulk(jobs: readonly object[]): Promise<unknown>;
  close(): Promise<void>;
}
interface BullWorker {
  on(event: "completed", listener: () => void): void;
  close(): Promise<void>;
}

const CONCURRENCY = 50;
const ADDED_AT_ONCE = 1000;

/**
 * Jobs that do nothing, taken to their end by one worker; resolves to the seconds from its start. Set up as BullMQ's guide says: no
 * limit of retries a request, completed jobs removed. `folder`: in whose node_modules it was installed.
 */
export async function workBullMq(folder: string, redisUrl: string, jobs: number): Promise<number> {
  const bull = createRequire(join(folder, "/"))("bullmq") as BullMq;
  const { hostname, port } = new URL(redisUrl);
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
  const queue = new bull.Queue("bench", { connection });
  for (let at = 0; at < jobs; at += ADDED_AT_ONCE)
    await queue.addBulk(
      Array.from({ length: Math.min(ADDED_AT_ONCE, jobs - at) }, (_, index) => ({
        name: "nothing",
        data: { ami: `ami-${at + index}` },
        opts: { removeOnComplete: true, removeOnFail: true },
      })),
    );
  const since = performance.now();
  const worker = new bull.Worker("bench", () => Promise.resolve(), { connection, concurrency: CONCURRENCY });
  await new Promise<void>((resolve) => {
    let done = 0;
    worker.on("completed", () => {
      done += 1;
      if (done === jobs) resolve();
    });
  });
  const seconds = (performance.now() - since) / 1000;
  await worker.close();
  await queue.close();
  return seconds;
}
