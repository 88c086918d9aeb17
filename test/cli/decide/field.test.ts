import t from "tap";
import { ask, question } from "../../support/program/questions.ts";
import { fieldCase, type FieldCase } from "../../support/world/inputs/cases.ts";

const NIGHTLY = "Fedora-Rawhide-20260122.n.0";

interface ClassifyCase extends FieldCase<readonly string[]> {
  readonly input: readonly object[];
}

for (const number of ["14", "22", "24", "25", "26"])
  t.test(`case ${number} of the field is decided as it should be`, async (t) => {
    const { input, expected } = fieldCase(number) as ClassifyCase;
    const answers = await ask(
      t,
      input.map((each) => JSON.stringify(each)),
    );
    t.same(
      answers.map((answer) => (answer["decision"] === "unresolved" ? "undecided" : answer["decision"])),
      expected.map((decision) => (decision === "keep or a person" ? "keep" : decision)),
    );
  });

t.test("only days that the calendar has are days, in an id as in a label", async (t) => {
  const rows: readonly (readonly [date: string, isDay: boolean])[] = [
    ["20240229", true],
    ["20200229", true],
    ["20000229", true],
    ["20280229", true],
    ["19000229", false],
    ["21000229", false],
    ["20230229", false],
    ["20260229", false],
    ["20240230", false],
    ["20240431", false],
    ["20241301", false],
    ["20240001", false],
    ["20240100", false],
    ["00000000", false],
  ];
  const answers = await ask(
    t,
    rows.flatMap(([date]) => [
      question(`Fedora-Rawhide-${date}.n.0`),
      question(`Fedora-Cloud-43-${date}.0`, { label: `RC-${date}.0` }),
      question(NIGHTLY, { label: `RC-${date}.0` }),
    ]),
  );
  for (const [index, [date, isDay]] of rows.entries()) {
    const kind = isDay ? "delete" : "keep";
    const said = answers.slice(3 * index, 3 * index + 3).map(({ decision }) => decision);
    t.same(said, [kind, kind, "keep"], date);
  }
});
