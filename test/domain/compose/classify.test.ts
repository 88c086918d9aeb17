import t from "tap";
import {
  classify,
  DEFAULT_POLICY,
  describeDecision,
  isByLabel,
  KEPT_FOR_A_PERSON,
  RULES,
  type Policy,
} from "../../../src/domain/compose/classify.ts";
import { REAL_COMPOSES } from "../../fixtures/composes.ts";
import { factsOf, type Known } from "../../support/world/inputs/facts.ts";

const CLOUD = "Fedora-Cloud-43-20260122.0";
const NIGHTLY = "Fedora-Rawhide-20260122.n.0";
const DATED = "RC-20260122.0";

const UNLABELLED_GO: Policy = { ...DEFAULT_POLICY, deleteUnlabelled: true };

/** A decision in one word and one more: `keep ga`, `unresolved label`. */
function decide(composeId: string, known: Known = {}, policy = DEFAULT_POLICY): string {
  const decision = classify(factsOf(composeId, known), policy);
  return decision.kind === "unresolved" ? `unresolved ${decision.missing}` : `${decision.kind} ${decision.rule}`;
}

t.test("every rule that keeps stands before every rule that deletes", (t) => {
  const order = RULES.map((row) => `${row.kind} ${row.rule}`);
  t.same(order, [
    "keep released-two-week",
    "keep conflict",
    "keep malformed",
    "keep beta",
    "keep ga",
    "keep not-nightly",
    "keep foreign-product",
    "keep unlabelled",
    "delete nightly",
    "delete dated-label",
    "delete unlabelled-deleted",
  ]);
  const kinds = RULES.map((row) => row.kind);
  t.ok(kinds.lastIndexOf("keep") < kinds.indexOf("delete"));
  t.end();
});

t.test("only a decision to delete that is not by the type rests on a label", (t) => {
  const rows = [
    [NIGHTLY, {}, false],
    [CLOUD, { label: { pungi: DATED } }, true],
    [CLOUD, { label: { pungi: "RC-1.1" } }, false],
    [CLOUD, {}, false],
  ] as const;
  for (const [composeId, known, isBy] of rows) t.equal(isByLabel(classify(factsOf(composeId, known))), isBy);
  t.equal(describeDecision(classify(factsOf(CLOUD, {}))), "unresolved: the compose's label is not known yet");
  t.match(describeDecision(classify(factsOf(NIGHTLY, {}))), /^delete \(nightly\): /);
  t.end();
});

t.test("each rule decides what it is there for, and says why", (t) => {
  const rows: readonly (readonly [string, Known, string, string])[] = [
    ["Fedora-Atomic-28-20180515.1", { released: true }, "keep released-two-week", "announced as a released"],
    [CLOUD, { label: { pungi: DATED, composeinfo: "RC-1.1" } }, "keep conflict", 'composeinfo says "RC-1.1"'],
    [CLOUD, { label: { pungi: DATED, composeinfo: null } }, "keep conflict", "composeinfo says none"],
    [CLOUD, { type: { pungi: "nightly" } }, "keep conflict", 'on the type: id says "production", pungi says "nightly"'],
    [NIGHTLY, { type: { composeinfo: "production" } }, "keep conflict", 'id says "nightly"'],
    [NIGHTLY, { contradiction: "pungi says two labels" }, "keep conflict", "pungi says two labels"],
    ["Fedora-24-20160314", {}, "keep malformed", "no respin"],
    ["Fedora-24-20160230.n.0", {}, "keep malformed", "no day of the calendar"],
    [CLOUD, { label: { pungi: "GA" } }, "keep malformed", 'label "GA" is not'],
    [CLOUD, { label: { pungi: "" } }, "keep malformed", 'label "" is not'],
    [CLOUD, { label: { pungi: "RC-20260230.0" } }, "keep malformed", '"20260230" is no day of the calendar'],
    [CLOUD, { label: { pungi: "RC-20260121.0" } }, "keep malformed", "has not the date of the compose id, 20260122"],
    [CLOUD, { label: { pungi: "RC-202601220.0" } }, "keep malformed", '"202601220" is no day of the calendar'],
    [NIGHTLY, { label: { pungi: "final" } }, "keep malformed", 'label "final" is not'],
    ["Fedora-41-20240911.0", { label: { pungi: "Beta-1.2" } }, "keep beta", "labelled Beta-1.2"],
    [CLOUD, { label: { pungi: "Beta-20260122.0" } }, "keep beta", "labelled Beta-20260122.0"],
    [NIGHTLY, { label: { pungi: "Beta-1.1" } }, "keep beta", "labelled Beta-1.1"],
    ["Fedora-42-20250410.0", { label: { pungi: "RC-1.1" } }, "keep ga", "labelled RC-1.1"],
    ["Fedora-26-20170328.0", { label: { pungi: "Alpha-1.4" } }, "keep ga", "labelled Alpha-1.4"],
    ["Fedora-26-20170328.0", { label: { pungi: "Update-3.0" } }, "keep ga", "labelled Update-3.0"],
    ["Fedora-26-20170328.0", { label: { pungi: "SecurityFix-1.0" } }, "keep ga", "labelled SecurityFix-1.0"],
    [CLOUD, { label: { pungi: "RC-1234567.0" } }, "keep ga", "labelled RC-1234567.0"],
    [NIGHTLY, { label: { pungi: "RC-1.1" } }, "keep ga", "labelled RC-1.1"],
    ["Fedora-24-20160314.t.0", {}, "keep not-nightly", "a test compose"],
    ["Fedora-22-20160622.ci.0", {}, "keep not-nightly", "a ci compose"],
    ["Fedora-22-20160622.d.0", {}, "keep not-nightly", "a development compose"],
    ["Fedora-22-20160622.d.0", { label: { pungi: "RC-20160622.0" } }, "keep not-nightly", "a development compose"],
    ["Fedora-IoT-40-20240422.3", { label: { pungi: "RC-20240422.0" } }, "keep foreign-product", "Fedora-IoT are not"],
    ["CentOS-Stream-9-20250604.1", {}, "keep foreign-product", "composes of CentOS-Stream are not among those"],
    [CLOUD, { label: { composeinfo: null } }, "keep unlabelled", "without a label"],
    [NIGHTLY, {}, "delete nightly", "a nightly compose"],
    [NIGHTLY, { type: { pungi: "nightly" }, label: { pungi: null } }, "delete nightly", "a nightly compose"],
    [NIGHTLY, { label: { pungi: DATED } }, "delete nightly", "a nightly compose"],
    [CLOUD, { label: { pungi: DATED } }, "delete dated-label", `labelled ${DATED}`],
    ["Fedora-Cloud-26-20170217.3", { label: { pungi: "RC-20170217.0" } }, "delete dated-label", "RC-20170217.0"],
    [CLOUD, {}, "unresolved label", "label is not known yet"],
    [CLOUD, { type: { pungi: "production" } }, "unresolved label", "label is not known yet"],
  ];
  for (const [id, known, expected, reason] of rows) {
    const what = `${id} ${JSON.stringify(known)}`;
    t.equal(decide(id, known), expected, what);
    t.ok(classify(factsOf(id, known)).reason.includes(reason), `${what}: ${classify(factsOf(id, known)).reason}`);
  }
  const seen = new Set(rows.map(([, , expected]) => expected));
  seen.add(decide(CLOUD, { label: { pungi: null } }, UNLABELLED_GO));
  for (const row of RULES) t.ok(seen.has(`${row.kind} ${row.rule}`), `${row.rule} has a row`);
  t.end();
});

t.test("every real compose gets the decision that a person wrote down for it", (t) => {
  for (const { id, label, isReleased, decision, rule } of REAL_COMPOSES) {
    const known = { ...(label === undefined ? {} : { label: { pungi: label } }), released: isReleased };
    t.equal(decide(id, known), `${decision} ${rule}`, id);
  }
  t.end();
});

t.test("what the old script got wrong is decided rightly", (t) => {
  const atomic = "Fedora-Atomic-28-20180515.1";
  const ga = "Fedora-28-20180425.0";
  const lie = "RC-20180425.0";
  const rows: readonly (readonly [string, string, Known, string])[] = [
    ["a released two-week compose whose label nobody knows", atomic, { released: true }, "keep released-two-week"],
    [
      "a released two-week compose without a label",
      atomic,
      { released: true, label: { composeinfo: null } },
      "keep released-two-week",
    ],
    [
      "a two-week compose that is announced after its label was heard",
      atomic,
      { released: true, label: { pungi: "RC-20180515.0" } },
      "keep released-two-week",
    ],
    ["a released nightly", "Fedora-Atomic-28-20171215.n.0", { released: true }, "keep released-two-week"],
    ["a GA whose metadata is gone is not one without a label", ga, {}, "unresolved label"],
    ["a GA whose metadata has no label", ga, { label: { composeinfo: null } }, "keep unlabelled"],
    ["a stable release from before labels, as fedfind names it", "Fedora-20-19700101.0", {}, "unresolved label"],
    ["a GA that a message calls dated", ga, { label: { pungi: lie, composeinfo: "RC-1.1" } }, "keep conflict"],
    ["a GA that metadata calls dated", ga, { label: { pungi: "RC-1.1", composeinfo: lie } }, "keep conflict"],
    [
      "a nightly-looking id with a release's label",
      "Fedora-42-20250410.n.0",
      { label: { pungi: "RC-1.1" } },
      "keep ga",
    ],
    ["a test compose with a dated label", "Fedora-28-20180425.t.0", { label: { pungi: lie } }, "keep not-nightly"],
    ["eight digits somewhere in a label", ga, { label: { pungi: "RC-1.1-20180425.0" } }, "keep malformed"],
    ["eight digits that are no date", ga, { label: { pungi: "RC-12345678.0" } }, "keep malformed"],
    ["nine digits", ga, { label: { pungi: "RC-201804250.0" } }, "keep malformed"],
    ["a date without a respin", ga, { label: { pungi: "RC-20180425" } }, "keep malformed"],
    ["the date of another compose", ga, { label: { pungi: "RC-20180426.0" } }, "keep malformed"],
    ["an id that fedfind cannot look up", "Fedora-EPEL-10-20240918.n.0", {}, "keep foreign-product"],
    ["an id that fedfind does not find in a text", "Fedora-22-20160622.ci.0", {}, "keep not-nightly"],
    ["a Cloud nightly that fedfind calls production", "Fedora-Cloud-28-20180126.n.0", {}, "delete nightly"],
    ["a compose without any name", "", {}, "keep malformed"],
  ];
  for (const [what, id, known, expected] of rows) t.equal(decide(id, known), expected, what);
  t.end();
});

t.test("the switch for unlabelled composes deletes these, and nothing that is kept for another reason", (t) => {
  const none = { label: { pungi: null } };
  t.equal(decide(CLOUD, none), "keep unlabelled", "off unless somebody asks");
  const rows: readonly (readonly [string, Known, string])[] = [
    [CLOUD, none, "delete unlabelled-deleted"],
    [CLOUD, {}, "unresolved label"],
    [CLOUD, { ...none, released: true }, "keep released-two-week"],
    [CLOUD, { label: { pungi: null, composeinfo: "RC-1.1" } }, "keep conflict"],
    [CLOUD, { label: { pungi: "" } }, "keep malformed"],
    [CLOUD, { label: { pungi: "RC-1.1" } }, "keep ga"],
    ["Fedora-22-20160622.ci.0", none, "keep not-nightly"],
    [NIGHTLY, none, "delete nightly"],
  ];
  for (const [id, known, expected] of rows) t.equal(decide(id, known, UNLABELLED_GO), expected, JSON.stringify(known));
  t.end();
});

t.test("only composes of the products that the policy names are ever deletable", (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["Fedora-Rawhide-20260122.n.0", "delete nightly"],
    ["Fedora-eln-20260122.n.3", "delete nightly"],
    ["Fedora-43-20260122.n.0", "delete nightly"],
    ["Fedora-43-updates-20260122.0", "delete dated-label"],
    ["Fedora-Cloud-43-20260122.0", "delete dated-label"],
    ["Fedora-Atomic-27-20260122.0", "delete dated-label"],
    ["Fedora-Modular-Bikeshed-20260122.n.0", "delete nightly"],
    ["Fedora-Container-28-20260122.0", "delete dated-label"],
    ["Fedora-IoT-44-20260122.0", "keep foreign-product"],
    ["Fedora-IoT-20260122.n.0", "keep foreign-product"],
    ["Fedora-CoreOS-44-20260122.n.0", "keep foreign-product"],
    ["Fedora-Cloud-IoT-44-20260122.0", "keep foreign-product"],
    ["Fedora-43-CentOS-9-20260122.0", "keep foreign-product"],
    ["CentOS-9-Fedora-43-20260122.0", "keep foreign-product"],
    ["fedora-43-20260122.n.0", "keep foreign-product"],
    ["FedoraRespin-43-updates-20260122.0", "keep foreign-product"],
    ["CentOS-Stream-9-20260122.0", "keep foreign-product"],
    ["copr-builder-1-20260122.n.0", "keep foreign-product"],
  ];
  const label = { label: { pungi: DATED } };
  for (const [id, expected] of rows) t.equal(decide(id, label), expected, id);
  const none = { ...UNLABELLED_GO, products: [] };
  for (const [id] of rows)
    for (const known of [label, { label: { pungi: null } }, {}])
      t.equal(decide(id, known, none), "keep foreign-product", `${id}, and no product is named`);
  const iot = { ...DEFAULT_POLICY, products: ["Fedora-IoT"] };
  t.equal(decide("Fedora-IoT-44-20260122.0", label, iot), "delete dated-label");
  t.equal(decide(CLOUD, label, iot), "keep foreign-product");
  t.equal(decide("Fedora-IoT-44-20260122.0", { ...label, released: true }), "keep released-two-week");
  t.end();
});

t.test("a compose with two sources of one mind is decided as with one", (t) => {
  t.equal(decide(CLOUD, { label: { pungi: DATED, composeinfo: DATED } }), "delete dated-label");
  t.equal(decide(CLOUD, { label: { pungi: null, composeinfo: null } }), "keep unlabelled");
  t.equal(decide(NIGHTLY, { type: { pungi: "nightly", composeinfo: "nightly" } }), "delete nightly");
  t.end();
});

t.test("what is kept only because nobody knows better is told to a person", (t) => {
  t.same([...KEPT_FOR_A_PERSON].sort(), [
    "conflict",
    "foreign-product",
    "malformed",
    "not-ours",
    "unlabelled",
    "unresolved",
  ]);
  t.end();
});
