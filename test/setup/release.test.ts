import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ROOT } from "../support/docs/blocks.ts";
import { shipped } from "../support/docs/licences.ts";

/** What a clone does not have. */
const NOT_OURS = /^(?:node_modules|\.git|\.tap|\.cache)$/;

interface Clone {
  readonly dir: string;
  readonly git: (...words: readonly string[]) => void;
  /** Exit code and all that is told. */
  readonly release: (...words: readonly string[]) => readonly [number | null, string];
  /** Puts a text in place of another in a file, and commits that. */
  readonly commit: (file: string, from: string, to: string) => void;
}

/** A clone of what stands here, built, with its packages. */
function clone(t: Test): Clone {
  const dir = mkdtempSync(join(tmpdir(), "clean-amis-release-"));
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  for (const name of readdirSync(ROOT).filter((each) => !NOT_OURS.test(each)))
    cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  const env = {
    ...process.env,
    NODE_OPTIONS: "",
    npm_config_cache: join(dir, "dist/cache"),
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const run = (program: string, words: readonly string[]): readonly [number | null, string] => {
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: dir, env, encoding: "utf8" });
    return [status, stdout + stderr];
  };
  const git = (...words: readonly string[]): void => {
    const [code, said] = run("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...words]);
    if (code !== 0) throw new Error(said);
  };
  git("init", "--quiet");
  appendFileSync(join(dir, ".git/info/exclude"), "/node_modules\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "as it stands");
  return {
    dir,
    git,
    release: (...words) => run(process.execPath, [".config/release.mjs", ...words]),
    commit: (file, from, to) => {
      const text = readFileSync(join(dir, file), "utf8");
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      writeFileSync(join(dir, file), text.replace(from, to));
      git("commit", "--quiet", "--all", "--allow-empty", "--message", "a change");
    },
  };
}

t.test("a release is refused for every reason at once, and makes package, list and checksums without one", (t) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string };
  const { dir, git, release, commit } = clone(t);
  const [heading = ""] = /^## .*$/m.exec(readFileSync(join(dir, "docs/CHANGELOG.md"), "utf8")) ?? [];
  commit("docs/CHANGELOG.md", heading, "## Unreleased");
  git("tag", `v${version}`);
  commit("package-lock.json", `"version": "${version}"`, '"version": "0.0.9"');
  writeFileSync(join(dir, "left-behind"), "");
  t.same(release("--dry-run"), [
    1,
    [
      "the tree is not clean, commit first: 1 files differ",
      `package.json says ${version}, package-lock.json 0.0.9: run npm install`,
      `docs/CHANGELOG.md begins with "Unreleased": name it "${version} (YEAR-MONTH-DAY)"`,
      `the tag v${version} stands on another commit: give package.json the next version (npm version)`,
    ]
      .map((reason) => `release: ${reason}\n`)
      .join(""),
  ]);
  t.same(release("--dry-rum"), [2, "usage: npm run release [-- --dry-run]\n"]);

  rmSync(join(dir, "left-behind"));
  git("tag", "--delete", `v${version}`);
  commit("package-lock.json", '"version": "0.0.9"', `"version": "${version}"`);
  commit("docs/CHANGELOG.md", "## Unreleased", `## ${version} (2026-12-01)`);
  const [code, said] = release("--dry-run");
  t.equal(code, 0, said);
  t.match(said, new RegExp(`^would be tagged v${version}$`, "m"));
  const folder = join(dir, "dist/release");
  const names = [`clean-amis-${version}.cdx.json`, `clean-amis-${version}.tgz`];
  t.same(readdirSync(folder).sort(), ["SHA256SUMS", ...names]);
  const sums = readFileSync(join(folder, "SHA256SUMS"), "utf8");
  for (const name of names) {
    const sum = createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
    t.ok(sums.includes(`${sum}  ${name}\n`), name);
  }
  const bill = JSON.parse(readFileSync(join(folder, names[0] ?? ""), "utf8")) as {
    readonly bomFormat: string;
    readonly metadata: { readonly component: { readonly name: string } };
    readonly components: readonly { readonly name: string; readonly version: string }[];
  };
  t.same([bill.bomFormat, bill.metadata.component.name], ["CycloneDX", "clean-amis"]);
  const listed = new Set(bill.components.map((each) => `${each.name} ${each.version}`));
  for (const { path, version: of } of shipped())
    t.ok(listed.has(`${path.split("node_modules/").at(-1) ?? ""} ${of}`), path);
  t.equal(
    listed.size,
    new Set(shipped().map(({ path, version: of }) => `${path.split("node_modules/").at(-1) ?? ""} ${of}`)).size,
  );
  t.end();
});
