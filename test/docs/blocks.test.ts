import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { loadConfig } from "../../src/config/config.ts";
import { firstProgram } from "../../src/demo/servers/programs.ts";
import { readObjection } from "../../src/domain/comment/objection.ts";
import { STAGES } from "../../src/domain/image/image.ts";
import { blocks, blocksOf, KINDS, pages, spansOf, type Block } from "../support/docs/blocks.ts";
import { codesTable } from "../support/docs/codes.ts";
import { licencesTable } from "../support/docs/licences.ts";
import { commandLines, unknownIn } from "../support/docs/commands.ts";
import { schedule } from "../support/docs/schedule.ts";
import { MAIN, runProgram } from "../support/program/program.ts";
import { serverUrl } from "../support/servers/redis/redis.ts";
import { START, type World } from "../support/world/world.ts";

const execute = promisify(execFile);

/** redis-cli or valkey-cli; null when Redis came by its address and neither is on this machine. */
const REDIS_CLI =
  process.env["TEST_REDIS_CLI"] || firstProgram(["redis-cli", "valkey-cli"], (process.env["PATH"] ?? "").split(":"));

const placeOf = ({ file, line }: Block): string => `${file}:${line}`;

t.test("every block of the docs is of a kind that a test checks", (t) => {
  for (const block of blocks())
    t.ok(
      block.kind in KINDS,
      `${placeOf(block)}: ${JSON.stringify(block.kind)} is one of ${Object.keys(KINDS).join(", ")}`,
    );
  for (const kind of Object.keys(KINDS))
    t.ok(
      blocks().some((block) => block.kind === kind),
      `${kind} is in use`,
    );
  t.end();
});

/** A block's commands, each behind a `$`, with the answer that is printed below it. */
function questionsIn({ text }: Block): readonly { readonly command: string; readonly answer: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((question) => {
      const [command = "", ...answer] = question.split("\n");
      return { command, answer: answer.join("\n").trimEnd() };
    });
}

/** What differs from run to run: ids that Redis makes from its own clock, numbers of messages, ages. */
function normalised(answer: string): string {
  return answer
    .replaceAll(/\b\d{13}-\d+\b/g, "ID")
    .replaceAll(/\bmessage-\d+\b/g, "MESSAGE")
    .replaceAll(/\((?:now|in [\dsmhd ]+|[\dsmhd ]+ ago)\)/g, "(AGE)");
}

/** The programs that people type, each over the keys of the world; their answers are written for people. */
async function programsFor(t: Test, { connection }: World): Promise<NodeJS.ProcessEnv> {
  const bin = t.testdir({
    "redis-cli": `#!/bin/sh\nexec "$CLI" --no-raw -u "$REDIS_URL" "$@"\n`,
    "clean-amis": `#!/bin/sh\nexec "$NODE" "$MAIN" "$@"\n`,
    "config.toml": `[consumer_config]\nredis_prefix = "${connection.keys.format.replace(/:format$/, "")}"\n`,
  });
  for (const name of ["redis-cli", "clean-amis"]) await chmod(join(bin, name), 0o755);
  return {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    CLI: REDIS_CLI ?? "",
    NODE: process.execPath,
    MAIN,
    LC_ALL: "C",
    REDIS_URL: serverUrl("TEST_REDIS_URL"),
    FEDORA_MESSAGING_CONF: join(bin, "config.toml"),
  };
}

t.test("every answer in the docs is what the real programs say", async (t) => {
  const world = await schedule(t);
  const prefix = world.connection.keys.format.replace(/:format$/, "");
  const env = await programsFor(t, world);
  const found = blocksOf("console");
  t.ok(found.length >= 15, `${found.length} blocks`);
  for (const block of found)
    for (const { command, answer } of questionsIn(block)) {
      if (REDIS_CLI === null && command.startsWith("redis-cli")) {
        t.comment(`${placeOf(block)}: no redis-cli is on this machine, and Redis was given by its address`);
        continue;
      }
      const typed = command.replaceAll("clean-amis:", `${prefix}:`);
      const { stdout, stderr } = await execute("/bin/sh", ["-c", typed], { env });
      t.equal(stderr, "", command);
      const said = stdout
        .trimEnd()
        .replaceAll(`${prefix}:`, "clean-amis:")
        .replaceAll(world.pagure.url, "https://pagure.io");
      t.equal(normalised(said), normalised(answer), `${placeOf(block)}: ${command}`);
    }
});

t.test("the list of keys in the docs has every key that the service writes", async (t) => {
  const { connection } = await schedule(t);
  const prefix = connection.keys.format.replace(/:format$/, "");
  const listed = blocksOf("text keys").flatMap(({ text }) => text.match(/^clean-amis:\S+/gm) ?? []);
  t.ok(listed.length > 20, `${listed.length} keys`);
  const forms = listed.map((key) => {
    const form = key.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\b[A-Z]+\b/g, "[^}]+");
    return new RegExp(`^${form.replace("…", ".*")}$`);
  });
  for (const key of await connection.redis.keys(`${prefix}:*`)) {
    const name = key.replaceAll(prefix, "clean-amis");
    t.ok(
      forms.some((form) => form.test(name)),
      name,
    );
  }
});

t.test("every command line in the docs is known", (t) => {
  const lines = blocksOf("sh").flatMap((block) =>
    commandLines(block.text).map((line) => [placeOf(block), line] as const),
  );
  const spans = pages().flatMap((page) =>
    spansOf(page)
      .filter((span) => /^(?:clean-amis|npm) [a-z]/.test(span))
      .flatMap((span) => commandLines(span).map((line) => [page.file, line] as const)),
  );
  t.ok(lines.length > 30 && spans.length > 20, `${lines.length} lines, ${spans.length} spans`);
  for (const [place, line] of [...lines, ...spans]) t.equal(unknownIn(line), null, `${place}: ${line}`);
  t.end();
});

t.test("every piece of configuration in the docs is valid", (t) => {
  for (const block of blocksOf("toml")) {
    const file = join(t.testdir({ "c.toml": block.text }), "c.toml");
    t.doesNotThrow(
      () => loadConfig(file, { PAGURE_ACCESS_TOKEN: "a-token", FORGEJO_ACCESS_TOKEN: "a-token" }),
      placeOf(block),
    );
  }
  t.end();
});

t.test("every comment that the docs propose is understood without a doubt", (t) => {
  for (const block of blocksOf("text comment")) {
    const { wishes, doubts } = readObjection(block.text, START);
    t.same([wishes.length, doubts], [1, []], placeOf(block));
  }
  t.end();
});

t.test("what the docs take from the program is what it prints", async (t) => {
  const made = pages().flatMap(({ file, text }) =>
    [
      ...text.matchAll(/^<!-- made by npm run docs: clean-amis (?<words>.+) -->\n\n(?<body>[^]*?)\n<!-- made -->$/gm),
    ].map(({ groups = {} }) => ({ file, words: groups["words"] ?? "", body: groups["body"] ?? "" })),
  );
  t.same(made.map(({ words }) => words).sort(), ["config keys --markdown", "help"]);
  for (const { file, words, body } of made) {
    const { out } = await runProgram(t, words.split(" "));
    t.equal(body.replaceAll(/^```.*\n/gm, ""), out, `${file}, clean-amis ${words}; to make it anew: npm run docs`);
  }
});

t.test("the tables of EC2's codes and of licences are those that the service and npm go by", (t) => {
  const madeOf = (name: string): string | undefined =>
    pages().flatMap(({ text }) => text.split(`<!-- made by npm run docs: ${name} -->`).slice(1))[0];
  const cells = (markdown: string): string =>
    markdown
      .replaceAll(/ *\| */g, "|")
      .replaceAll(/-+/g, "-")
      .trim();
  for (const [name, table] of Object.entries({ "the codes of EC2": codesTable(), "the licences": licencesTable() })) {
    const [made = ""] = madeOf(name)?.split("<!-- made -->") ?? [];
    t.equal(cells(made), cells(table), `${name}; to make it anew: npm run docs`);
  }
  t.end();
});

t.test("the picture of stages has every stage, and no other", (t) => {
  const [picture] = blocksOf("mermaid").filter(({ text }) => text.startsWith("stateDiagram"));
  const names = [...(picture?.text ?? "").matchAll(/^ +(\S+) --> ([^:\s]+)/gm)].flatMap(([, from, to]) => [from, to]);
  t.same([...new Set(names)].filter((name) => name !== "[*]").sort(), [...STAGES].sort());
  t.end();
});
