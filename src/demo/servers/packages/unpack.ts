import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { apt } from "./apt.ts";
import { describeCommand, runner } from "./commands.ts";
import { dnf } from "./dnf.ts";
import type { Bundle } from "./packager.ts";
import { writeStarters } from "./starters.ts";
import { packageNames, readDistribution } from "../distribution.ts";
import { isRunning } from "../processes.ts";
import { SetupError } from "../setup-error.ts";

const SERVERS: Omit<Bundle, "wantedByDnf"> = {
  wanted: ["redis-server", "redis-tools", "rabbitmq-server"],
  isOurs: (name) => /^(redis|rabbitmq|erlang)-/.test(name),
  writeStarters,
  proofs: [
    ["redis-server", "--version"],
    ["erl", "-noinput", "-eval", "crypto:start(), halt(0)."],
  ],
};

/** Downloads Redis, RabbitMQ and Erlang and unpacks them into `folder`, as `unpackBundle` does. */
export function unpackServers(folder: string, options: FindOptions): Promise<void> {
  const wantedByDnf = packageNames(readDistribution(options.osRelease));
  return unpackBundle({ ...SERVERS, wantedByDnf }, folder, options);
}

/**
 * Downloads the distribution's packages of a bundle and unpacks them into `folder`, without root and without installing
 * them. The folder appears whole or not at all. Throws `SetupError`.
 * @internal
 */
export async function unpackBundle(bundle: Bundle, folder: string, options: FindOptions): Promise<void> {
  const path = (options.env ?? process.env)["PATH"] ?? "";
  const packager = [apt, dnf].find(({ isHere }) => isHere(path.split(":")));
  if (packager === undefined)
    throw new SetupError("this needs apt-get and dpkg, or dnf and one of bsdtar, rpm2cpio with cpio, rpm2archive.");
  await makeFolder(dirname(folder));
  await removeAbandoned(folder);
  const partial = `${folder}.partial-${process.pid}`;
  try {
    const run = runner(path, options.signal);
    try {
      await packager.unpack(partial, bundle, { run, path: path.split(":"), log: (line) => options.log?.(line) });
      await bundle.writeStarters(partial);
      for (const [program, ...args] of bundle.proofs) await run(join(partial, "bin", program), args);
    } catch (error) {
      throw error instanceof SetupError ? error : new SetupError(describeCommand(error), { cause: error });
    }
    // A folder of an older layout, or what another run finished a moment ago, which is as good as ours.
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** One step at a time: node's own recursion goes on for ever where a system says that a folder which is there is not, as /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: unknown) => {
    // Another run was faster.
    if (!existsSync(folder)) throw error;
  });
}

/** What runs left that were killed while unpacking; a living one is left alone. */
async function removeAbandoned(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.partial-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix) && !isRunning(Number(name.slice(prefix.length)))) {
      await rm(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}

export type FindOptions = {
  /** Where REDIS_URL, AMQP_URL, PATH, XDG_CACHE_HOME and HOME are read from; the process's own by default. */
  readonly env?: Readonly<NodeJS.ProcessEnv>;
  /** Default: /etc/os-release. */
  readonly osRelease?: string;
  /** Told what takes long. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
};
