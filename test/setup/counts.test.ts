import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import t from "tap";

const RUNNER = fileURLToPath(new URL("../support/run/run.js", import.meta.url));
const NODE_MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** A project of its own with these test files, run by our runner. */
async function runTests(t: Test, files: Readonly<Record<string, string>>): Promise<{ code: number; lines: string[] }> {
  const dir = t.testdir({
    "package.json": JSON.stringify({ type: "module" }),
    node_modules: t.fixture("symlink", NODE_MODULES),
    test: Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`${name}.test.js`, `import t from "tap";\n${text}\n`]),
    ),
  });
  const args = Object.keys(files).map((name) => `test/${name}.test.js`);
  const runner = spawn(process.execPath, [RUNNER, ...args], {
    cwd: dir,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"], TEST_REDIS_URL: "redis://unused", TEST_AMQP_URL: "amqp://unused" },
  });
  let output = "";
  runner.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = (await once(runner, "close")) as [number];
  return { code, lines: output.trimEnd().split("\n") };
}

const PASSING = `t.test("passes", async t => { t.equal(1, 1); t.equal(2, 2); });`;

t.test(
  "each innermost test counts once, however many assertions it has; skipped ones are a third figure",
  async (t) => {
    const inner = `await t.test("a", async t => t.ok(1)); await t.test("b", async t => t.ok(1));`;
    const { code, lines } = await runTests(t, {
      nested: `${PASSING} t.test("outer", async t => { ${inner} });`,
      flat: `t.equal(1, 1); t.equal(2, 2);`,
      skips: `${PASSING} t.test("later", { skip: true }, async t => { t.ok(1); }); t.test("some day");`,
    });
    t.equal(lines.at(-1), "5 passed, 0 failed, 2 skipped");
    t.equal(code, 0);
  },
);

t.test("what was skipped is told with its reason, once for each file", async (t) => {
  const { code, lines } = await runTests(t, {
    skips: `${PASSING}
      t.test("looks", { skip: "there is no font" }, async t => { t.ok(1); });
      for (const name of ["one", "two"]) t.test(name, async t => { t.plan(0, "there is no browser"); });
      t.test("the rest", async t => { t.pass("", { skip: "not shown by man" }); t.ok(1); });`,
  });
  t.same(
    lines.filter((line) => line.includes("skipped: ")),
    ["there is no font", "there is no browser", "not shown by man"].map((reason) => `  skipped: ${reason}`),
  );
  t.same([code, lines.at(-1)], [0, "2 passed, 0 failed, 4 skipped"]);
});

t.test("a planted failing test is counted once, shown with its difference, and the exit code is 1", async (t) => {
  const { code, lines } = await runTests(t, {
    planted: `${PASSING} t.test("is planted", async t => { t.equal("left", "right"); t.equal(3, 4); });`,
    beside: `${PASSING} t.equal("an assertion beside the passing test", "");`,
  });
  t.equal(lines.at(-1), "2 passed, 2 failed");
  t.ok(lines.some((line) => line.includes("test/planted.test.js > is planted")));
  t.ok(lines.some((line) => line.trim() === "+left"));
  t.equal(code, 1);
});

t.test("files that crash at import, die by a signal or hang are failures beside the tests that passed", async (t) => {
  const { code, lines } = await runTests(t, {
    crash: `import "./is-not-there.js";`,
    killed: `${PASSING} t.test("dies", async () => { process.kill(process.pid, "SIGKILL"); });`,
    hangs: `${PASSING} t.test("hangs", () => new Promise(() => { t.setTimeout(500); setInterval(() => {}, 1000); }));`,
  });
  t.equal(lines.at(-1), "2 passed, 3 failed");
  t.equal(code, 1);
});

t.test("a run in which nothing passed is no success", async (t) => {
  const skipped = await runTests(t, { skips: `t.test("later", { skip: true }, async t => { t.ok(1); });` });
  t.equal(skipped.lines.at(-1), "0 passed, 0 failed, 1 skipped");
  t.equal(skipped.code, 1);
  const none = await runTests(t, {});
  t.equal(none.lines.at(-1), "0 passed, 1 failed");
  t.equal(none.code, 1);
});

t.test("a secret in anything that the tests print is a failure, and is not repeated", async (t) => {
  // Cut in two, so that this run itself prints none.
  const secret = `"S3C" + "RET/TOKEN"`;
  const leaks = {
    name: `t.test("passes", async t => { t.ok(true, "it was " + ${secret}); });`,
    comment: `t.comment(${secret}); ${PASSING}`,
    error: `console.error(${secret}); ${PASSING}`,
    base64: `t.comment(Buffer.from("demo-" + "secret").toString("base64")); ${PASSING}`,
  };
  for (const [where, file] of Object.entries(leaks)) {
    const { code, lines } = await runTests(t, { [where]: file });
    t.match(lines.at(-1), /^1 passed, [12] failed$/, where);
    t.ok(
      lines.some((line) => line.includes("a secret stands in what the tests wrote to standard ")),
      where,
    );
    t.equal(code, 1, where);
  }
});
