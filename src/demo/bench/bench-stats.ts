import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PlaceKeeper } from "../../act/places.ts";
import { systemClock } from "../../adapters/clock.ts";
import { openMonitoring, openOwnMetrics } from "../../app/monitoring.ts";
import { listening, openStore } from "../../app/store.ts";
import { loadConfig } from "../../config/config.ts";
import { readStats } from "../../inspect/stats.ts";
import type { Log } from "../../ports/index.ts";
import { findServers } from "../servers/find.ts";
import { startRedis } from "../servers/redis.ts";
import { addMany, manyAmi } from "./many.ts";

const FEW = 1000;
const REPEATS = 21;
/** A command is a process of its own. */
const COMMAND_REPEATS = 5;
/** No more than so many times what they cost with few images. */
const WANTED = 20;
const nothing = (): void => undefined;
const log: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const main = fileURLToPath(new URL("../../main.js", import.meta.url));

interface Work {
  readonly name: string;
  readonly work: () => Promise<unknown>;
  /** Whether it has to cost about the same however many images there are; else it costs a bounded number of commands. */
  readonly isSteady: boolean;
  readonly repeats: number;
}

/** What figures, pages and searches cost with a thousand images and with `count`, in one run on one Redis. */
export async function benchStats(count: number): Promise<void> {
  const redis = await startRedis((await findServers()).redis);
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-bench-"));
  const file = join(dir, "config.toml");
  await writeFile(file, `[consumer_config]\nredis_prefix = "bench-stats"\n`);
  const config = loadConfig(file, { REDIS_URL: redis.url }, []);
  const store = await openStore(config, log);
  const since = Date.now();
  const self = { running: () => ({ isEnding: false, since }), consuming: () => ({ isConsuming: true, since }) };
  const watched = { store, self, own: openOwnMetrics({}), clock: systemClock, log };
  const server = await openMonitoring({ address: "127.0.0.1", port: 0 }, config, watched);
  const { schedule } = store;
  const now = Date.now();
  let known = FEW;
  const ask = (path: string): Promise<unknown> => fetch(server.url + path).then((answer) => answer.text());
  const command = ["queue", "stats", "--json", "--config", file];
  const steady = (name: string, work: Work["work"], repeats = REPEATS): Work => ({
    name,
    work,
    isSteady: true,
    repeats,
  });
  const bounded = (name: string, work: Work["work"]): Work => ({ name, work, isSteady: false, repeats: REPEATS });
  const works = [
    ...["/", "/api/v1/stats", "/metrics"].map((path) => steady(path, () => ask(path))),
    steady("queue stats", () => figures({ ...store, listen: listening(store, config) }, known)),
    steady("clean-amis queue stats", () => runCommand(command, redis.url), COMMAND_REPEATS),
    // The dearest of their kind: an image among the first, and a name that nobody has.
    bounded("an image's life", () => ask(`/find?q=${manyAmi(1)}`)),
    bounded("a search in vain", () => ask("/find?q=nobody+is+called+so")),
  ];
  try {
    await addMany(schedule, { from: 0, to: FEW, now });
    const few = await costsOf(works);
    const filled = await seconds(() => addMany(schedule, { from: FEW, to: count, now }));
    const walked = await seconds(() => new PlaceKeeper({ ...store, log }).finish());
    known = count;
    const many = await costsOf(works);
    console.log(
      `images written         ${Math.round((count - FEW) / filled)}/s; a walk that counts all took ${walked.toFixed(1)} s`,
    );
    const worst = works.map((each, index) => tell(each, few[index] ?? 0, many[index] ?? 0, count));
    if (Math.max(...worst) > WANTED) process.exitCode = 1;
  } finally {
    await server.close();
    await store.close();
    await redis.stop();
    await rm(dir, { recursive: true });
  }
}

/** Prints what it cost; resolves to how many times as much, as far as that is limited. */
function tell({ name, isSteady }: Work, few: number, many: number, count: number): number {
  const costs = `${few.toFixed(1)} ms with ${FEW} images, ${many.toFixed(1)} ms with ${count}`;
  const times = many / few;
  const limit = isSteady ? `${times.toFixed(2)} times (no more than ${WANTED} is wanted)` : "bounded";
  console.log(`${name.padEnd(22)} ${costs}: ${limit}`);
  return isSteady ? times : 0;
}

async function figures(reader: Parameters<typeof readStats>[1], count: number): Promise<void> {
  const { regions } = await readStats(Date.now(), reader, (problem) => {
    throw new Error(problem);
  });
  const counted = regions.reduce((sum, region) => sum + region.counted, 0);
  if (counted !== count) throw new Error(`${counted} of ${count} are counted`);
}

async function runCommand(args: readonly string[], redisUrl: string): Promise<void> {
  const env = { PATH: process.env["PATH"] ?? "", REDIS_URL: redisUrl };
  await promisify(execFile)(process.execPath, [main, ...args], { env });
}

async function costsOf(works: readonly Work[]): Promise<readonly number[]> {
  const costs: number[] = [];
  for (const { work, repeats } of works) costs.push(await costOf(work, repeats));
  return costs;
}

/** The median, in milliseconds. */
async function costOf(work: () => Promise<unknown>, repeats: number): Promise<number> {
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) times.push((await seconds(work)) * 1000);
  return times.sort((a, b) => a - b)[Math.floor(repeats / 2)] ?? 0;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
}
