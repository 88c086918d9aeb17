import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { pages, ROOT, spansOf, type Page } from "../support/docs/blocks.ts";

/** The text of every file of ours in which a name of the docs may be spelled. */
function sources(): string {
  const files = ["src", "test", "schemas", "deploy", ".config"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...files, join(ROOT, "config.toml")].map((file) => readFileSync(file, "utf8")).join("\n");
}

/** As GitHub and Pagure name a heading in an address. */
function anchorsOf({ text }: Page): readonly string[] {
  return [...text.matchAll(/^#+ (?<title>.+)$/gm)].map(({ groups }) =>
    (groups?.["title"] ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

t.test("every path that the docs name exists", (t) => {
  for (const { file, text } of pages())
    for (const [path] of text.matchAll(/(?<![\w./])(?:src|test|schemas|docs|deploy|\.config)\/[\w./-]*[\w/]/g))
      t.ok(existsSync(join(ROOT, path)), `${file}: ${path}`);
  const rooms = pages().flatMap((page) => spansOf(page).filter((span) => /^[a-z][a-z-]*\/(?:[a-z-]+\/)*$/.test(span)));
  t.ok(rooms.length > 30, `${rooms.length} rooms`);
  for (const room of rooms) t.ok(existsSync(join(ROOT, "src", room)) || existsSync(join(ROOT, room)), room);
  t.end();
});

t.test("every link between the pages leads somewhere", (t) => {
  const all = new Map(pages().map((page) => [page.file, page]));
  let links = 0;
  for (const { file, text } of pages())
    for (const { groups = {} } of text.matchAll(/\]\((?!https?:)(?<target>[^)#]*)(?:#(?<anchor>[^)]+))?\)/g)) {
      links += 1;
      const { target = "", anchor } = groups;
      const path = target === "" ? file : join(dirname(file), target);
      t.ok(existsSync(join(ROOT, path)), `${file}: ${path}`);
      const page = all.get(path);
      if (anchor !== undefined)
        t.ok(page !== undefined && anchorsOf(page).includes(anchor), `${file}: ${path}#${anchor}`);
    }
  t.ok(links > 20, `${links} links`);
  t.end();
});

t.test("every name of the code that the docs name is there", (t) => {
  const text = sources();
  const names = new Set(
    pages().flatMap((page) => spansOf(page).filter((span) => /^(?=.*[a-z_][A-Z_])\w+$/.test(span))),
  );
  t.ok(names.size > 20, `${names.size} names`);
  for (const name of names) t.ok(text.includes(name), name);
  t.end();
});

t.test("the README is for the first five minutes: at most 150 lines", (t) => {
  const [readme] = pages();
  t.ok((readme?.text.trimEnd().split("\n").length ?? Infinity) <= 150);
  t.end();
});
