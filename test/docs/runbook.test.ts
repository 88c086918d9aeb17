import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { pages, ROOT } from "../support/docs/blocks.ts";
import { openMachine } from "../support/runbook/machine.ts";
import { fits, PAGE, play, sections } from "../support/runbook/play.ts";
import { SCENES, WITH_A_PACKAGE } from "../support/runbook/scenes.ts";
import { openShell } from "../support/runbook/shell.ts";

const shell = await openShell();
t.teardown(shell.close);

t.test("every alert has a section in the runbook, and no other is spoken of", (t) => {
  const rules = readFileSync(join(ROOT, "deploy/prometheus/clean-amis.rules.yml"), "utf8");
  const alerts = [...rules.matchAll(/- alert: (?<name>\w+)/g)].map(({ groups }) => groups?.["name"]);
  t.same(
    sections().flatMap(({ title }) => (/^CleanAmis/.test(title) ? [title] : [])),
    alerts,
  );
  t.end();
});

t.test("every section of the runbook in which something is typed is played, and nothing is there that is not", (t) => {
  t.same(
    [...Object.keys(SCENES), ...WITH_A_PACKAGE].sort(),
    sections()
      .map(({ title }) => title)
      .sort(),
  );
  const text = pages().find(({ file }) => file === PAGE)?.text ?? "";
  t.equal((text.match(/^ *```\w/gm) ?? []).length - sections().flatMap(({ blocks }) => blocks).length, 1, "the first");
  t.end();
});

t.test("what is left out of a printed answer may be anything, and nothing else may", (t) => {
  for (const [printed, said, isSo] of [
    ["a\nb", "a\nb", true],
    ["a", "a\nb", false],
    ["", "a", false],
    ["a", "", false],
    ["", "", true],
    ["…\nb", "a\na\nb", true],
    ["…\nb", "a\nb\nc", false],
    ["a … c\n…", "a b c", true],
    ["a … c", "a b\nc", false],
    ["a.c", "abc", false],
  ] as const)
    t.equal(fits(printed, said), isSo, `${JSON.stringify(printed)} ${JSON.stringify(said)}`);
  t.end();
});

for (const section of sections().filter(({ title }) => title in SCENES))
  t.test(`${section.title}: what the runbook says is typed, and seen`, async (t) => {
    const machine = await openMachine(t, shell.type);
    if (machine === null) {
      t.comment("not tried: Redis was given by its address");
      return;
    }
    await SCENES[section.title]?.(machine);
    await play(t, machine, section);
    for (const line of machine.journal()) t.match(line, /^(?:\{"level":|clean-amis: )/, "nothing else is printed");
  });
