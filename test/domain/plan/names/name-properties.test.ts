import fc from "fast-check";
import t from "tap";
import { nameMismatch } from "../../../../src/domain/plan/name.ts";
import { holds } from "../../../support/random/property.ts";
import {
  anyId,
  anyParts,
  idOf,
  namedAfter,
  nameOf,
  unlikeParts,
  type NameParts,
} from "../../../support/world/inputs/ami-names.ts";
import { fieldCase, type FieldCase } from "../../../support/world/inputs/cases.ts";

const numRuns = Number(process.env["CHAOS_NAMES"] ?? 2_000);

/** A compose, and a name that is its own, but for one or two parts perhaps. */
const pair = fc
  .tuple(
    anyId,
    anyParts,
    anyParts,
    fc.subarray(["product", "version", "milestone", "major", "letter", "respin", "era"]),
  )
  .map(([id, own, other, changed]) => {
    const parts = namedAfter(id, own);
    const changes = Object.fromEntries(changed.slice(0, 2).map((part) => [part, other[part as keyof NameParts]]));
    return { id, parts: { ...parts, ...changes } };
  });
const change = fc.tuple(
  fc.constantFrom("product", "version", "milestone", "major", "letter", "respin", "era"),
  anyParts,
);

const isActedOn = (name: string, composeId: string): boolean => nameMismatch(name, composeId, null) === null;

t.test("a name is acted on exactly when every part of it is the compose's and none is a release's", (t) => {
  let acts = 0;
  holds(
    t,
    fc.property(pair, ({ id, parts }) => {
      const isAct = isActedOn(nameOf(parts), idOf(id));
      if (isAct) acts += 1;
      return isAct === (unlikeParts(parts, id).length === 0);
    }),
    { numRuns },
  );
  t.ok(acts > numRuns / 20, `${acts} of ${numRuns} were acted on`);
  t.end();
});

t.test("no change of one part turns a refusal into an act, unless it was the only part that differed", (t) => {
  holds(
    t,
    fc.property(pair, change, ({ id, parts }, [part, other]) => {
      const before = unlikeParts(parts, id);
      const changed = { ...parts, [part]: other[part as keyof NameParts] };
      if (isActedOn(nameOf(parts), idOf(id)) || !isActedOn(nameOf(changed), idOf(id))) return true;
      // A date for X.Y, or a word for a number, mends two of what is asked for with one part.
      const mends: Readonly<Record<string, readonly string[]>> = {
        product: ["product"],
        version: ["version", "type"],
        milestone: ["version", "release", "type"],
        major: ["date", "release"],
        letter: ["type"],
        respin: ["respin"],
        era: [],
      };
      return before.every((what) => mends[part]?.includes(what) === true);
    }),
    { numRuns },
  );
  t.end();
});

t.test("a name that is acted on is the announced one, part by part", (t) => {
  holds(
    t,
    fc.property(pair, change, ({ id, parts }, [part, other]) => {
      const announced = { ...parts, [part]: other[part as keyof NameParts], arch: other.arch };
      if (nameMismatch(nameOf(parts), idOf(id), nameOf(announced)) !== null) return true;
      const same = (["product", "arch", "milestone", "major", "respin"] as const).every(
        (each) => parts[each] === announced[each],
      );
      return same && unlikeParts(announced, id).length === 0;
    }),
    { numRuns },
  );
  t.end();
});

interface NameCase extends FieldCase<readonly ("act" | "refused")[]> {
  readonly names: readonly (readonly [name: string, composeId: string])[];
}

/** Pieces that names are made of, some of every kind; one takes the place of another, or is put between. */
const PIECES = [
  ...[
    "Fedora",
    "CentOS",
    "copr",
    "-Cloud-Base",
    "-Atomic",
    "-IoT",
    "-AmazonEC2",
    ".x86_64",
    ".aarch64",
    "Rawhide",
    "ELN",
  ],
  ...[
    "-43",
    "-44",
    "-27",
    "-Prerelease",
    "_Beta",
    "-20260305",
    "-20180419",
    "-20160321",
    ".n",
    ".t",
    ".0",
    ".1",
    "-1.6",
  ],
  ...["-hvm-us-east-1-gp3-0", "-us-west-1-HVM-standard-0", "-", ".", "0", " "],
];

t.test("however the names of the cases are cut and pasted, only the compose's own name is acted on", (t) => {
  const rows = ["04", "36"].flatMap((number) => (fieldCase(number) as NameCase).names);
  const edit = fc.tuple(fc.nat(60), fc.nat(12), fc.constantFrom("", ...PIECES));
  let acts = 0;
  holds(
    t,
    fc.property(
      fc.constantFrom(...rows),
      fc.constantFrom(...rows),
      fc.array(edit, { maxLength: 3 }),
      (row, other, edits) => {
        const [, composeId] = other;
        let [name] = row;
        for (const [at, length, piece] of edits) name = `${name.slice(0, at)}${piece}${name.slice(at + length)}`;
        if (!isActedOn(name, composeId)) return true;
        acts += 1;
        const [, short = "", version = "", date = "", respin = ""] =
          /^(.+)-([^-]+)-(\d{8})(?:\.n)?\.(\d+)$/.exec(composeId) ?? [];
        const product = short.includes("Atomic")
          ? "Fedora-(?:Atomic|AtomicHost|Cloud-Base)"
          : "Fedora-Cloud-Base(?:-AmazonEC2)?";
        const own = new RegExp(
          `^${product}(?:\\.\\w+)?-${version}(?:-Prerelease)?-${date}(?:\\.n)?\\.${respin}(?:\\.\\w+)?(?:-[a-zA-Z0-9-]+)?$`,
          "i",
        );
        return own.test(name);
      },
    ),
    { numRuns },
  );
  t.ok(acts > 0, `${acts} of ${numRuns} were acted on`);
  t.end();
});
