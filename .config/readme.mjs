/** Puts the table of keys, which the program makes from the schema, into the README in place of the one that stands there. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const table = execFileSync(process.execPath, ["dist/src/main.js", "config", "keys", "--markdown"], {
  encoding: "utf8",
});
const readme = readFileSync("README.md", "utf8");
const old = /^\| key in `\[consumer_config\]`.*\n(?:\|.*\n)+/m;
if (!old.test(readme)) throw new Error("README.md has no table of keys to be replaced");
writeFileSync(
  "README.md",
  readme.replace(old, () => table),
);
