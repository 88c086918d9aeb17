import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Linter } from "eslint";
import t from "tap";
import ts from "typescript";
import { parser } from "typescript-eslint";

/** The project; this file runs as dist/test/house.test.js. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MOST_LINES = 250;
const MOST_LINES_PER_FUNCTION = 60;
const MOST_FILES_PER_FOLDER = 14;

interface LintConfiguration {
  readonly MAY_IMPORT: Readonly<Record<string, readonly string[]>>;
  readonly default: readonly Linter.Config[];
}

/** What each row of the table must refuse: from a file of src/, this line. */
const PLANTED: readonly { readonly in: string; readonly text: string; readonly says: string }[] = [
  ...[
    { in: "domain/image/image.ts", text: 'import type { Clock } from "../../ports/index.ts";' },
    { in: "domain/words.ts", text: 'import { parse } from "smol-toml";' },
    { in: "domain/words.ts", text: 'export * from "node:fs";' },
    { in: "domain/words.ts", text: 'import "../schema.ts";' },
    { in: "domain/words.ts", text: 'import "../limit.ts";' },
  ].map((plant) => ({ ...plant, says: "domain" })),
  {
    in: "ports/images.ts",
    text: 'export type { Config } from "../config/config.ts";',
    says: "ports may import domain",
  },
  { in: "config/file.ts", text: 'import { tickRegion } from "../act/tick.ts";', says: "config may import domain" },
  { in: "decide/fact.ts", text: 'import { ingest } from "../hear/ingest.ts";', says: "decide may import" },
  { in: "tell/post.ts", text: 'export { stoppages } from "../act/tick.ts";', says: "tell may import" },
  { in: "inspect/queue.ts", text: 'type Log = import("../adapters/log.ts").Log;', says: "inspect may import" },
  { in: "doctor/ec2.ts", text: 'const sdk = import("@aws-sdk/client-ec2");', says: "doctor imports no package" },
  { in: "doctor/ec2.ts", text: 'const images = import("../adapters/ec2/images.ts");', says: "doctor may import" },
  { in: "adapters/redis/control/pulse.ts", text: 'import "../../../act/tick.ts";', says: "adapters may import" },
  { in: "adapters/redis/control/pulse.ts", text: 'import toml from "smol-toml";', says: "adapters imports no package" },
  { in: "hear/ingest.ts", text: 'export * from "../act/tick.ts";', says: "hear may import" },
  { in: "act/tick.ts", text: 'import { Redis } from "ioredis";', says: "act imports no package" },
  { in: "act/tick.ts", text: 'import type { Http } from "../adapters/http/http.ts";', says: "act may import" },
  { in: "operate/orders.ts", text: 'import "../tell/report.ts";', says: "operate may import" },
  { in: "monitoring/ready.ts", text: 'import "../operate/orders.ts";', says: "monitoring may import" },
  { in: "app/open.ts", text: 'import "../cli/cli.ts";', says: "app may import" },
  { in: "app/open.ts", text: 'import type { pino } from "pino";', says: "app imports no package" },
  { in: "cli/run/tick.ts", text: 'import "../../adapters/log.ts";', says: "cli may import" },
  { in: "cli/run/tick.ts", text: 'const world = import("../../demo/world.ts");', says: "cli may import" },
  { in: "main.ts", text: 'import "./app/open.ts";', says: "main.ts may import cli" },
  { in: "demo/perform.ts", text: 'import "../main.ts";', says: "demo may import" },
  {
    in: "cli/run/tick.ts",
    text: "const log = import(`../../adapters/${name}.ts`);",
    says: "a name that is written out",
  },
  { in: "demo/perform.ts", text: 'import ts from "typescript";', says: "demo imports no package" },
  { in: "errors.ts", text: 'import "./domain/time.ts";', says: "errors.ts may import nothing" },
  { in: "limit.ts", text: 'import "./domain/time.ts";', says: "limit.ts may import nothing" },
  { in: "schema.ts", text: 'import { pino } from "pino";', says: "schema.ts imports no package" },
  { in: "app/open.ts", text: 'import "../../test/support/world/world.ts";', says: "src imports only src" },
];

const lint = (await import(new URL("../../.config/eslint.config.js", import.meta.url).href)) as LintConfiguration;

/** What the lint's own entry for the fences says of one line in a file of src/ that need not exist. */
function refusals(file: string, text: string): readonly string[] {
  const entry = lint.default.find(({ plugins }) => plugins !== undefined && "house" in plugins);
  t.ok(entry, "the lint's configuration has the fences");
  const languageOptions = { parser: parser as Linter.Parser };
  const messages = new Linter({ cwd: ROOT }).verify(
    text,
    [{ files: ["**/*.ts"], languageOptions }, { ...entry }],
    join(ROOT, "src", file),
  );
  return messages.map(({ ruleId, message }) => `${ruleId ?? ""}: ${message}`);
}

/** Files of these folders by their path below the root. */
function filesOf(folders: readonly string[], name: RegExp): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && name.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length)),
  );
}

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

t.test("every row of the table of floors refuses a planted import, by whatever form, and names the table", (t) => {
  const planted = new Set(PLANTED.map((plant) => plant.in.split("/")[0]));
  t.strictSame(
    Object.keys(lint.MAY_IMPORT).filter((floor) => !planted.has(floor)),
    [],
    "a plant for each row",
  );
  for (const { in: file, text, says } of PLANTED) {
    const [first = "", ...others] = refusals(file, text);
    t.strictSame(others, []);
    t.ok(first.startsWith("house/fences: ") && first.includes(says), `${file}: ${text} ${first}`);
    t.match(first, /MAY_IMPORT\w* in \.config\/eslint\.config\.js/, "the table is named");
  }
  t.end();
});

t.test("what the table allows passes, and so does the schema reader above the domain", (t) => {
  for (const [floor, allowed] of Object.entries(lint.MAY_IMPORT))
    for (const below of allowed) {
      const [file, up] = floor.endsWith(".ts") ? [floor, "."] : [`${floor}/a/b.ts`, "../.."];
      t.strictSame(refusals(file, `import type { Any } from "${up}/${below}/any.ts";`), [], `${floor} to ${below}`);
    }
  t.strictSame(
    refusals("adapters/redis/control/orders.ts", 'import { Redis } from "ioredis"; import "../../../schema.ts";'),
    [],
  );
  t.strictSame(refusals("config/file.ts", 'import { parse } from "smol-toml"; import "node:fs";'), []);
  t.end();
});

t.test("no file of src/ comes back to itself by what it imports, types included", (t) => {
  const files = filesOf(["src"], /\.ts$/);
  const importsOf = new Map(files.map((file) => [file, importedBy(file)]));
  t.ok(importsOf.get("src/main.ts")?.includes("src/cli/cli.ts"), "imports are read");
  t.strictSame(circlesOf(importsOf), []);
  const planted = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  t.strictSame(circlesOf(planted), ["b > c > b"], "a planted circle is found");
  t.end();
});

t.test("no file is above 250 lines, comments counted, and no folder above fourteen files", (t) => {
  const files = filesOf(["src", "test"], /\.(?:ts|mjs|lua)$/);
  const long = files.map((file) => ({ file, lines: textOf(file).split("\n").length - 1 }));
  t.strictSame(
    long.filter(({ lines }) => lines > MOST_LINES).map(({ file, lines }) => `${file}: ${lines} lines`),
    [],
  );
  const folders = new Map<string, number>();
  for (const file of files) folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);
  const crowded = [...folders].filter(([, count]) => count > MOST_FILES_PER_FOLDER);
  t.strictSame(
    crowded.map(([folder, count]) => `${folder}/: ${count} files`),
    [],
  );
  t.end();
});

t.test("no function of src/ is above 60 lines, and half of them have at most ten", (t) => {
  const functions = filesOf(["src"], /\.(?:ts|mjs)$/).flatMap(functionsOf);
  const long = functions.filter(({ lines }) => lines > MOST_LINES_PER_FUNCTION);
  t.strictSame(
    long.map(({ where, lines }) => `${where}: ${lines} lines`),
    [],
  );
  const lengths = functions.map(({ lines }) => lines).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? Infinity;
  t.ok(median <= 10, `the median is ${median} lines of ${lengths.length} functions`);
  t.end();
});

/** Files of src/ that a file names, in whatever form. */
function importedBy(file: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(textOf(file), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => join(dirname(file), fileName));
}

/** Each circle once, from the file of it that is reached first. */
function circlesOf(importsOf: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) circles.push([...path.slice(start), file].join(" > "));
    if (start >= 0 || done.has(file)) return;
    for (const imported of importsOf.get(file) ?? []) walk(imported, [...path, file]);
    done.add(file);
  };
  for (const file of importsOf.keys()) walk(file, []);
  return circles;
}

/** Every function of a file that has a name of its own or is given one, from its first line to its last, doc comment aside. */
function functionsOf(file: string): readonly { readonly where: string; readonly lines: number }[] {
  const source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.ES2023, true);
  const found: { where: string; lines: number }[] = [];
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const first = lineAt(node.getStart(source));
      found.push({ where: `${file}:${first}`, lines: lineAt(node.end) - first + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
