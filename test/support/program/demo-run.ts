import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import type { Summary } from "../../../src/demo/stage.ts";
import { serverUrl } from "../servers/redis/redis.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** A change to one built file: the text must stand there exactly once. */
export interface Sabotage {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface DemoRun {
  readonly code: number | null;
  readonly summary: Summary;
  /** What it told while it worked. */
  readonly story: string;
}

/** A copy of the built program, with the sabotages in it; removed with the test. */
export async function sabotagedCopy(t: Test, sabotages: readonly Sabotage[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-sabotage-"));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await cp(join(ROOT, "dist/src"), join(dir, "dist/src"), { recursive: true });
  await cp(join(ROOT, "dist/schemas"), join(dir, "dist/schemas"), { recursive: true });
  await cp(join(ROOT, "package.json"), join(dir, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(dir, "node_modules"));
  for (const { file, from, to } of sabotages) {
    const path = join(dir, "dist/src", file);
    const parts = (await readFile(path, "utf8")).split(from);
    if (parts.length !== 2)
      throw new Error(`${file}: ${JSON.stringify(from)} stands there ${parts.length - 1} times, not once`);
    await writeFile(path, parts.join(to));
  }
  return dir;
}

/** Runs the demo of a built program, by default this one's, on the servers of the test run. */
export async function runDemo(dir = ROOT): Promise<DemoRun> {
  const child = spawn(process.execPath, [join(dir, "dist/src/demo/main.js"), "--json", "--day=1"], {
    env: { ...process.env, REDIS_URL: serverUrl("TEST_REDIS_URL"), AMQP_URL: serverUrl("TEST_AMQP_URL") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, story] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (story += text));
  const [code] = (await once(child, "close")) as [number | null];
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new Error(`the demo ended with ${String(code)} and no summary:\n${story}`);
  return { code, summary: JSON.parse(last) as Summary, story };
}
