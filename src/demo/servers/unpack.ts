import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { isRunning } from "./processes.ts";
import { firstProgram } from "./programs.ts";
import { SetupError } from "./setup-error.ts";
import { writeStarters } from "./starters.ts";

const execute = promisify(execFile);

/** Packages that belong together in one folder. */
export type Bundle = {
  readonly wanted: readonly string[];
  /** Whether a package is unpacked even when this machine has it installed. */
  readonly isOurs: (name: string) => boolean;
  /** Writes `bin/`, and proves with these programs and arguments that no library is missing. */
  readonly writeStarters: (root: string) => Promise<void>;
  readonly proofs: readonly (readonly [program: string, ...args: string[]])[];
};

const SERVERS: Bundle = {
  wanted: ["redis-server", "redis-tools", "rabbitmq-server"],
  isOurs: (name) => /^(redis|rabbitmq|erlang)-/.test(name),
  writeStarters,
  proofs: [
    ["redis-server", "--version"],
    ["erl", "-noinput", "-eval", "crypto:start(), halt(0)."],
  ],
};

type Package = { readonly name: string; readonly bytes: number };

/** Downloads Redis, RabbitMQ and Erlang and unpacks them into `folder`, as `unpackBundle` does. */
export function unpackServers(folder: string, options: FindOptions): Promise<void> {
  return unpackBundle(SERVERS, folder, options);
}

/**
 * Downloads the distribution's packages of a bundle and unpacks them into `folder`, without root and without installing
 * them. The folder appears whole or not at all. Throws `SetupError`.
 * @internal
 */
export async function unpackBundle(bundle: Bundle, folder: string, options: FindOptions): Promise<void> {
  const path = ((options.env ?? process.env)["PATH"] ?? "").split(":");
  if (firstProgram(["apt-get"], path) === null || firstProgram(["dpkg"], path) === null) {
    throw new SetupError("this needs apt-get and dpkg.");
  }
  await makeFolder(dirname(folder));
  await removeAbandoned(folder);
  const partial = `${folder}.partial-${process.pid}`;
  try {
    await fill(partial, bundle, options);
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

async function fill(root: string, bundle: Bundle, options: FindOptions): Promise<void> {
  const apt = await prepareApt(join(root, "apt"));
  const run = runner(options.signal);
  options.log?.("reading the distribution's package lists");
  // One broken source among several is no obstacle; when it matters, the next command says so.
  const update = await run("apt-get", [...apt.options, "update"]).catch((error: unknown) => describeCommand(error));
  const packages = await choosePackages(bundle, run, apt.options).catch((error: unknown) => {
    // `Err:` and the indented reason below it, without the sources that did answer.
    const reasons = update.split("\n").filter((line) => /^(Err|E|W):|^ {2}/.test(line));
    throw new SetupError([describeCommand(error), ...reasons.slice(-6)].join("\n"), { cause: error });
  });
  const megabytes = Math.ceil(packages.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6);
  options.log?.(`downloading ${packages.length} packages (${megabytes} MB) into ${dirname(root)}`);
  try {
    await run("apt-get", [...apt.options, "download", ...packages.map(({ name }) => name)], apt.downloads);
    for (const file of await readdir(apt.downloads)) await run("dpkg", ["-x", join(apt.downloads, file), root]);
    await bundle.writeStarters(root);
    for (const [program, ...args] of bundle.proofs) await run(join(root, "bin", program), args);
  } catch (error) {
    throw new SetupError(describeCommand(error), { cause: error });
  }
  await rm(join(root, "apt"), { recursive: true });
}

/** A private state for apt, so that it needs no root and finds no installed package in its way. */
async function prepareApt(folder: string): Promise<{ readonly options: string[]; readonly downloads: string }> {
  const downloads = join(folder, "downloads");
  for (const name of ["lists/partial", "cache/archives/partial", "downloads"]) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await writeFile(join(folder, "status"), "");
  const config = [
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    'APT::Sandbox::User "root";', // As root, apt would become a user who may not write here.
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'Debug::NoLocking "true";',
    // What packages hooked in for the machine's own package lists.
    "#clear APT::Update::Pre-Invoke;",
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
  ];
  await writeFile(join(folder, "apt.conf"), `${config.join("\n")}\n`);
  return { options: ["-q", "-c", join(folder, "apt.conf")], downloads };
}

type Run = (command: string, args: readonly string[], cwd?: string) => Promise<string>;

function runner(signal: AbortSignal | undefined): Run {
  return async (command, args, cwd) => {
    const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
    const options = { env, maxBuffer: 2 ** 26, ...(cwd === undefined ? {} : { cwd }), ...(signal ? { signal } : {}) };
    return (await execute(command, [...args], options)).stdout;
  };
}

/** The last lines of what a failed command said. */
function describeCommand(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message?: string };
  return (stderr?.trim() ? stderr : (message ?? String(error))).trim().split("\n").slice(-8).join("\n");
}

/**
 * Everything the servers need and this machine lacks, as apt resolves it on an empty machine. The libraries installed here
 * stay in use: the C library must be the one of the dynamic loader, and the others fit it.
 */
async function choosePackages({ wanted, isOurs }: Bundle, run: Run, options: readonly string[]): Promise<Package[]> {
  const uris = await run("apt-get", [...options, "-qq", "--print-uris", "install", ...wanted]);
  const installed = new Set(
    (await run("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package}\n"]))
      .split("\n")
      .filter((line) => line.startsWith("installed "))
      .map((line) => line.slice("installed ".length)),
  );
  // Lines such as: 'http://…/redis-tools_7.0.15-1_amd64.deb' redis-tools_5%3a7.0.15-1_amd64.deb 991988 SHA256:…
  const all = [...uris.matchAll(/^'\S+' ([^\s_]+)_\S+ (\d+) /gm)].map(([, name = "", bytes]) => ({
    name,
    bytes: Number(bytes),
  }));
  const isLibrary = (name: string) => /^(lib|zlib)/.test(name) && !/^libc6$|perl|python/.test(name);
  return all.filter(({ name }) => isOurs(name) || (isLibrary(name) && !installed.has(name)));
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
