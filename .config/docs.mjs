/**
 * Puts the table of EC2's codes into docs/operating.md and that of licences into docs/licences.md, and into README.md and docs/ what the program says itself, between
 * `made by npm run docs: clean-amis …` and `made`: a table as it is, anything else as a block. test/docs/blocks.test.ts
 * tells when one is stale.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { codesTable } from "../dist/test/support/docs/codes.js";
import { licencesTable } from "../dist/test/support/docs/licences.js";

const MADE = /^(<!-- made by npm run docs: clean-amis (.+) -->\n)[^]*?^(<!-- made -->)$/gm;

const TABLES = { "the codes of EC2": codesTable, "the licences": licencesTable };

for (const file of ["README.md", ...readdirSync("docs").map((name) => `docs/${name}`)]) {
  const text = readFileSync(file, "utf8");
  const made = text.replace(MADE, (_, head, words, foot) => {
    const said = execFileSync(process.execPath, ["dist/src/main.js", ...words.split(" ")], { encoding: "utf8" });
    return `${head}\n${said.startsWith("|") ? said : `\`\`\`text made\n${said}\`\`\`\n`}\n${foot}`;
  });
  const full = Object.entries(TABLES).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`^(<!-- made by npm run docs: ${name} -->\\n)[^]*?^(<!-- made -->)$`, "gm"),
        (_, head, foot) => `${head}\n${table()}\n${foot}`,
      ),
    made,
  );
  if (full !== text) writeFileSync(file, full);
}
