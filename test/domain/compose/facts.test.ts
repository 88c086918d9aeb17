import t from "tap";
import { addFact, noFacts, type ComposeFacts, type Fact } from "../../../src/domain/compose/facts.ts";
import { NOW } from "../../support/world/image.ts";

const COMPOSE = "Fedora-Rawhide-20260122.n.0";

/** The facts after these words, in their order. */
function after(...said: readonly Partial<Fact>[]): ComposeFacts {
  return said.reduce<ComposeFacts>(
    (facts, each) => addFact(facts, { composeId: COMPOSE, source: "pungi", at: NOW, by: "a message", ...each }),
    noFacts(COMPOSE),
  );
}

t.test("each source's word on type and label is remembered beside the others'", (t) => {
  const facts = after(
    { type: "nightly", label: null },
    { source: "composeinfo", type: "nightly", label: "RC-1.1" },
    { source: "datagrepper" },
  );
  t.strictSame(facts.types, [
    { source: "pungi", value: "nightly" },
    { source: "composeinfo", value: "nightly" },
  ]);
  t.strictSame(facts.labels, [
    { source: "pungi", value: null },
    { source: "composeinfo", value: "RC-1.1" },
  ]);
  t.equal(facts.contradiction, null, "two sources may differ: that is for the classifier");
  t.end();
});

t.test("a source's first word stands, and another one of the same source is a contradiction that stays", (t) => {
  const rows: readonly (readonly [readonly Partial<Fact>[], string | null])[] = [
    [[{ type: "nightly" }, { type: "nightly" }], null],
    [[{ type: "nightly" }, {}], null],
    [[{}, { type: "nightly" }], null],
    [[{ type: "nightly" }, { type: "production" }], 'pungi.type was "nightly", then "production"'],
    [[{ label: null }, { label: "RC-1.1" }], 'pungi.label was "", then "RC-1.1"'],
    [[{ label: "RC-1.1" }, { label: null }], 'pungi.label was "RC-1.1", then ""'],
    [[{ label: null }, { label: null }], null],
    [
      [{ type: "nightly" }, { type: "production" }, { type: "test" }, { type: "nightly" }],
      'pungi.type was "nightly", then "production"',
    ],
  ];
  for (const [said, contradiction] of rows) t.equal(after(...said).contradiction, contradiction, JSON.stringify(said));
  t.strictSame(after({ type: "nightly" }, { type: "production" }).types, [{ source: "pungi", value: "nightly" }]);
  t.strictSame(after({ label: null }, { label: "RC-1.1" }).labels, [{ source: "pungi", value: null }]);
  t.end();
});

t.test("a release is never taken back, by whatever is heard before or after it", (t) => {
  const rows: readonly (readonly [readonly Partial<Fact>[], boolean])[] = [
    [[{}], false],
    [[{ released: false }], false],
    [[{ released: true }], true],
    [[{ released: true }, {}], true],
    [[{ released: true }, { released: false }], true],
    [[{ released: false }, { source: "datagrepper", released: true }, { type: "nightly" }], true],
  ];
  for (const [said, released] of rows) t.equal(after(...said).released, released, JSON.stringify(said));
  t.equal(after({ location: "https://a" }, { location: "https://b" }).location, "https://a");
  t.end();
});
