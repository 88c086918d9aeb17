/** The packages that package-lock.json names. */
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { hash, read, write } from "./files.mjs";
import { ROOT, run, SetupFailure, UNWRITABLE } from "./shell.mjs";

const LOCK_STAMP = "node_modules/.clean-amis-lock";
const NPM_CI = ["npm", "ci", "--include=dev", "--no-audit"];

/** Installs them unless they are there; resolves to what was found. Throws `SetupFailure`. */
export async function installPackages(say) {
  const wanted = hash(read("package-lock.json"));
  if (read(LOCK_STAMP) === wanted) return "up to date";
  if (isInstalled()) {
    write(LOCK_STAMP, wanted);
    return "installed as package-lock.json says";
  }
  say(NPM_CI.join(" "));
  const folder = join(ROOT, "node_modules");
  accessSync(existsSync(folder) ? folder : ROOT, constants.W_OK);
  const { code, output } = await run(NPM_CI[0], NPM_CI.slice(1));
  if (code !== 0) {
    // npm's own remedy speaks of bugs of older ones, whatever keeps it from writing.
    const word = (name) => new RegExp(`^npm error ${name} (.+)$`, "m").exec(output)?.[1] ?? "";
    const [why, path] = [UNWRITABLE[word("code")], word("path")];
    if (why !== undefined && !path.startsWith(ROOT))
      throw new SetupFailure(
        `npm cannot write ${path} (${why}): name a folder that can be written in npm_config_cache.`,
      );
    const lines = output.split("\n");
    // npm tells the reason first and may close with a page of usage.
    const shown = lines.length <= 24 ? lines : [...lines.slice(0, 12), "…", ...lines.slice(-12)];
    throw new SetupFailure(
      `${shown.join("\n")}\nThe packages could not be installed. The command was:  ${NPM_CI.join(" ")}`,
    );
  }
  write(LOCK_STAMP, wanted);
  return "installed";
}

/** Does npm's own record of node_modules hold what the lock file wants? Then somebody ran npm by hand. */
function isInstalled() {
  const record = read("node_modules/.package-lock.json");
  if (record === "") return false;
  const installed = JSON.parse(record).packages;
  const wanted = Object.entries(JSON.parse(read("package-lock.json")).packages).filter(([path]) => path !== "");
  // An optional package for another kind of machine is not there, and need not be.
  return wanted.every(([path, { version, optional }]) =>
    installed[path] === undefined ? optional === true : installed[path].version === version,
  );
}
