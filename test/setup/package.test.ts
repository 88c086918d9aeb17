import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { ROOT } from "../support/docs/blocks.ts";
import { shipped } from "../support/docs/licences.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis.ts";

const execute = promisify(execFile);

/** What the tarball, and all that is in it, may take, in bytes. */
const MOST = { size: 400_000, unpackedSize: 1_500_000 };
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

/** An empty folder with the package as `npm install --omit=dev` leaves it, its dependencies linked, and no other to be found. */
async function install(dir: string, tarball: Tarball): Promise<string> {
  const modules = join(dir, "opt/node_modules");
  const ours = join(modules, "clean-amis");
  for (const folder of [ours, join(modules, ".bin")]) mkdirSync(folder, { recursive: true });
  await execute("tar", ["-xzf", join(dir, tarball.filename), "-C", ours, "--strip-components=1"]);
  for (const { path } of shipped().filter(({ path }) => !path.includes("node_modules/"))) {
    mkdirSync(dirname(join(modules, path)), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", path), join(modules, path));
  }
  const { bin } = JSON.parse(readFileSync(join(ours, "package.json"), "utf8")) as {
    readonly bin: { "clean-amis": string };
  };
  chmodSync(join(ours, bin["clean-amis"]), 0o755);
  symlinkSync(join("../clean-amis", bin["clean-amis"]), join(modules, ".bin/clean-amis"));
  return join(modules, ".bin/clean-amis");
}

/** The files of ours that a built file loads, whenever it does. */
function loadedBy(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/(?:from |import\()"(?<file>\.[^"]+)"/g)].map(({ groups }) =>
    join(dirname(path), groups?.["file"] ?? ""),
  );
}

/** The unit's own words for starting the service, over other folders. */
function unit(
  program: string,
  etc: string,
): { readonly args: readonly string[]; readonly env: Record<string, string> } {
  const lines = readFileSync(join(ROOT, "deploy/systemd/clean-amis.service"), "utf8").split("\n");
  const valuesOf = (key: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const placed = (value: string): string =>
    value
      .replace("/opt/clean-amis/node_modules/.bin/clean-amis", program)
      .replaceAll("/etc/clean-amis", etc)
      .replaceAll("%d", join(etc, "credentials"));
  const env = valuesOf("Environment").map((value) => placed(value).split(/=(.*)/s).slice(0, 2) as [string, string]);
  return { args: placed(valuesOf("ExecStart")[0] ?? "").split(" "), env: Object.fromEntries(env) };
}

async function startAsUnit(t: Test, dir: string, program: string): Promise<void> {
  const { keys } = await openTestRedis(t);
  const etc = join(dir, "etc");
  mkdirSync(join(etc, "credentials"), { recursive: true });
  const secrets = { "redis-url": serverUrl("TEST_REDIS_URL"), "pagure-token": "x", "aws-access-key-id": "x" };
  for (const [name, value] of Object.entries({ ...secrets, "aws-secret-access-key": "x" }))
    writeFileSync(join(etc, "credentials", name), `${value}\n`);
  const nobody = 'compose_host = ""\ndatagrepper = ""\n[consumer_config.ec2]\nendpoint = "http://127.0.0.1:9"\n';
  writeFileSync(
    join(etc, "config.toml"),
    `amqp_url = "amqp://127.0.0.1:9"\n[consumer_config]\nredis_prefix = "${keys.format.replace(/:format$/, "")}"\n[consumer_config.sources]\n${nobody}`,
  );
  const { args, env } = unit(program, etc);
  const child = spawn(args[0] ?? "", args.slice(1), {
    cwd: "/",
    env: { ...env, PATH: process.env["PATH"], NODE_PRESERVE_SYMLINKS: "1" },
  });
  t.teardown(() => child.kill("SIGKILL"));
  const errors = text(child.stderr);
  const ended = once(child, "close");
  let isRunning = false;
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes('"clean-amis is running"')) {
      isRunning = true;
      child.kill("SIGTERM");
    }
  await ended;
  t.same([isRunning, child.exitCode, await errors], [true, 0, ""]);
}

t.test("the package holds the program and what it needs: no demo, double, test or source map", async (t) => {
  const dir = t.testdir({});
  const tarball = await pack(dir);
  const files = tarball.files.map(({ path }) => path);
  const allowed = [
    /^(package\.json|README\.md|LICENSE|config\.toml|dist\/clean-amis\.1|docs\/licences\.md)$/,
    /^dist\/schemas\/[\w.-]+\.json$/,
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
  for (const needed of [...Object.values(bin), man, "config.toml", "dist/schemas/config.json"])
    t.ok(files.includes(needed), needed);
  const missing = files
    .filter((each) => each.endsWith(".js"))
    .flatMap((path) => loadedBy(path).map((loaded) => ({ path, loaded })))
    .filter(({ loaded }) => !files.includes(loaded));
  t.same(missing, [], "every file that another one loads is there");
  t.comment(`${files.length} files, ${tarball.size} bytes packed, ${tarball.unpackedSize} unpacked`);
  t.ok(tarball.size <= MOST.size && tarball.unpackedSize <= MOST.unpackedSize, "it is as small as it was meant to be");

  const program = await install(dir, tarball);
  const env = { PATH: process.env["PATH"], NODE_PRESERVE_SYMLINKS: "1" };
  for (const words of [["--help"], ["completion", "bash"]])
    t.match(await execute(program, words, { env, cwd: "/" }), { stdout: /\S/, stderr: "" }, words.join(" "));
  await startAsUnit(t, dir, program);
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
