/**
 * `npm run release -- --dry-run`: may this be released, and what would be? Tells every reason against it; else makes the package, a
 * list of all that is in it (CycloneDX, by npm itself from the lock file) and the checksums, in dist/release/. Without `--dry-run`
 * the commit gets its tag as well. Nothing is pushed or published.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "dist/release";
const CHANGELOG = "docs/CHANGELOG.md";

const run = (program, ...args) => execFileSync(program, args, { encoding: "utf8", maxBuffer: 2 ** 26 }).trimEnd();
const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const { name, version } = json("package.json");
const tag = `v${version}`;

/** Every reason against a release, a line each. */
function reasonsAgainst() {
  const reasons = [];
  const changed = run("git", "status", "--porcelain");
  if (changed !== "") reasons.push(`the tree is not clean, commit first: ${changed.split("\n").length} files differ`);
  const locked = json("package-lock.json").version;
  if (locked !== version) reasons.push(`package.json says ${version}, package-lock.json ${locked}: run npm install`);
  const heading = /^## (.*)$/m.exec(readFileSync(CHANGELOG, "utf8"))?.[1] ?? "nothing";
  if (!heading.startsWith(`${version} (`) || !/ \(\d{4}-\d\d-\d\d\)$/.test(heading))
    reasons.push(`${CHANGELOG} begins with "${heading}": name it "${version} (YEAR-MONTH-DAY)"`);
  const tagged = run("git", "tag", "--list", tag, "--format=%(objectname) %(*objectname)");
  if (tagged !== "" && !tagged.includes(run("git", "rev-parse", "HEAD")))
    reasons.push(`the tag ${tag} stands on another commit: give package.json the next version (npm version)`);
  return reasons;
}

/** The files of a release; resolves to their names. */
function make() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const [{ filename }] = JSON.parse(run("npm", "pack", "--json", "--pack-destination", FOLDER));
  const bill = JSON.parse(
    run("npm", "sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"),
  );
  // npm calls it as its folder is called; and its own --omit=dev drops what the tools need as well as the program.
  bill.metadata.component.name = name;
  const isOfTools = ({ properties }) => properties.some((each) => each.name === "cdx:npm:package:development");
  bill.components = bill.components.filter((each) => !isOfTools(each));
  const kept = new Set([bill.metadata.component, ...bill.components].map((each) => each["bom-ref"]));
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
  const list = `${name}-${version}.cdx.json`;
  writeFileSync(join(FOLDER, list), `${JSON.stringify(bill, null, 2)}\n`);
  const sums = [filename, list].map((file) => {
    const sum = createHash("sha256").update(readFileSync(join(FOLDER, file)));
    return `${sum.digest("hex")}  ${file}\n`;
  });
  writeFileSync(join(FOLDER, "SHA256SUMS"), sums.join(""));
  return [filename, list, "SHA256SUMS"];
}

const [word, ...more] = process.argv.slice(2);
if (more.length > 0 || (word !== undefined && word !== "--dry-run")) {
  console.error("usage: npm run release [-- --dry-run]");
  process.exitCode = 2;
} else {
  const reasons = reasonsAgainst();
  for (const reason of reasons) console.error(`release: ${reason}`);
  if (reasons.length > 0) process.exitCode = 1;
  else {
    for (const file of make()) console.log(join(FOLDER, file));
    if (word === undefined) run("git", "tag", "--force", "--annotate", tag, "-m", `${name} ${version}`);
    console.log(word === undefined ? `tagged ${tag}: git push origin ${tag}` : `would be tagged ${tag}`);
  }
}
