import { basename } from "node:path";
import t from "tap";
import ts from "typescript";
import { Experience } from "../support/mutation/experience.ts";
import { Figures } from "../support/mutation/figures.ts";
import { mutantsOf, withMutant } from "../support/mutation/mutants.ts";

/** What a line of code may become. */
function mutationsOf(code: string): readonly string[] {
  return mutantsOf(code).map((mutant) => withMutant(code, mutant));
}

t.test("each kind of change is made, one at a time", (t) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["is(a < b)", ["is(a <= b)", "is(a >= b)"]],
    ["is(a === b)", ["is(a !== b)"]],
    ["is(a && b)", ["is(a || b)", "is((a))", "is((b))"]],
    ["is(a ?? b)", ["is((a))", "is((b))"]],
    ["is(!a)", ["is((a))"]],
    ["is(a ? b : c)", ["is((b))", "is((c))"]],
    ["is(7, true)", ["is(8, true)", "is(7, false)"]],
    ["is(a - b, a * b)", ["is(a + b, a * b)", "is(a - b, a / b)"]],
    ["is(`${a}` + b, a + 'b')", []],
    ["is(Math.max(a), a.some(b))", ["is(Math.min(a), a.some(b))", "is(Math.max(a), a.every(b))"]],
    ["is(a.filter(b).trim())", ["is(a.trim())", "is(a.filter(b))"]],
    ["is({ a, b: c })", ["is({ b: c })", "is({ a, })"]],
    ["is([...a, b], ['a', 'b'])", ["is([ b], ['a', 'b'])", "is([...a, ], ['a', 'b'])"]],
  ];
  for (const [code, expected] of rows) {
    const found = mutationsOf(`const x = ${code};`).map((text) => text.slice("const x = ".length, -1));
    const flat = (texts: readonly string[]): readonly string[] =>
      texts.map((text) => text.replaceAll(/\s+/g, " ")).toSorted();
    t.same(flat(found), flat(expected), code);
  }
  t.end();
});

t.test("statements are left out, ways out as well; conditions hold always or never; values are lost", (t) => {
  const found = mutationsOf("async function f() { if (a) return null; await b; throw c; return d; }");
  for (const expected of [
    "async function f() { if (true) return null; await b; throw c; return d; }",
    "async function f() { if (false) return null; await b; throw c; return d; }",
    "async function f() { if (a) return null; ; throw c; return d; }",
    "async function f() { if (a) return null; await b; ; return d; }",
    "async function f() { if (a) return null; await b; throw c; return null; }",
  ])
    t.ok(found.includes(expected), expected);
  t.equal(found.length, 5);
  t.end();
});

t.test("every mutant of a file of ours is JavaScript still, and another text", (t) => {
  const code = mutantsOf.toString();
  const found = mutationsOf(code);
  t.ok(found.length > 5);
  for (const text of found) {
    t.not(text, code);
    t.same(ts.transpileModule(text, { reportDiagnostics: true }).diagnostics, []);
  }
  t.end();
});

t.test(
  "the test that saw a file's mutants is asked first, before that its namesake, and of two alike the quicker one",
  (t) => {
    const experience = new Experience();
    const file = "dist/src/act/image/delete.js";
    const tests = [
      { test: "dist/test/act/delete.test.js", seconds: 1 },
      { test: "dist/test/act/quick.test.js", seconds: 1 },
      { test: "dist/test/act/slow.test.js", seconds: 2 },
      { test: "dist/test/tell/report.test.js", seconds: 1 },
    ];
    const order = () => tests.toSorted((a, b) => experience.worthOf(file, b) - experience.worthOf(file, a)).map(nameOf);
    t.same(order(), ["delete", "quick", "slow", "report"]);
    for (let count = 0; count < 20; count += 1) {
      experience.note(file, tests.slice(0, 2), false);
      experience.note(file, tests.slice(3), true);
    }
    t.same(order(), ["report", "slow", "delete", "quick"]);
    t.end();
  },
);

t.test("figures are counted a room, and in all", (t) => {
  const figures = new Figures();
  figures.note("dist/src/act/tick.js", "seen");
  figures.note("dist/src/tell/post.js", "hung");
  t.equal(figures.note("dist/src/act/look.js", "unrun"), 3);
  t.same(figures.table().split("\n").slice(3), [
    "| src/act | 2 | 1 | 0 | 0 | 0 | 1 |",
    "| src/tell | 1 | 0 | 1 | 0 | 0 | 0 |",
    "| all | 3 | 1 | 1 | 0 | 0 | 1 |",
  ]);
  t.end();
});

function nameOf({ test }: { readonly test: string }): string {
  return basename(test, ".test.js");
}
