import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ROOT } from "../../support/docs/blocks.ts";
import { runHere } from "../../support/program/here.ts";
import { isRefusal, runProgram } from "../../support/program/program.ts";

t.test("--version says which clean-amis this is, and an option stands in the help as it is typed", async (t) => {
  t.match(await runProgram(t, ["--version"]), { code: 0, out: /^clean-amis \d+\.\d+\.\d+\n$/, err: "" });
  t.match((await runHere(["queue", "--help"])).out, /^ {2}--watch\[=SECONDS\] +draw/m);
});

t.test("an older Node than the package names is refused in one line, whatever is asked", async (t) => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly engines: { node: string };
  };
  const oldest = Number(/^>=(?<major>\d+)$/.exec(engines.node)?.groups?.["major"]);
  const as = (version: string): readonly string[] => [
    "--import",
    `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`,
  ];
  for (const words of [["queue"], ["--version"]])
    isRefusal(
      t,
      await runProgram(t, words, { nodeArgs: as(`${oldest - 1}.20.8`) }),
      2,
      /needs Node \d+ or newer, and this is/,
    );
  t.equal((await runProgram(t, ["--version"], { nodeArgs: as(`${oldest}.0.0`) })).code, 0);
});
