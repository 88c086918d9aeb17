import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { limitedBy } from "../src/limit.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Resolves to why the signal aborted; nothing but the signal's listener is held. */
function reasonOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", (event) => {
      resolve((event.target as AbortSignal).reason);
    });
  });
}

t.test("a time limit comes, whatever was collected meanwhile, and so does what ends the work before", async (t) => {
  const stop = new AbortController();
  const [alone, joined] = [reasonOf(limitedBy(200)), reasonOf(limitedBy(200, stop.signal))];
  const ended = reasonOf(limitedBy(60_000, stop.signal));
  // A collection is complete only from an empty stack.
  await new Promise(setImmediate);
  collect();
  const alive = setTimeout(() => undefined, 60_000);
  t.match(await alone, { name: "TimeoutError" });
  t.match(await joined, { name: "TimeoutError" });
  stop.abort(new Error("stopped"));
  t.match(await ended, { message: "stopped" });
  clearTimeout(alive);
});
