/**
 * Behind `npm run soak`: a year of Fedora by a virtual clock, and its balance. Its words: `--days N --regions N --copies N --images N
 * --passes N --seed N`.
 */
import { parseArgs } from "node:util";
import { balanceOf, WRONGS } from "./balance/balance.ts";
import { Stage } from "./stage.ts";
import { growthOf, linesOf, MOST_GROWTH, type End } from "./balance/tell.ts";
import { VirtualTime } from "./time.ts";
import { live, START, type Size } from "./year.ts";
import { SetupError } from "../../../src/demo/servers/setup-error.ts";
import { untilAsked } from "../../../src/demo/stopped.ts";
import { withServers } from "../run/servers.ts";

const OPTIONS = {
  days: { type: "string", default: "365" },
  regions: { type: "string", default: "22" },
  copies: { type: "string", default: "1" },
  images: { type: "string", default: "4" },
  passes: { type: "string", default: "2" },
  seed: { type: "string", default: String(Date.now() % 1_000_000) },
} as const;

const stop = untilAsked();

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Lives it, tells it, and resolves to whether all came as it must. */
async function soak(size: Size): Promise<boolean> {
  const since = performance.now();
  const closers: (() => unknown)[] = [];
  const time = VirtualTime.begin(START);
  try {
    const stage = await Stage.open({ teardown: (close: () => unknown) => void closers.unshift(close) }, time);
    const seconds = (): string => `${((performance.now() - since) / 1000).toFixed(0)} s`;
    const lived = await live(stage, size, (line) => {
      say(`           ${line}, ${seconds()}`);
      stop.throwIfAborted();
    });
    const end: End = { size, lived, balance: balanceOf(stage, lived) };
    for (const line of linesOf(end)) say(line);
    say(`took       ${seconds()}, ${(process.cpuUsage().user / 1e6).toFixed(0)} s of CPU`);
    for (const name of WRONGS) for (const sentence of end.balance.wrong[name].slice(0, 10)) say(`${name}: ${sentence}`);
    return isWell(end);
  } finally {
    for (const close of closers) await close();
    time.end();
  }
}

function isWell({ lived, balance }: End): boolean {
  const { living, remembered } = growthOf(lived.weights);
  return (
    WRONGS.every((name) => balance.wrong[name].length === 0) &&
    lived.rejected === lived.rubbish &&
    Math.max(living, remembered) <= MOST_GROWTH
  );
}

try {
  const { days, regions, copies, images, passes, seed } = parseArgs({ options: OPTIONS }).values;
  const size = {
    days: Number(days),
    regions: Number(regions),
    copies: Number(copies),
    images: Number(images),
    passesADay: Number(passes),
    seed: Number(seed),
  };
  const isGood = await withServers(stop, say, async (env) => {
    Object.assign(process.env, env);
    return soak(size);
  });
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError) && !stop.aborted) throw error;
  process.stderr.write(`${error instanceof Error ? error.message : "stopped"}\n`);
  process.exitCode = 1;
}
