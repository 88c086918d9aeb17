import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import t from "tap";
import { isRunning } from "../../src/demo/servers/processes.ts";
import { until } from "../support/servers/broker/bus.ts";

const RUNNER = fileURLToPath(new URL("../support/run/run.js", import.meta.url));
const OWNER = fileURLToPath(new URL("../support/runbook/owner.js", import.meta.url));
const NODE_MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** Says who it is, and waits for ever. */
const WAITING = `import t from "tap";
import { renameSync, writeFileSync } from "node:fs";
t.test("passes", async (t) => t.ok(true));
t.test("waits", () => new Promise(() => {
  setInterval(() => {}, 1000);
  writeFileSync("pid.new", String(process.pid));
  renameSync("pid.new", "pid");
}));
`;

/** Our runner over a test that waits for ever, in the middle of it. */
async function startRunner(t: Test) {
  const dir = t.testdir({
    "package.json": JSON.stringify({ type: "module" }),
    node_modules: t.fixture("symlink", NODE_MODULES),
    test: { "waits.test.js": WAITING },
  });
  const runner = spawn(process.execPath, [RUNNER, "test/waits.test.js"], {
    cwd: dir,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"], TEST_REDIS_URL: "redis://unused", TEST_AMQP_URL: "amqp://unused" },
  });
  t.teardown(() => runner.kill("SIGKILL"));
  let output = "";
  runner.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await until("the test waits", () => Promise.resolve(existsSync(join(dir, "pid"))));
  const pid = Number(readFileSync(join(dir, "pid"), "utf8"));
  return { runner, pid, lines: () => output.trimEnd().split("\n") };
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  t.test(`a run that is stopped by ${signal} ends its tests, is red, and says what stopped it`, async (t) => {
    const { runner, pid, lines } = await startRunner(t);
    const ended = once(runner, "close");
    runner.kill(signal);
    t.same(await ended, [code, null]);
    t.notOk(isRunning(pid), "the test has ended");
    t.ok(lines().includes("ended  test/waits.test.js  in the middle"));
    t.ok(lines().includes(`  stopped by ${signal}`));
    t.equal(lines().at(-1), "0 passed, 1 failed");
  });

t.test("a test does not outlive a runner that was killed", async (t) => {
  const { runner, pid } = await startRunner(t);
  const ended = once(runner, "close");
  runner.kill("SIGKILL");
  await ended;
  await until("the test ends", () => Promise.resolve(!isRunning(pid)));
});

t.test("what the runbook's commands have started does not outlive a test that was killed", async (t) => {
  const owner = spawn(process.execPath, [OWNER], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => owner.kill("SIGKILL"));
  const [said] = (await once(owner.stdout, "data")) as [Buffer];
  const pid = Number(said.toString());
  t.ok(isRunning(pid), "a program was left running");
  owner.kill("SIGKILL");
  await until("it ends", () => Promise.resolve(!isRunning(pid)));
});
