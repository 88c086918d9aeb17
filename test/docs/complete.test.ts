import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { RULES } from "../../src/domain/compose/classify.ts";
import { STAGES } from "../../src/domain/image/image.ts";
import { BULLETIN_KINDS, bulletinSchema, bulletinTopic } from "../../src/domain/report/bulletin.ts";
import { OUR_TAGS } from "../../src/domain/plan/tags.ts";
import { ENVIRONMENT } from "../../src/config/environment.ts";
import { readSchema } from "../../src/schema.ts";
import { blocksOf, ROOT } from "../support/docs/blocks.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The cells of the rows of a page's tables below a heading, without the marks of code. */
function rowsBelow(file: string, heading: string): readonly (readonly string[])[] {
  const [, rest = ""] = read(file).split(`\n${heading}\n`);
  const [section = ""] = rest.split(/^#/m);
  const rows = section.match(/^\|.*\|$/gm) ?? [];
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .replaceAll("`", "")
      .split("|")
      .map((cell) => cell.trim()),
  );
}

const firsts = (rows: readonly (readonly string[])[]): readonly string[] => rows.map(([first = ""]) => first);

t.test("the page of an image's life has every stage, rule, refusal and tag, in order, and no other", (t) => {
  const page = "docs/lifecycle.md";
  t.same(firsts(rowsBelow(page, "## Stages")), STAGES);
  // `unlabelled-deleted` is there by a switch alone, and told below the table.
  const rules = RULES.map(({ rule }) => rule).filter((rule) => rule !== "unlabelled-deleted");
  t.same(firsts(rowsBelow(page, "## Rules")), [...rules, "–"]);
  const refusals = [...read("src/domain/plan/refusal.ts").matchAll(/^ {2}\| "(?<code>[a-z-]+)"/gm)];
  const codes = refusals.map(({ groups }) => groups?.["code"] ?? "");
  t.ok(codes.length > 10, `${codes.length} refusals`);
  t.same([...firsts(rowsBelow(page, "## What must be true before an act"))].sort(), codes.sort());
  t.same([...firsts(rowsBelow(page, "### Tags"))].sort(), [...OUR_TAGS].sort());
  t.end();
});

t.test("the page of the architecture has every floor, and says who may import whom as the lint does", (t) => {
  const rows = rowsBelow("docs/architecture.md", "## Floors");
  const rooms = rows.map(([, room = ""]) => room.replace("/", ""));
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  // The set-up runs before there is a service, and stands on no floor.
  const standing = folders.map(({ name }) => name).filter((name) => name !== "setup");
  t.same([...rooms].sort(), [...standing, "main.ts"].sort());
  const [table = ""] = /const MAY_IMPORT = \{[^]*?\n\};/.exec(read(".config/eslint.config.js")) ?? [];
  const lint = new Map(
    [...table.matchAll(/^ {2}"?(?<room>[\w.]+)"?: \[(?<may>[^\]]*)\]/gm)].map(({ groups = {} }) => [
      groups["room"] ?? "",
      [...(groups["may"] ?? "").matchAll(/"(?<name>[^"]+)"/g)].map((found) => found.groups?.["name"] ?? ""),
    ]),
  );
  t.same([...lint.keys()].sort(), [...rooms].sort());
  const all = rooms.filter((room) => !["main.ts", "cli", "demo"].includes(room)).sort();
  const inWords = new Map<string, readonly string[]>([
    ["nothing", []],
    ["all below", all.filter((room) => room !== "app")],
    ["all below but adapters", all.filter((room) => room !== "adapters")],
    ["cli and all below", ["cli", ...all]],
  ]);
  for (const [, room = "", , may = ""] of rows)
    t.same(
      [...(lint.get(room.replace("/", "")) ?? [])].sort(),
      [...(inWords.get(may) ?? may.split(", "))].sort(),
      room,
    );
  t.end();
});

t.test("the page of the bus has every message, and so has the package for its readers", (t) => {
  t.same(
    firsts(rowsBelow("docs/bus.md", "## The messages")).slice(0, BULLETIN_KINDS.length),
    BULLETIN_KINDS.map(bulletinTopic),
  );
  const textOf = (kind: "toml package" | "python package"): string =>
    blocksOf(kind)
      .map(({ text }) => text)
      .join();
  const entries = textOf("toml package").matchAll(/^"(?<schema>[^"]+)" = "clean_amis_messages:(?<name>\w+)"$/gm);
  const classes = textOf("python package").matchAll(
    /^(?<name>\w+) = _image_message\("(?<same>\w+)", "(?<kind>\w+)"\)$/gm,
  );
  const named = [...entries].map(({ groups = {} }) => [groups["schema"], groups["name"]]);
  t.same(
    named.map(([schema]) => schema),
    BULLETIN_KINDS.map(bulletinSchema),
  );
  t.same(
    [...classes].map(({ groups = {} }) => [groups["kind"], groups["name"], groups["same"]]),
    BULLETIN_KINDS.map((kind, index) => [kind, named[index]?.[1], named[index]?.[1]]),
  );
  t.end();
});

t.test("the message that the page of the bus shows has all that its schema has, and nothing else", (t) => {
  for (const { text } of blocksOf("json message")) {
    const shown = JSON.parse(text) as Readonly<Record<"topic" | "class" | "id", string>> & { readonly body: object };
    const { topic, class: name, id, body } = shown;
    const schema = readSchema(`${topic.replace("org.fedoraproject.prod.", "")}.json`);
    const isMessage = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    t.ok(isMessage(body), JSON.stringify(isMessage.errors));
    const { properties } = schema as { readonly properties: object };
    t.same(Object.keys(body).toSorted(), Object.keys(properties).toSorted());
    t.ok(read("docs/bus.md").includes(`"clean_amis_messages:${name.split(".")[1] ?? ""}"`), name);
    t.match(id, /^[0-9a-f-]{36}$/);
  }
  t.end();
});

t.test("the page of the configuration names every variable of the environment", (t) => {
  const page = read("docs/configuration.md");
  for (const name of Object.keys(ENVIRONMENT)) t.ok(page.includes(`\`${name}\``), name);
  t.end();
});
