import t from "tap";
import { runHere } from "../../support/program/here.ts";
import { runProgram } from "../../support/program/program.ts";

t.test("--version says which clean-amis this is, and an option stands in the help as it is typed", async (t) => {
  t.match(await runProgram(t, ["--version"]), { code: 0, out: /^clean-amis \d+\.\d+\.\d+\n$/, err: "" });
  t.match((await runHere(["queue", "--help"])).out, /^ {2}--watch\[=SECONDS\] +draw/m);
});
