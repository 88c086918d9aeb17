import t from "tap";
import { sparing } from "../../src/adapters/log-sparing.ts";
import type { Log } from "../../src/ports/index.ts";

t.test("a flood of one warning is told by its number, and every other line as it comes", async (t) => {
  const lines: string[] = [];
  let tell: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  const write =
    (level: string) =>
    (data: object, words: string): void => {
      lines.push(`${level} ${words} ${JSON.stringify(data)}`);
      if ("more" in data) tell();
    };
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const spared = sparing(log, "message rejected", "see there", { most: 2, withinMs: 20 });
  for (let id = 0; id < 5; id += 1) {
    spared.warn({ id }, "message rejected");
    spared.warn({ id }, "something else");
  }
  for (const level of ["debug", "info", "error"] as const) spared[level]({}, "message rejected");
  // Nothing else keeps this process.
  const awake = setInterval(() => undefined, 1000);
  await told;
  clearInterval(awake);
  spared.warn({ id: 9 }, "message rejected");
  t.same(lines, [
    ...[0, 1].flatMap((id) => [`warn message rejected {"id":${id}}`, `warn something else {"id":${id}}`]),
    ...[2, 3, 4].map((id) => `warn something else {"id":${id}}`),
    ...["debug", "info", "error"].map((level) => `${level} message rejected {}`),
    'warn message rejected: so many more, not told one by one: see there {"more":3}',
    'warn message rejected {"id":9}',
  ]);
});
