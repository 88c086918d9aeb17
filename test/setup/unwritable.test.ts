import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openGuarded } from "../../src/demo/servers/guarded.ts";
import { ROOT } from "../support/docs/blocks.ts";

t.test("a project that cannot be written is one line with cause, path and remedy", async (t) => {
  const lock = "{}";
  const stamp = createHash("sha256").update(lock).digest("hex");
  const dir = t.testdir({ "package-lock.json": lock, node_modules: { ".clean-amis-lock": stamp }, dist: "a file" });
  mkdirSync(join(dir, "src/setup"), { recursive: true });
  for (const name of ["setup.mjs", ...readdirSync(join(ROOT, "src/setup")).map((each) => `setup/${each}`)])
    copyFileSync(join(ROOT, "src", name), join(dir, "src", name));
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [join(dir, "src/setup.mjs"), "build"], (_error, _stdout, stderr) => {
      resolve(stderr);
    });
  });
  t.equal(
    said,
    `${dir}/dist/.built-from cannot be written (a part of its path is a file): copy the project to a folder where you may write.\n`,
  );
});

t.test("a temporary folder that cannot be written is told with its variable", async (t) => {
  const before = process.env["TMPDIR"];
  t.teardown(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  const dir = t.testdir({ file: "" });
  process.env["TMPDIR"] = join(dir, "file");
  await t.rejects(openGuarded(), {
    name: "SetupError",
    message: /did not start: \S+\/file cannot be written \(ENOTDIR: .*\): name a folder that can in TMPDIR\.$/,
  });
});
