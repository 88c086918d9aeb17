import t from "tap";
import { runLoop } from "../../src/app/life/loop.ts";
import { MINUTE_MS, SECOND_MS } from "../../src/domain/time.ts";
import { RefusedError, UpstreamError } from "../../src/errors.ts";

/** The pauses of a loop whose passes end so, one after the other, with no luck at all. */
async function pausesAfter(everyMs: number, results: readonly (Error | null)[]): Promise<readonly number[]> {
  const pauses: number[] = [];
  const stop = new AbortController();
  let passes = 0;
  const pass = (): Promise<void> => {
    const result = results[passes++] ?? null;
    return result === null ? Promise.resolve() : Promise.reject(result);
  };
  const sleep = (ms: number): Promise<void> => {
    pauses.push(ms);
    if (pauses.length === results.length) stop.abort();
    return Promise.resolve();
  };
  const clock = { now: () => 0, sleep };
  const outages = { failed: () => undefined, wentWell: () => undefined };
  await runLoop("orders", everyMs, pass, { clock, outages, random: () => 1 }, stop.signal);
  return pauses;
}

t.test("however long Redis was away, orders and signs of life go on within seconds of its return", async (t) => {
  const away = Array.from({ length: 30 }, () => new UpstreamError("redis", "unreachable", "away"));
  for (const everyMs of [SECOND_MS, 5 * SECOND_MS]) {
    const pauses = await pausesAfter(everyMs, [...away, null]);
    t.equal(pauses[0], 2 * everyMs, "a first failure is soon tried again");
    t.equal(Math.max(...pauses), 15 * SECOND_MS);
    t.equal(pauses.at(-1), everyMs, "and after a pass that went well the usual pause follows");
  }
  t.same(new Set(await pausesAfter(MINUTE_MS, away)), new Set([MINUTE_MS]), "never less than the usual pause");
});

t.test("another's service that fails, and what a person has to mend, is asked for ever more rarely", async (t) => {
  for (const failure of [
    new UpstreamError("pagure", "HTTP_503", "away"),
    new RefusedError("redis", "foreign-key", "of another type"),
  ]) {
    const pauses = await pausesAfter(
      SECOND_MS,
      Array.from({ length: 12 }, () => failure),
    );
    t.equal(Math.max(...pauses), 5 * MINUTE_MS);
  }
});

t.test("a bug ends the loop", async (t) => {
  await t.rejects(pausesAfter(SECOND_MS, [new TypeError("ours")]), TypeError);
});
