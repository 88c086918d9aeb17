import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { subWordsOf } from "../../../src/cli/command/command.ts";
import { EXIT_CODES } from "../../../src/cli/command/exit-codes.ts";
import { commandOf, helpOf, helpText } from "../../../src/cli/help/help.ts";
import { manPage } from "../../../src/cli/help/man.ts";
import { ENVIRONMENT } from "../../../src/config/environment.ts";
import { configFile, isRefusal, runProgram } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const NAMES = Object.keys(COMMANDS);

t.test("the help of every command shows its options and two examples that can be typed", async (t) => {
  for (const [name, command] of Object.entries(COMMANDS)) {
    const help = helpOf(name, command);
    t.match(help, new RegExp(`^usage: clean-amis ${name}\\b`));
    for (const option of Object.keys(command.options)) t.match(help, new RegExp(`^  --${option}\\b`, "m"), name);
    t.equal(new Set(command.examples).size, 2, name);
    for (const example of command.examples) {
      const [, words = ""] = /\bclean-amis (.*?)(?:[|>)]|$)/.exec(example) ?? [];
      const [called, ...rest] = words.trim().split(/\s+/);
      t.equal(called, name, example);
      const unknown = rest.filter((word) => word.startsWith("--") && !(word.slice(2) in command.options));
      t.same(unknown, [], example);
      const known = subWordsOf(command);
      if (known.length > 0 && !command.positionals.startsWith("[")) t.ok(known.includes(rest[0] ?? ""), example);
    }
  }
  for (const args of [
    ["help", "tick"],
    ["tick", "--help"],
    ["tick", "-h"],
    ["tick", "--once", "--help"],
  ])
    t.match(await runProgram(t, args), { code: 0, out: `${helpOf("tick", commandOf("tick", COMMANDS))}\n`, err: "" });
});

t.test("help fits 80 columns, and a terminal of 40 where no word is longer", (t) => {
  const longestOf = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));
  const texts = (columns?: number): string[] => [
    helpText(COMMANDS, columns),
    ...Object.entries(COMMANDS).map(([name, command]) => helpOf(name, command, columns)),
  ];
  for (const text of texts()) t.ok(longestOf(text) <= 80, text);
  for (const text of texts(200)) t.ok(longestOf(text) <= 80, "a wide one is not filled");
  for (const text of texts(40)) {
    const told = text.split("\nexamples:")[0] ?? "";
    t.ok(longestOf(told) <= 40 || /^ *\S{30,}$/m.test(told), told);
  }
  t.end();
});

t.test("without a command, all of them are told, in the order of the table", async (t) => {
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, out, err } = await runProgram(t, args);
    t.same([code, err], [0, ""]);
    t.same(
      [...out.matchAll(/^  ([a-z]+)  /gm)].map(([, name]) => name),
      NAMES,
    );
  }
});

t.test("an unknown command, word or option is answered with the nearest one", async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["consme"], /^clean-amis: unknown command "consme": did you mean consume\?\n$/],
    [["help", "consme"], /^clean-amis: unknown command "consme": did you mean consume\?\n$/],
    [["tick", "--dry-rum"], /^clean-amis: tick: Unknown option '--dry-rum': did you mean --dry-run\? \(known: /],
    [["completion", "bsh"], /^clean-amis: completion: unknown word "bsh": did you mean bash\?\n$/],
    [["completion", "powershell"], /^clean-amis: completion: unknown word "powershell": one of bash, zsh, fish\n$/],
    [["completion"], /^clean-amis: completion: give one of bash, zsh, fish\n$/],
    [["help", "tick", "hold"], /^clean-amis: help: give one COMMAND, or none\n$/],
    [["help", "tick", "--man"], /^clean-amis: help: --man is about every command: give no COMMAND\n$/],
  ];
  for (const [args, line] of rows) isRefusal(t, await runProgram(t, args), 2, line);
});

t.test(
  "the manual page tells every command, option, exit code and variable, and roff reads it without complaint",
  async (t) => {
    const page = manPage(COMMANDS);
    const { code, out, err } = await runProgram(t, ["help", "--man"]);
    t.same([code, out, err], [0, `${page}\n`, ""]);
    t.notMatch(page, /[^\n\x20-\x7e]/, "ASCII alone");
    for (const [name, { options }] of Object.entries(COMMANDS)) {
      t.match(page, new RegExp(`^\\.SS clean\\\\-amis ${name}\\b`, "m"));
      for (const option of Object.keys(options))
        t.ok(page.includes(`.B \\-\\-${option.replaceAll("-", "\\-")}`), option);
    }
    for (const each of Object.values(EXIT_CODES)) t.match(page, new RegExp(`^\\.B ${each.code}$`, "m"));
    for (const name of Object.keys(ENVIRONMENT)) t.match(page, new RegExp(`^\\.B ${name}$`, "m"));
    t.equal(readFileSync(join(ROOT, "dist/clean-amis.1"), "utf8"), `${page}\n`, "the one that is installed");
    const groff = given(page, "groff", ["-man", "-ww", "-z", "-Kutf8", "-Tutf8"]);
    if (groff.error === undefined) t.same([groff.status, groff.stderr], [0, ""], "groff");
    else t.pass("", { skip: `not read by groff: ${groff.error.message}` });
    const shown = given(page, "man", ["-l", "-"]);
    if (shown.error === undefined) t.match(shown.stdout, /EXIT STATUS/);
    else t.pass("", { skip: `not shown by man: ${shown.error.message}` });
  },
);

/** A program of the machine with this on its standard input; it may be missing. */
function given(input: string, program: string, args: readonly string[]) {
  return spawnSync(program, args, { input, encoding: "utf8", env: { ...process.env, MANWIDTH: "80" } });
}

t.test("each exit code comes when the table says", async (t) => {
  const config = configFile(t, await openTestRedis(t));
  const redisAway = { env: { REDIS_URL: "redis://127.0.0.1:1/0" } };
  const { done, failed, usage } = EXIT_CODES;
  const rows: readonly (readonly [number, readonly string[], object?])[] = [
    [done.code, ["report", "--config", config]],
    [failed.code, ["report", "--config", config], redisAway],
    [failed.code, ["explain", "Fedora-Rawhide-20260122.n.0", "--config", config]],
    [usage.code, ["report", "--date", "yesterday"]],
    [usage.code, ["report", "--config", `${config}.none`]],
  ];
  for (const [code, args, more] of rows) t.equal((await runProgram(t, args, more)).code, code, args.join(" "));
});
