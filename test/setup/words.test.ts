import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { chooseFiles, readWords, runnerArguments } from "../support/run/choose.ts";
import { ALONE, LONG } from "../support/run/lanes.ts";
import { readWords as readSoakWords } from "../support/soak/words.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const BUILT = [
  "dist/test/domain/time.test.js",
  "dist/test/domain/image/order.test.js",
  "dist/test/service/journey.test.js",
  "dist/test/support/run/run.js",
  "dist/test/fixtures/messages.json",
];
const TESTS = BUILT.filter((path) => path.endsWith(".test.js"));

t.test("npm test runs all tests, a named one, or all below a named folder, each once", (t) => {
  t.same(chooseFiles([], BUILT), TESTS);
  for (const name of ["test/domain/time.test.ts", "./test/domain/time.test.ts", "dist/test/domain/time.test.js"])
    t.same(chooseFiles([name], BUILT), ["dist/test/domain/time.test.js"], name);
  for (const name of ["test/domain", "./test/domain/", "dist/test/domain"])
    t.same(chooseFiles([name], BUILT), TESTS.slice(0, 2), name);
  t.same(chooseFiles(["test/domain", "test/domain/time.test.ts", "test"], BUILT), TESTS);
  t.same(runnerArguments(["--slowest", "--lanes=2", "test/service"], BUILT), ["--slowest", "--lanes=2", TESTS[2]]);
  t.end();
});

t.test("a name that is no test is refused with the nearest that is, a moved file before all", (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["test/domain/tine.test.ts", "did you mean test/domain/time.test.ts?"],
    ["test/journey.test.ts", "did you mean test/service/journey.test.ts?"],
    ["journey", "did you mean test/service/journey.test.ts?"],
    ["jurney.test.ts", "did you mean test/service/journey.test.ts?"],
    ["test/domian", "did you mean test/domain?"],
    ["src/main.ts", "did you mean test/domain/time.test.ts?"],
    ["xyzzy", "a file or a folder below test/"],
  ];
  for (const [name, words] of rows)
    t.throws(() => chooseFiles([name], BUILT), { name: "WordsError", message: `there is no test ${name}: ${words}` });
  t.end();
});

t.test("an option that there is not is refused in one line with those that there are", (t) => {
  t.throws(() => readWords(["--slwest"]), {
    name: "WordsError",
    message: "Unknown option '--slwest': did you mean --slowest? (known: --slowest, --lanes, --apart)",
  });
  t.throws(() => readWords(["--lanes=0"]), { name: "WordsError", message: "--lanes=0: a number, 1 to 99" });
  t.end();
});

t.test("a soak of a size that there is not is refused in one line", (t) => {
  t.match(readSoakWords([]), { days: 365, regions: 22, copies: 1, images: 4, passesADay: 2 });
  t.match(readSoakWords(["--regions=3", "--copies=3", "--seed=0"]), { regions: 3, copies: 3, seed: 0 });
  const rows: readonly (readonly [string, string])[] = [
    ["--days=x", "--days=x: a number, 1 to 3650"],
    ["--regions=23", "--regions=23: a number, 1 to 22"],
    ["--copies=23", "--copies=23: a number, 1 to 22"],
    ["--images=0", "--images=0: a number, 1 to 4"],
    [
      "--dayz=3",
      "Unknown option '--dayz': did you mean --days? (known: --days, --regions, --copies, --images, --passes, --seed)",
    ],
  ];
  for (const [word, message] of rows) t.throws(() => readSoakWords([word]), { name: "WordsError", message }, word);
  t.end();
});

t.test("npm test with a wrong name ends with 1 and one line, before any server is looked for", async (t) => {
  const args = ["src/setup.mjs", "test", "test/setup/word.test.ts"];
  const { code, stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT }).then(
    () => ({ code: 0, stdout: "", stderr: "" }),
    (error: unknown) => error as { readonly code: number; readonly stdout: string; readonly stderr: string },
  );
  t.equal(code, 1);
  t.equal(stderr, "npm test: there is no test test/setup/word.test.ts: did you mean test/setup/words.test.ts?\n");
  t.notMatch(stdout, /servers|RabbitMQ/);
});

t.test("the runner's tables name files that there are", (t) => {
  for (const path of [...LONG, ...ALONE.keys()]) t.ok(existsSync(new URL(path, `file://${ROOT}`)), path);
  t.end();
});
