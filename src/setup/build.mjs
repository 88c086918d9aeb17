/** From the sources to dist/. */
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { CHECKS, CHECKS_MADE_BY, writeChecks } from "./checks.mjs";
import { filesBelow, hash, read, write } from "./files.mjs";
import { ROOT, run, SetupFailure } from "./shell.mjs";

const BUILD_STAMP = "dist/.built-from";
const MAN_PAGE = "dist/clean-amis.1";

/**
 * Compiles, copies what is no code (Lua scripts, schemas, fixtures) beside it, makes the schemas' checks, removes what has no
 * source, lets the program print its manual page; resolves to what was done. Throws `SetupFailure`.
 */
export async function build(say) {
  const sources = ["src", "test", "schemas"].flatMap(filesBelow).filter((path) => !path.endsWith(".mjs"));
  const inputs = ["package-lock.json", "tsconfig.json", CHECKS_MADE_BY, ...sources];
  const fingerprint = hash(inputs.map((path) => `${path}\n${read(path)}`).join("\n"));
  const outputs = new Map(sources.map((path) => [`dist/${path.replace(/\.ts$/, ".js")}`, path]));
  for (const path of sources) if (path.endsWith(".ts")) outputs.set(`dist/${path.replace(/ts$/, "js.map")}`, path);
  const isComplete = [...outputs.keys(), ...CHECKS, MAN_PAGE].every((path) => existsSync(join(ROOT, path)));
  if (isComplete && read(BUILD_STAMP) === fingerprint) return "up to date";

  say("tsc");
  // Before the compiler complains of each file that it cannot write.
  if (!existsSync(join(ROOT, "dist"))) mkdirSync(join(ROOT, "dist"));
  write(BUILD_STAMP, "");
  // The compiler's memory of what it wrote would keep it from writing files that somebody removed.
  if (!isComplete) rmSync(join(ROOT, "dist/tsconfig.tsbuildinfo"), { force: true });
  // The types are checked by the static checks, and not once more by everybody who wants to run the program.
  const { code, output } = await run("tsc", ["-p", ".", "--sourceMap", "--noCheck"]);
  if (code !== 0) throw new SetupFailure(`${output}\nThe build failed.`);
  for (const [target, source] of outputs) {
    if (source.endsWith(".ts")) continue;
    mkdirSync(dirname(join(ROOT, target)), { recursive: true });
    copyFileSync(join(ROOT, source), join(ROOT, target));
  }
  for (const path of ["dist/src", "dist/test", "dist/schemas"].flatMap(filesBelow)) {
    if (!outputs.has(path) && !CHECKS.includes(path)) rmSync(join(ROOT, path));
  }
  writeChecks();
  const page = await run(process.execPath, ["dist/src/main.js", "help", "--man"]);
  if (page.code !== 0) throw new SetupFailure(`${page.output}\nThe manual page could not be made.`);
  write(MAN_PAGE, `${page.output}\n`);
  write(BUILD_STAMP, fingerprint);
  return `${sources.length} files`;
}
