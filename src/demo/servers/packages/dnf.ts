import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bundle, Packager, Tools } from "./packager.ts";
import { firstProgram } from "../programs.ts";

/** Ways to unpack an RPM: the programs that each needs, and its words for bash, with the file and the folder behind them. */
const WAYS: readonly (readonly [programs: readonly string[], script: string])[] = [
  [["bsdtar"], 'bsdtar -xf "$1" -C "$2"'],
  [["rpm2cpio", "cpio"], 'cd "$2" && rpm2cpio "$1" | cpio --quiet -idm'],
  [["rpm2archive", "tar"], 'rpm2archive <"$1" | tar -xz -C "$2"'],
];

function wayIn(path: readonly string[]): string | undefined {
  return WAYS.find(([programs]) => programs.every((name) => firstProgram([name], path) !== null))?.[1];
}

/** Fedora's own programs, and those of its kin. What is installed here is not downloaded again, and stays in use. */
export const dnf: Packager = {
  isHere: (path) => firstProgram(["dnf"], path) !== null && wayIn(path) !== undefined,
  unpack: async (root: string, { wantedByDnf }: Bundle, { run, path, log }: Tools) => {
    const downloads = join(root, "rpms");
    await mkdir(downloads, { recursive: true });
    log(`downloading ${wantedByDnf.join(", ")} and what they need into ${dirname(root)}`);
    const words = ["-q", "download", "--resolve", "--setopt=install_weak_deps=False", `--destdir=${downloads}`];
    await run("dnf", [...words, ...wantedByDnf]);
    for (const file of await readdir(downloads)) {
      // Of a machine with two kinds of libraries both are found.
      if (file.endsWith(".i686.rpm")) continue;
      await run("bash", ["-o", "pipefail", "-c", wayIn(path) ?? "false", "bash", join(downloads, file), root]);
    }
    await rm(downloads, { recursive: true });
  },
};
