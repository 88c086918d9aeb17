import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes `bin/` of an unpacked folder: one small script a program, which tells it where its libraries lie. Nothing else
 * needs to know that these servers were not installed, and the folder may be moved.
 */
export async function writeStarters(root: string): Promise<void> {
  const erts = `usr/lib/erlang/${await only(join(root, "usr/lib/erlang"), /^erts-/)}/bin`;
  const rabbitmq = `usr/lib/rabbitmq/lib/${await only(join(root, "usr/lib/rabbitmq/lib"), /^rabbitmq_server-/)}/sbin`;
  await writeStarter(root, "redis-server", 'exec "$root/usr/bin/redis-server" "$@"');
  await writeStarter(root, "redis-cli", 'exec "$root/usr/bin/redis-cli" "$@"');
  await writeStarter(root, "epmd", `exec "$root/${erts}/epmd" "$@"`);
  // The packaged `erl` knows only /usr/lib/erlang.
  await writeStarter(
    root,
    "erl",
    `export ROOTDIR="$root/usr/lib/erlang" BINDIR="$root/${erts}" EMU=beam PROGNAME=erl`,
    'exec "$BINDIR/erlexec" "$@"',
  );
  await writeStarter(root, "rabbitmq-server", `exec "$root/${rabbitmq}/rabbitmq-server" "$@"`);
}

/**
 * Writes one script of `bin/`: these lines, with `$root` for the unpacked folder, and its libraries found.
 * @internal
 */
export async function writeStarter(root: string, name: string, ...lines: readonly string[]): Promise<void> {
  const libraries = [...(await libraryFolders(root, "usr/lib")), ...(await libraryFolders(root, "lib"))];
  const top = [
    "#!/bin/sh",
    'root=$(cd "$(dirname "$0")/.." && pwd)',
    `export LD_LIBRARY_PATH="${libraries.map((folder) => `$root/${folder}`).join(":")}"`,
  ];
  await mkdir(join(root, "bin"), { recursive: true });
  await writeFile(join(root, "bin", name), `${[...top, ...lines].join("\n")}\n`, { mode: 0o755 });
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
