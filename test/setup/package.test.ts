import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** What `npm pack` would put into the package, as paths. */
async function packed(cache: string): Promise<readonly string[]> {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--cache", cache];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT, maxBuffer: 2 ** 24 });
  const [tarball] = JSON.parse(stdout) as readonly { readonly files: readonly { readonly path: string }[] }[];
  return (tarball?.files ?? []).map(({ path }) => path);
}

/** The files of ours that a built file loads, whenever it does. */
function loadedBy(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/(?:from |import\()"(?<file>\.[^"]+)"/g)].map(({ groups }) =>
    join(dirname(path), groups?.["file"] ?? ""),
  );
}

t.test("the package holds the program and what it needs: no demo, double, test or source map", async (t) => {
  const files = await packed(t.testdir({}));
  const allowed = [
    /^(package\.json|README\.md|LICENSE|config\.toml|dist\/clean-amis\.1)$/,
    /^dist\/schemas\/[\w.-]+\.json$/,
    /^dist\/src\/adapters\/redis\/lua\/(control\/|shared\/)?\w+\.lua$/,
    /^dist\/src\/(?!demo\/|setup)[\w./-]+\.js$/,
  ];
  t.same(
    files.filter((path) => !allowed.some((each) => each.test(path))),
    [],
  );
  const { bin, man } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly bin: Readonly<Record<string, string>>;
    readonly man: string;
  };
  for (const needed of [...Object.values(bin), man, "config.toml", "dist/schemas/config.json"])
    t.ok(files.includes(needed), needed);
  for (const path of files.filter((each) => each.endsWith(".js")))
    for (const loaded of loadedBy(path)) t.ok(files.includes(loaded), `${path} loads ${loaded}`);
});

t.test("a package is never made of an old build, or of none", (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  t.equal(scripts["prepack"], scripts["build"]);
  t.end();
});
