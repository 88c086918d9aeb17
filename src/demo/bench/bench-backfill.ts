import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startDatagrepper } from "../outside/datagrepper/double.ts";
import { generateMonth } from "../outside/datagrepper/month.ts";
import { findServers } from "../servers/find.ts";
import { startRedis } from "../servers/redis.ts";

const MOST_FED = 100_000;
const START = "2026-10-01T00:00:00Z";
const END = "2026-10-31T00:00:00Z";
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Ran {
  readonly seconds: number;
  readonly largestMiB: number;
  readonly lines: readonly string[];
}

/** Runs one of our programs, watching its resident set. */
async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const since = performance.now();
  const child = spawn(process.execPath, [file(program), ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  let largestMiB = 0;
  const timer = setInterval(() => {
    void readFile(`/proc/${child.pid ?? 0}/status`, "utf8")
      .then((text) => {
        const kib = Number(/VmHWM:\s+(?<kib>\d+)/.exec(text)?.groups?.["kib"] ?? 0);
        largestMiB = Math.max(largestMiB, kib / 1024);
      })
      // The process may end between the tick and the reading.
      .catch(() => undefined);
  }, 100);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${lines.slice(-5).join("\n")}`);
  return { seconds: (performance.now() - since) / 1000, largestMiB, lines };
}

/**
 * What a backfill costs: its rate against that of ingest fed from an array, in one run on one Redis, and the largest resident
 * set of its process.
 */
export async function benchBackfill(count: number): Promise<void> {
  const sample = Math.min(MOST_FED, count);
  const servers = await findServers();
  const redis = await startRedis(servers.redis);
  const month = { seed: 7, start: Date.parse(START), regions: 1 };
  const archive = await startDatagrepper({ messages: generateMonth({ ...month, count: count }) });
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-bench-"));
  try {
    const config = join(dir, "config.toml");
    const sources = `[consumer_config.sources]\ncompose_host = ""\ndatagrepper = "${archive.url}"\n`;
    await writeFile(config, `[consumer_config]\nredis_prefix = "bench-backfill"\n${sources}`);
    const fed = await run("./bench-ingest.js", [String(sample)], { REDIS_URL: redis.url });
    const fedRate = sample / Number(fed.lines.at(-1));
    console.log(`ingest from an array   ${sample} messages, ${Math.round(fedRate)}/s`);
    const args = ["backfill", "--start", START, "--end", END, "--rate", "1000", "--json", "--config", config];
    const past = await run("../../main.js", args, { REDIS_URL: redis.url });
    const steps = past.lines.map((line) => JSON.parse(line) as { messages?: number });
    const messages = steps.reduce((sum, step) => sum + (step.messages ?? 0), 0);
    const rate = messages / past.seconds;
    console.log(
      `backfill               ${messages} messages, ${Math.round(rate)}/s, largest resident set ${Math.round(past.largestMiB)} MiB`,
    );
    console.log(
      `ratio                  ${(rate / fedRate).toFixed(2)} (no less than 0.5 is wanted, and no more than 200 MiB)`,
    );
  } finally {
    await archive.close();
    await redis.stop();
    await rm(dir, { recursive: true });
  }
}
