/** Behind `npm run soak`: a year of Fedora by a virtual clock, and its balance. `words.ts` has its words. */
import { balanceOf, WRONGS } from "./balance/balance.ts";
import { Stage } from "./stage.ts";
import { growthOf, linesOf, MOST_GROWTH, type End } from "./balance/tell.ts";
import { VirtualTime } from "./time.ts";
import { readWords } from "./words.ts";
import { live, START, type Size } from "./year.ts";
import { SetupError } from "../../../src/demo/servers/setup-error.ts";
import { untilAsked } from "../../../src/demo/stopped.ts";
import { withServers } from "../run/servers.ts";
import { WordsError } from "../run/words.ts";

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
    lived.images.length > 0 &&
    WRONGS.every((name) => balance.wrong[name].length === 0) &&
    lived.rejected === lived.rubbish &&
    Math.max(living, remembered) <= MOST_GROWTH
  );
}

try {
  const size = readWords(process.argv.slice(2));
  const isGood = await withServers(stop, say, async (env) => {
    Object.assign(process.env, env);
    return soak(size);
  });
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError || error instanceof WordsError) && !stop.aborted) throw error;
  process.stderr.write(`npm run soak: ${error instanceof Error ? error.message : "stopped"}\n`);
  process.exitCode = 1;
}
