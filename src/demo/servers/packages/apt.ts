import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeCommand, type Run } from "./commands.ts";
import type { Bundle, Packager, Tools } from "./packager.ts";
import { firstProgram } from "../programs.ts";
import { SetupError } from "../setup-error.ts";

type Package = { readonly name: string; readonly bytes: number };

/** Debian's own programs. */
export const apt: Packager = {
  isHere: (path) => ["apt-get", "dpkg"].every((name) => firstProgram([name], path) !== null),
  unpack: unpackByApt,
};

async function unpackByApt(root: string, bundle: Bundle, { run, log }: Tools): Promise<void> {
  const apt = await prepareApt(join(root, "apt"));
  log("reading the distribution's package lists");
  // One broken source among several is no obstacle; when it matters, the next command says so.
  const update = await run("apt-get", [...apt.options, "update"]).catch((error: unknown) => describeCommand(error));
  const packages = await choosePackages(bundle, run, apt.options).catch((error: unknown) => {
    // `Err:` and the indented reason below it, without the sources that did answer.
    const reasons = update.split("\n").filter((line) => /^(Err|E|W):|^ {2}/.test(line));
    throw new SetupError([describeCommand(error), ...reasons.slice(-6)].join("\n"), { cause: error });
  });
  const megabytes = Math.ceil(packages.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6);
  log(`downloading ${packages.length} packages (${megabytes} MB) into ${dirname(root)}`);
  await run("apt-get", [...apt.options, "download", ...packages.map(({ name }) => name)], apt.downloads);
  for (const file of await readdir(apt.downloads)) await run("dpkg", ["-x", join(apt.downloads, file), root]);
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
