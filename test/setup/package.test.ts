import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { ROOT } from "../support/docs/blocks.ts";
import { shipped } from "../support/docs/licences.ts";
import { openMachine } from "../support/runbook/machine.ts";
import { play, sections } from "../support/runbook/play.ts";
import { NIGHTLY, PRIVATE_NOW, RELEASE, uploads, WITH_A_PACKAGE } from "../support/runbook/scenes.ts";
import { openShell } from "../support/runbook/shell.ts";

const execute = promisify(execFile);

/** What the tarball, and all that is in it, may take, in bytes. */
const MOST = { size: 570_000, unpackedSize: 2_000_000 };
/** The pages for who runs it: those for who changes it come with a clone. */
const PAGE = /^docs\/(?!contributing|mutants)[\w-]+\.md$/;
/** Under each of these the service may be given to anybody. */
const LICENCES = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD"];

interface Tarball {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** The package as `npm pack` makes it of what is built. */
async function pack(dir: string): Promise<Tarball> {
  const args = ["pack", "--json", "--ignore-scripts", "--cache", join(dir, "cache"), "--pack-destination", dir];
  const { stdout } = await execute("npm", args, { cwd: ROOT, maxBuffer: 2 ** 24 });
  const [tarball] = JSON.parse(stdout) as readonly Tarball[];
  if (tarball === undefined) throw new Error("npm pack made nothing");
  return tarball;
}

/** The files of ours that a built file loads, whenever it does. */
function loadedBy(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/(?:from |import\()"(?<file>\.[^"]+)"/g)].map(({ groups }) =>
    join(dirname(path), groups?.["file"] ?? ""),
  );
}

/** The files that a page leads to. */
function linksOf(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/\]\((?!https?:|#)(?<file>[^)#]+)/g)].map(({ groups }) =>
    join(dirname(path), groups?.["file"] ?? ""),
  );
}

/** Walks the runbook from an empty folder to a dry run, the service and back, with this tarball and the unit's own words. */
async function walk(t: Test, tarball: string): Promise<void> {
  const shell = await openShell();
  t.teardown(shell.close);
  const machine = await openMachine(t, shell.type, { isBare: true, dir: join(dirname(tarball), "machine") });
  if (machine === null) {
    t.pass("", { skip: "the runbook was not walked: Redis was given by its address" });
    return;
  }
  const { redis, keys } = machine.connection;
  copyFileSync(tarball, join(machine.dir, "root", basename(tarball)));
  const files = { old: `us-east-1 ${NIGHTLY}\nus-east-1 ${RELEASE}\n` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(machine.dir, "root", name), text);
  uploads(machine);
  // What the page asks to edit by hand.
  const before: Readonly<Record<string, readonly (() => unknown)[]>> = {
    "From an empty folder to a dry run": [
      () => undefined,
      () => {
        machine.configure();
      },
    ],
    "The service, and nothing is changed yet": [() => undefined, () => machine.until("it hears again, and goes on")],
    "Make private, and some weeks later delete": [
      () => {
        machine.configure(PRIVATE_NOW);
      },
    ],
    "Roll back": [() => redis.set(keys.format, "2")],
  };
  const all = sections();
  for (const title of WITH_A_PACKAGE) {
    const section = all.find((each) => each.title === title);
    if (section !== undefined) await play(t, machine, section, before[title]);
  }
}

t.test("the package holds the program and what it needs: no demo, double, test or source map", async (t) => {
  const dir = t.testdir({});
  const tarball = await pack(dir);
  const files = tarball.files.map(({ path }) => path);
  const allowed = [
    /^(package\.json|README\.md|LICENSE|config\.toml|dist\/clean-amis\.1)$/,
    PAGE,
    /^dist\/schemas\/[\w.-]+\.(json|check\.cjs)$/,
    /^dist\/src\/adapters\/redis\/lua\/(control\/|shared\/)?\w+\.lua$/,
    /^dist\/src\/(?!demo\/|setup)[\w./-]+\.js$/,
    /^deploy\/(container|grafana|iam|kubernetes|prometheus|systemd)\/[\w.-]+$/,
  ];
  t.same(
    files.filter((path) => !allowed.some((each) => each.test(path))),
    [],
  );
  const { bin, man } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly bin: Readonly<Record<string, string>>;
    readonly man: string;
  };
  for (const needed of [
    ...Object.values(bin),
    man,
    "config.toml",
    "dist/schemas/config.json",
    "dist/schemas/config.check.cjs",
  ])
    t.ok(files.includes(needed), needed);
  const missing = files
    .filter((each) => each.endsWith(".js"))
    .flatMap((path) => loadedBy(path).map((loaded) => ({ path, loaded })))
    .filter(({ loaded }) => !files.includes(loaded));
  t.same(missing, [], "every file that another one loads is there");
  const dead = files
    .filter((each) => each.endsWith(".md"))
    .flatMap((path) => linksOf(path).map((link) => ({ path, link })))
    .filter(({ link }) => !files.includes(link) && (PAGE.test(link) || !link.startsWith("docs/")));
  t.same(dead, [], "every page that another one leads to is there, but those for a clone");
  t.ok(files.includes("docs/runbook.md"), "what to type at night lies where the program lies");
  t.comment(`${files.length} files, ${tarball.size} bytes packed, ${tarball.unpackedSize} unpacked`);
  t.ok(tarball.size <= MOST.size && tarball.unpackedSize <= MOST.unpackedSize, "it is as small as it was meant to be");
  await walk(t, join(dir, tarball.filename));
});

t.test("everything that is installed beside the program may be given to anybody", (t) => {
  t.ok(shipped().length > 10);
  for (const { path, licence } of shipped()) t.ok(LICENCES.includes(licence), `${path}: ${licence}`);
  t.end();
});

t.test("a package is never made of an old build, or of none", (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  t.equal(scripts["prepack"], scripts["build"]);
  t.end();
});
