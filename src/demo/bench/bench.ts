import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { SEED } from "./announcements.ts";
import { benchBackfill } from "./bench-backfill.ts";
import { benchStats } from "./bench-stats.ts";
import { consume } from "./consume.ts";
import { isReached, tableOf, type Bench } from "./figure.ts";
import { onScene } from "./scene.ts";
import { calls } from "./ticker/calls.ts";
import { drain } from "./ticker/drain.ts";
import { idle } from "./ticker/idle.ts";
import { ticker } from "./ticker/ticker.ts";

/**
 * `npm run bench [-- NAME] [--json]`: figures beside their limits, each pair measured in one run on private servers; a name is
 * one bench alone. `backfill` and `stats` print what they find, take a number instead of a million, and are run by name only.
 */
const BENCHES: readonly Bench[] = [consume, ticker, drain, calls, idle];
const BY_NAME: Readonly<Record<string, (count: number) => Promise<void>>> = {
  backfill: benchBackfill,
  stats: benchStats,
};
const MANY = 1_000_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { json: { type: "boolean" } }, allowPositionals: true });
  const [name, count] = positionals;
  const alone = BY_NAME[name ?? ""];
  if (alone !== undefined) return alone(Number(count ?? MANY));
  const wanted = BENCHES.filter((bench) => name === undefined || bench.name === name);
  if (wanted.length === 0) {
    const known = [...BENCHES.map((bench) => bench.name), ...Object.keys(BY_NAME)].join(", ");
    console.error(`npm run bench: there is no bench ${name ?? ""} (known: ${known})`);
    process.exitCode = 2;
    return;
  }
  const load = loadavg()[0] ?? 0;
  const [figures, versions] = await onScene(async (scene) => {
    const found = [];
    for (const bench of wanted) found.push(...(await bench.figures(scene)));
    return [found, scene.versions] as const;
  });
  const machine = { processors: cpus().length, model: cpus()[0]?.model ?? "", loadBefore: load };
  if (values.json === true) {
    const judged = figures.map((figure) => ({ ...figure, isReached: isReached(figure) }));
    console.log(JSON.stringify({ machine, versions, seed: SEED, figures: judged }, null, 2));
    return;
  }
  console.log(tableOf(figures));
  const servers = `Node ${versions.node}, Redis ${versions.redis}, RabbitMQ ${versions.rabbitmq}`;
  console.log(`\n${machine.processors} × ${machine.model}, load ${load.toFixed(1)} before; ${servers}; seed ${SEED}`);
}

await main();
