import t, { type Test } from "tap";
import { systemClock } from "../../../src/adapters/clock.ts";
import { withinBound, type Watch } from "../../../src/app/life/watch.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";

interface Watched extends Watch {
  readonly told: unknown[];
  readonly hanging: Set<string>;
  readonly ending: AbortController;
}

function watch(): Watched {
  const told: unknown[] = [];
  const hanging = new Set<string>();
  const ending = new AbortController();
  const note = (...words: unknown[]): void => void told.push(words);
  return {
    told,
    hanging,
    ending,
    giveUp: ending.signal,
    clock: systemClock,
    log: { debug: note, info: note, warn: note, error: note },
    heartbeat: { hangs: (pass) => void hanging.add(pass), endedWell: (pass) => void hanging.delete(pass) },
  };
}

const never = new Promise<never>(() => undefined);

t.test("a pass that nothing moves in is told, given up, and counted as hanging until one ends well", async (t) => {
  const on = watch();
  await t.rejects(
    withinBound("reporter", 20, () => never, on),
    { name: "UpstreamError", code: "abandoned" },
  );
  t.match(on.told, [[{ pass: "reporter", since: String, bound: String }, /^a pass hangs and is given up/]]);
  t.same([...on.hanging], ["reporter"]);
  t.equal(await withinBound("reporter", 60_000, () => Promise.resolve(7), on), 7);
  t.same([...on.hanging], []);
});

t.test("a pass that was given up reads and writes nothing more, though it goes on", async (t) => {
  const on = watch();
  const facts = redisFacts(await openTestRedis(t));
  let goOn: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (goOn = resolve));
  let afterwards: Promise<unknown> = never;
  const pass = async (): Promise<void> => {
    t.equal((await facts.recall(["Fedora-Rawhide-20261120.n.0"])).length, 1, "before that it may");
    afterwards = gone.then(() => facts.recall(["Fedora-Rawhide-20261120.n.0"]));
    await never;
  };
  await t.rejects(withinBound("ticker us-east-1", 500, pass, on), UpstreamError);
  goOn();
  await t.rejects(afterwards, { name: "UpstreamError", code: "abandoned" });
});

t.test("a pass that moves may take longer than its bound", async (t) => {
  const on = watch();
  const slow = async (step: () => void): Promise<string> => {
    for (let steps = 0; steps < 5; steps += 1) {
      await systemClock.sleep(300);
      step();
    }
    return "read";
  };
  t.equal(await withinBound("catch up", 1_000, slow, on), "read");
  t.same(on.told, []);
});

t.test("when the service ends, what is under way ends with its reason, and hangs nowhere", async (t: Test) => {
  const on = watch();
  const pass = withinBound("catch up", 60_000, () => never, on);
  const why = new UpstreamError("clean-amis", "abandoned", "the service ends");
  on.ending.abort(why);
  await t.rejects(pass, why);
  await t.rejects(
    withinBound("catch up", 60_000, () => never, on),
    why,
  );
  t.same([on.told, [...on.hanging]], [[], []]);
});
