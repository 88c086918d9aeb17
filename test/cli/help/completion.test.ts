import { spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { COMMANDS } from "../../../src/cli/commands.ts";
import type { Commands } from "../../../src/cli/command/command.ts";
import { bashCompletion } from "../../../src/cli/help/completion-bash.ts";
import { fishCompletion } from "../../../src/cli/help/completion-fish.ts";
import { zshCompletion } from "../../../src/cli/help/completion-zsh.ts";
import { runProgram } from "../../support/program/program.ts";

const NAMES = Object.keys(COMMANDS);

/** What bash offers at the end of these words, the last of which is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const line = ["clean-amis", ...words].map((word) => `'${word}'`).join(" ");
  const script = `${bashCompletion(COMMANDS)}
clean-amis() { echo "us-east-1 ami-0123456789abcdef0"; }
export -f clean-amis
timeout() { shift; "$@"; }
compopt() { printf '(files)\\n'; }
COMP_WORDS=(${line}) COMP_CWORD=${words.length}
_clean_amis
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-u"], { input: script, encoding: "utf8" });
  if (status !== 0 || stderr !== "") throw new Error(`bash: ${stderr}`);
  return stdout.split("\n").filter((word) => word !== "");
}

t.test("bash completes commands, words, options and values", { skip: missing("bash") }, (t) => {
  t.same(offered(""), [...NAMES, "--help"]);
  t.same(
    offered("re"),
    NAMES.filter((name) => name.startsWith("re")),
  );
  t.same(offered("tick", "--o"), ["--once", "--only"]);
  t.same(offered("tick", "--once", "--dry"), ["--dry-run"]);
  t.same(offered("tick", "--only", ""), ["private", "delete"]);
  t.same(offered("tick", "--only", "=", "pri"), ["private"], "bash cuts words at =");
  t.same(offered("tick", "--only", "="), ["private", "delete"]);
  t.same(offered("tick", "--config", ""), ["(files)"]);
  t.same(offered("replay", "m"), ["(files)"]);
  t.same(offered("completion", ""), ["bash", "zsh", "fish", "--help"]);
  t.same(offered("completion", "bash", "z"), [], "one shell is enough");
  t.same(offered("help", "cons"), ["consume"]);
  for (const words of [["hold"], ["explain"], ["queue", "show"]])
    t.same(offered(...words, "ami-"), ["ami-0123456789abcdef0"], "those that wait");
  t.same(offered("tick", "ami-"), []);
  t.ok(offered("queue", "--stage", "").includes("held"));
  t.same(offered("queue", "--stage", "del"), ["deleting"], "what is over waits for nothing");
  t.same(offered("events", "--kind", "made"), ["made-private"]);
  for (const command of ["queue", "events", "doctor", "reconcile"])
    t.same(offered(command, "--region", "us-w"), ["us-west-1", "us-west-2"], command);
  t.ok(offered("queue", "--watch", "--l").includes("--limit"), "it may stand alone");
  t.same(offered("hold", "--reason", ""), [], "what only its user knows");
  t.same(offered("nonsense", ""), []);
  for (const [name, { options }] of Object.entries(COMMANDS))
    for (const option of Object.keys(options)) t.ok(offered(name, `--${option}`).includes(`--${option}`), name);
  t.end();
});

/** A table with every character that a shell could take for its own. */
const NASTY: Commands = {
  it: {
    summary: 'it\'s "a" $(false) `false` [x]: \\ a;b',
    positionals: "FILE",
    options: { only: { type: "string", help: 'it\'s [a] "b": $(c) \\', values: ["x", "y"] } },
    examples: ["clean-amis it", "clean-amis it x"],
    run: () => Promise.resolve(0),
  },
};

for (const [shell, print, ...check] of [
  ["bash", bashCompletion, "-n"],
  ["zsh", zshCompletion, "-n"],
  ["fish", fishCompletion, "--no-execute"],
] as const)
  t.test(`${shell} takes its completion, whatever the help says`, { skip: missing(shell) }, async (t) => {
    const { code, out, err } = await runProgram(t, ["completion", shell]);
    t.same([code, out, err], [0, `${print(COMMANDS)}\n`, ""]);
    const dir = t.testdir({ table: out, nasty: print(NASTY) });
    for (const file of ["table", "nasty"]) {
      const { status, stderr } = spawnSync(shell, [...check, join(dir, file)], { encoding: "utf8" });
      t.same([status, stderr], [0, ""]);
    }
  });

t.test("fish and zsh complete the AMIs that wait, where a command takes any", (t) => {
  const [zsh, fish] = [zshCompletion(COMMANDS), fishCompletion(COMMANDS)];
  const asked = 'timeout 5 clean-amis queue --plain --limit 1000 2>/dev/null | cut -d " " -f 2';
  t.ok(zsh.includes(`"$(${asked})"`) && fish.includes(` -a '(${asked})'`));
  for (const [name, { positionals }] of Object.entries(COMMANDS)) {
    const isTaken = /\bAMI\b/.test(positionals);
    t.equal(new RegExp(`^    ${name}\\) .*'\\*:AMI:_clean_amis_waiting'`, "m").test(zsh), isTaken, name);
    t.equal(fish.includes(`_from ${name}' -a '(timeout`), isTaken, name);
  }
  t.end();
});

t.test("every command and option stands in every shell's completion", (t) => {
  const [zsh, fish] = [zshCompletion(COMMANDS), fishCompletion(COMMANDS)];
  for (const [name, { options }] of Object.entries(COMMANDS)) {
    t.match(zsh, new RegExp(`^    ${name}\\) _arguments `, "m"));
    t.match(fish, new RegExp(` -a ${name} -d `));
    for (const option of Object.keys(options)) {
      t.match(zsh, new RegExp(`^    ${name}\\) .*'--${option}[=\\[]`, "m"));
      t.match(fish, new RegExp(`_from ${name}' -l ${option} `));
    }
  }
  t.end();
});

/** Why a shell cannot be asked; false where it can. */
function missing(shell: string): string | false {
  const { error } = spawnSync(shell, ["-c", "true"]);
  return error === undefined
    ? false
    : `${shell} is not on this machine (${error.message}); its script is only looked at`;
}
