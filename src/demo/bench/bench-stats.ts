import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlaceKeeper } from "../../act/places.ts";
import { openRecords, type Records } from "../../app/records.ts";
import { loadConfig } from "../../config/config.ts";
import { DAY_MS, dayOf, MINUTE_MS } from "../../domain/time.ts";
import { readStats } from "../../inspect/stats.ts";
import type { Log } from "../../ports/index.ts";
import { findServers } from "../servers/find.ts";
import { startRedis } from "../servers/redis.ts";

const REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1"];
const FEW = 1000;
const AT_ONCE = 1000;
const REPEATS = 21;
/** No more than so many times what they cost with few images. */
const WANTED = 20;
/** The dearest search: one that finds nothing. */
const NOBODY = "nobody is called so";
const nothing = (): void => undefined;
const log: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What figures cost with a thousand images and with `count`, in one run on one Redis. */
export async function benchStats(count: number): Promise<void> {
  const redis = await startRedis((await findServers()).redis);
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-bench-"));
  const file = join(dir, "config.toml");
  await writeFile(file, `[consumer_config]\nredis_prefix = "bench-stats"\n`);
  const records = await openRecords(loadConfig(file, { REDIS_URL: redis.url }, "records"));
  try {
    await fill(records, 0, FEW);
    const few = await costOf(() => figures(records, FEW));
    const fewNames = await costOf(() => records.names.search(NOBODY, 20));
    const filled = await seconds(() => fill(records, FEW, count));
    const walked = await seconds(() => new PlaceKeeper({ ...records, log }).finish());
    const many = await costOf(() => figures(records, count));
    const manyNames = await costOf(() => records.names.search(NOBODY, 20));
    console.log(
      `images written         ${Math.round((count - FEW) / filled)}/s; a walk that counts all took ${walked.toFixed(1)} s`,
    );
    console.log(`queue stats            ${few.toFixed(1)} ms with ${FEW} images, ${many.toFixed(1)} ms with ${count}`);
    console.log(
      `a search               ${fewNames.toFixed(1)} ms with ${FEW} names, ${manyNames.toFixed(1)} ms with ${count}`,
    );
    console.log(`ratio                  ${(many / few).toFixed(2)} (no more than ${WANTED} is wanted)`);
  } finally {
    await records.close();
    await redis.stop();
    await rm(dir, { recursive: true });
  }
}

/** Images number `from` up to, not including, `to`, a minute apart, each a nightly of its day. */
async function fill({ schedule }: Records, from: number, to: number): Promise<void> {
  const start = Date.now() - 5 * DAY_MS;
  const add = (number: number): Promise<unknown> => {
    const uploadedAt = start + (number % 40_000) * MINUTE_MS;
    const day = dayOf(uploadedAt).replaceAll("-", "");
    return schedule.add(
      {
        region: REGIONS[number % REGIONS.length] ?? "",
        amiId: `ami-${number.toString(16).padStart(17, "0")}`,
        composeId: `Fedora-Rawhide-${day}.n.${number % 20}`,
        imageName: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.${number}`,
        arch: "x86_64",
        uploadedAt,
      },
      { kind: "delete", rule: "nightly", reason: "a nightly compose" },
      "bench",
    );
  };
  for (let at = from; at < to; at += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, to - at) }, (_, index) => add(at + index)));
}

async function figures(records: Records, count: number): Promise<void> {
  const { regions } = await readStats(records.now(), records, (problem) => {
    throw new Error(problem);
  });
  const counted = regions.reduce((sum, region) => sum + region.counted, 0);
  if (counted !== count) throw new Error(`${counted} of ${count} are counted`);
}

/** The median, in milliseconds. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) times.push((await seconds(work)) * 1000);
  return times.sort((a, b) => a - b)[Math.floor(REPEATS / 2)] ?? 0;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
}
