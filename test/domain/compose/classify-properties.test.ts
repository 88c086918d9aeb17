import fc from "fast-check";
import t from "tap";
import { classify, DEFAULT_POLICY, type Policy } from "../../../src/domain/compose/classify.ts";
import { FACT_SOURCES, noFacts, type ComposeFacts } from "../../../src/domain/compose/facts.ts";
import { REAL_COMPOSES } from "../../fixtures/composes.ts";
import { holds, record } from "../../support/random/property.ts";

const RUNS = { numRuns: 10_000 };
const source = fc.constantFrom(...FACT_SOURCES);
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "constructor", "__proto__", "toString", "\u0000", "nightly\n"),
);
const sentence = anyText.filter((text) => text !== "");
const realId = fc.constantFrom(...REAL_COMPOSES.map(({ id }) => id));
const suffixed = fc
  .tuple(fc.constantFrom("nightly", "test", "n", "t", "ci", "d", "constructor", "valueof"), fc.nat(3))
  .map(([suffix, respin]) => `Fedora-40-20240501.${suffix}.${respin}`);
const composeId = fc.oneof({ arbitrary: realId, weight: 5 }, suffixed, anyText);
const type = fc.oneof(
  { arbitrary: fc.constantFrom("production", "nightly", "test", "ci", "development"), weight: 5 },
  anyText,
);
const milestone = fc.constantFrom("RC", "Beta", "Alpha", "Update", "SecurityFix", "EA", "Snapshot");
const shortLabel = fc.tuple(milestone, fc.stringMatching(/^\d{1,7}\.\d{1,3}$/)).map((parts) => parts.join("-"));
const datedLabel = fc.tuple(milestone, realId).map(([name, id]) => `${name}-${/\d{8}/.exec(id)?.[0] ?? ""}.0`);
const label = fc.oneof(shortLabel, datedLabel, fc.constant(null), anyText);
const claimOf = <T>(value: fc.Arbitrary<T>) => record({ source, value });

const anyFacts: fc.Arbitrary<ComposeFacts> = record({
  composeId,
  types: fc.array(claimOf(type), { maxLength: 2 }),
  labels: fc.array(claimOf(label), { maxLength: 3 }),
  released: fc.boolean(),
  contradiction: fc.option(sentence, { freq: 1 }),
}).map((known) => ({ ...noFacts(known.composeId), ...known }));

/** Facts whose label fits their id more often than chance would have it: those that a mistake would delete. */
const deletable: fc.Arbitrary<ComposeFacts> = record({ composeId: realId, type }).map(({ composeId: id }) => ({
  ...noFacts(id),
  labels: /\.n\./.test(id) ? [] : [{ source: "pungi", value: `RC-${/\d{8}/.exec(id)?.[0] ?? ""}.0` }],
}));
const facts = fc.oneof(anyFacts, deletable);
const policy: fc.Arbitrary<Policy> = fc.boolean().map((deleteUnlabelled) => ({ ...DEFAULT_POLICY, deleteUnlabelled }));

t.test("nothing that a message or a source can say makes classification throw", (t) => {
  let deleted = 0;
  const isDecided = fc.property(facts, policy, (known, terms) => {
    const decision = classify(known, terms);
    if (decision.kind === "delete") deleted += 1;
    return decision.reason !== "" && ["delete", "keep", "unresolved"].includes(decision.kind);
  });
  holds(t, isDecided, RUNS);
  t.ok(deleted > 1_000, `${deleted} of them were deletable`);
  t.end();
});

t.test("no compose with an X.Y label is ever deletable, whatever else is known", (t) => {
  const isSafe = fc.property(facts, policy, shortLabel, fc.nat(3), source, (known, terms, value, at, by) => {
    const labels = known.labels.toSpliced(at, 0, { source: by, value });
    return classify({ ...known, labels }, terms).kind === "keep";
  });
  holds(t, isSafe, RUNS);
  t.end();
});

t.test("a compose that was announced as released is kept, whatever else is known", (t) => {
  holds(
    t,
    fc.property(facts, policy, (known, terms) => classify({ ...known, released: true }, terms).kind === "keep"),
    RUNS,
  );
  t.end();
});

t.test("a fact from a further source never turns a keep into a delete", (t) => {
  let kept = 0;
  const stays = (known: ComposeFacts, terms: Policy, more: Partial<ComposeFacts>): boolean => {
    if (classify(known, terms).kind !== "keep") return true;
    kept += 1;
    return classify({ ...known, ...more }, terms).kind === "keep";
  };
  const withLabel = fc.property(facts, policy, claimOf(label), fc.nat(3), (known, terms, claim, at) =>
    stays(known, terms, { labels: known.labels.toSpliced(at, 0, claim) }),
  );
  const withType = fc.property(facts, policy, claimOf(type), fc.nat(3), (known, terms, claim, at) =>
    stays(known, terms, { types: known.types.toSpliced(at, 0, claim) }),
  );
  const withContradiction = fc.property(facts, policy, sentence, (known, terms, contradiction) =>
    stays(known, terms, { contradiction }),
  );
  holds(t, withLabel, RUNS);
  holds(t, withType, RUNS);
  holds(t, withContradiction, RUNS);
  t.ok(kept > 5_000, `${kept} of them were kept before`);
  t.end();
});

t.test("a further source can only turn a delete into another delete of the same rule, or a keep", (t) => {
  const isSame = fc.property(deletable, claimOf(label), claimOf(type), (known, aLabel, aType) => {
    const before = classify(known);
    const after = classify({ ...known, labels: [...known.labels, aLabel], types: [...known.types, aType] });
    return before.kind !== "delete" || after.kind === "keep" || (after.kind === "delete" && after.rule === before.rule);
  });
  holds(t, isSame, RUNS);
  t.end();
});
