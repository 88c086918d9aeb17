import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { deadline } from "../src/limit.ts";

/** Makes the garbage collector run, as it does by itself under load. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

t.test("a deadline comes, whatever is collected before: nobody but the call's listener knows its signal", async (t) => {
  const wanted = new AbortController();
  const aborted = once(deadline(200, wanted.signal).signal, "abort");
  // What is only weakly held goes when the turn in which it was made has ended.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  await aborted;
  t.pass("it came");
});

t.test("a deadline says why: the time is over, or nobody wants the answer any more", async (t) => {
  const late = deadline(1);
  await once(late.signal, "abort");
  t.match(late.signal.reason, { name: "TimeoutError" });
  const wanted = new AbortController();
  const given = deadline(60_000, wanted.signal);
  const why = new Error("it ends");
  wanted.abort(why);
  t.equal(given.signal.reason, why);
  given.end();
  const known = deadline(60_000, wanted.signal);
  t.equal(known.signal.reason, why, "or did not want it at all");
  known.end();
});

t.test("an ended deadline aborts nothing, and holds no listener", async (t) => {
  const wanted = new AbortController();
  const { signal, end } = deadline(1, wanted.signal);
  end();
  wanted.abort();
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.notOk(signal.aborted);
});
