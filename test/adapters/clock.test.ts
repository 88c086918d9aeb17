import { setImmediate as turn } from "node:timers/promises";
import t from "tap";
import { whileWanted } from "../../src/adapters/abandon.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { rest } from "../../src/cli/terminal/rest.ts";
import { DAY_MS } from "../../src/domain/time.ts";

/** Node takes a longer timer than 24.8 days for one of a millisecond. */
const LONG = [25 * DAY_MS, 3_650 * DAY_MS, Infinity];

async function hasEnded(sleep: Promise<void>): Promise<boolean> {
  let isOver = false;
  void sleep.then(() => (isOver = true));
  // A timer of a millisecond that was set later ends later.
  await systemClock.sleep(20);
  await turn();
  return isOver;
}

t.test("a sleep of more than 24 days is no busy loop, and ends when its signal says so", async (t) => {
  for (const ms of LONG)
    for (const sleep of [systemClock.sleep.bind(systemClock), rest]) {
      const stop = new AbortController();
      const sleeping = sleep(ms, stop.signal);
      t.equal(await hasEnded(sleeping), false, `${ms} ms`);
      stop.abort();
      await sleeping;
    }
});

t.test("a sleep ends with the work that it belongs to", async (t) => {
  const over = new AbortController();
  const sleeping = whileWanted(over.signal, () => systemClock.sleep(DAY_MS));
  t.equal(await hasEnded(sleeping), false);
  over.abort();
  await sleeping;
  await whileWanted(over.signal, () => systemClock.sleep(DAY_MS));
});
