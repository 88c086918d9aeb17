import t from "tap";
import { lagOf, ownDay } from "../../src/demo/pace.ts";

t.test("the demo stretches its day where the program is slow to begin, and says so", async (t) => {
  const rows: readonly (readonly [ms: number, seconds: number])[] = [
    [200, 1],
    [1_000, 1],
    [1_001, 2],
    [4_200, 5],
    [60_000, 10],
  ];
  for (const [ms, seconds] of rows) {
    const said: string[] = [];
    const day = await ownDay(
      (line) => said.push(line),
      () => Promise.resolve(ms),
    );
    t.equal(day, seconds, `${ms} ms`);
    t.equal(said.length, seconds === 1 ? 0 : 1);
    if (seconds > 1) t.match(said[0], `a day takes ${seconds} s`);
  }
});

t.test("the demo notices once that it comes half a day too late itself, with the day that would do", (t) => {
  const said: string[] = [];
  const look = lagOf(1_000, 1_000, (line) => said.push(line));
  for (const now of [0, 1_000, 2_400, 3_400]) look(now);
  t.same(said, []);
  for (const now of [4_900, 7_900]) look(now);
  t.equal(said.length, 1);
  t.match(said[0], /came 0\.5 s late; .* \(--day 2\)/);
  t.end();
});
