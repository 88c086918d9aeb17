import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes `bin/` of an unpacked folder: one small script a program, which tells it where its libraries lie. Nothing else
 * needs to know that these servers were not installed, and the folder may be moved.
 */
export async function writeStarters(root: string): Promise<void> {
  // Fedora's 64 bits have a folder of their own, and Valkey in Redis' place.
  const erlang = await first(root, ["usr/lib64/erlang", "usr/lib/erlang"]);
  const [server, cli] = await Promise.all(
    ["server", "cli"].map((name) => first(root, [`usr/bin/redis-${name}`, `usr/bin/valkey-${name}`])),
  );
  const erts = `${erlang}/${await only(join(root, erlang), /^erts-/)}/bin`;
  const rabbitmq = `usr/lib/rabbitmq/lib/${await only(join(root, "usr/lib/rabbitmq/lib"), /^rabbitmq_server-/)}/sbin`;
  await writeStarter(root, "redis-server", `exec "$root/${server ?? ""}" "$@"`);
  await writeStarter(root, "redis-cli", `exec "$root/${cli ?? ""}" "$@"`);
  await writeStarter(root, "epmd", `exec "$root/${erts}/epmd" "$@"`);
  // The packaged `erl` knows only /usr/lib/erlang.
  await writeStarter(
    root,
    "erl",
    `export ROOTDIR="$root/${erlang}" BINDIR="$root/${erts}" EMU=beam PROGNAME=erl`,
    'exec "$BINDIR/erlexec" "$@"',
  );
  // Its own scripts break at a blank in the path where they lie, unless they are told a path without one.
  await writeStarter(
    root,
    "rabbitmq-server",
    `cd "$root/${rabbitmq}" && export RABBITMQ_SCRIPTS_DIR=. && exec ./rabbitmq-server "$@"`,
  );
}

/**
 * Writes one script of `bin/`: these lines, with `$root` for the unpacked folder, and its libraries found.
 * @internal
 */
export async function writeStarter(root: string, name: string, ...lines: readonly string[]): Promise<void> {
  const libraries = [
    ...(await libraryFolders(root, "usr/lib")),
    ...(await libraryFolders(root, "lib")),
    ...["usr/lib64", "lib64"].filter((folder) => existsSync(join(root, folder))),
  ];
  const top = [
    "#!/bin/sh",
    'root=$(cd "$(dirname "$0")/.." && pwd)',
    `export LD_LIBRARY_PATH="${libraries.map((folder) => `$root/${folder}`).join(":")}"`,
  ];
  await mkdir(join(root, "bin"), { recursive: true });
  await writeFile(join(root, "bin", name), `${[...top, ...lines].join("\n")}\n`, { mode: 0o755 });
}

/** The first of these that there is. */
function first(root: string, paths: readonly string[]): Promise<string> {
  const path = paths.find((each) => existsSync(join(root, each)));
  return path === undefined
    ? Promise.reject(new Error(`none of ${paths.join(", ")} is in ${root}`))
    : Promise.resolve(path);
}

async function only(folder: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(folder)).find((entry) => pattern.test(entry));
  if (name === undefined) throw new Error(`${folder} has no entry like ${String(pattern)}`);
  return name;
}

/** `usr/lib` and its folder of the machine's architecture, such as `usr/lib/x86_64-linux-gnu`, if they are there. */
async function libraryFolders(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder)).catch(() => []);
  return entries.filter((entry) => entry.includes("-linux-gnu")).map((entry) => `${folder}/${entry}`);
}
