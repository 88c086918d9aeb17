import t, { type Test } from "tap";
import { openComposeHost } from "../../src/adapters/compose-host.ts";
import { startComposeHost } from "../../src/demo/outside/compose-host.ts";
import { classify, DEFAULT_POLICY, type Policy } from "../../src/domain/compose/classify.ts";
import { addFact, noFacts } from "../../src/domain/compose/facts.ts";
import { fieldCase, type FieldCase } from "../support/world/inputs/cases.ts";
import { SettableClock } from "../support/world/clock.ts";

const NOW = Date.parse("2026-11-24T22:00:00Z");

/** Where the host has a compose; announced: pungi has said so, else it is found where such composes are laid. */
interface Place {
  readonly compose_id: string;
  readonly path: string;
  readonly announced: boolean;
}

interface ComposeInfoCase extends FieldCase<Readonly<Record<string, string | null>>> {
  readonly composeinfo: object;
  readonly place: Place;
}

/** What is learnt of a compose from its document at that place, and what is decided by it. */
async function learn(
  t: Test,
  { compose_id, path, announced }: Place,
  composeinfo: object,
  policy: Policy = DEFAULT_POLICY,
) {
  const host = await startComposeHost(() => NOW);
  t.teardown(() => host.close());
  const trouble = { kind: "answer", status: 200, body: composeinfo } as const;
  host.fail({ path: new RegExp(`^${path.replaceAll(".", "\\.")}/metadata/composeinfo\\.json$`), trouble });
  const location = announced ? `${new URL(host.url).origin}${path}` : null;
  const clock = new SettableClock(NOW);
  const source = openComposeHost({ url: host.url, userAgent: "clean-amis/test", timeoutMs: 5_000, clock });
  const said = await source.ask(compose_id, location);
  const facts = said.reduce(addFact, noFacts(compose_id));
  return { type: facts.types[0]?.value, label: facts.labels[0]?.value, ...classify(facts, policy) };
}

/** Pungi's fixtures are of a Dummy Product, which no policy names by itself. */
const WITH_DUMMY: Policy = { ...DEFAULT_POLICY, products: [...DEFAULT_POLICY.products, "DP"] };

for (const [number, policy] of [
  ["15", DEFAULT_POLICY],
  ["17", DEFAULT_POLICY],
  ["19", WITH_DUMMY],
  ["20", WITH_DUMMY],
] as const) {
  const { composeinfo, place, expected, why } = fieldCase(number) as ComposeInfoCase;
  t.test(`case ${number}: ${why}`, async (t) => {
    t.match(await learn(t, place, composeinfo, policy), expected);
  });
}

t.test("a nightly of a product that the policy does not name is kept for a person", async (t) => {
  const { composeinfo, place } = fieldCase("20") as ComposeInfoCase;
  t.match(await learn(t, place, composeinfo), { kind: "keep", rule: "foreign-product" });
});

t.test("documents of every version of the format say the same", async (t) => {
  const id = "Fedora-Cloud-27-20180317.0";
  const place = { compose_id: id, path: `/compose/cloud/${id}/compose`, announced: true };
  const compose = { date: "20180317", id, respin: 0, type: "production", label: "RC-20180317.0" };
  const release = { name: "Fedora-Cloud", short: "Fedora-Cloud", version: "27" };
  const rows: readonly (readonly [what: string, document: object, kind: string])[] = [
    ["no header", { payload: { compose } }, "delete"],
    ["0.0", { header: { version: "0.0" }, payload: { compose, product: release, variants: {} } }, "delete"],
    ["1.0", { header: { version: "1.0" }, payload: { compose, release: { ...release, is_layered: false } } }, "delete"],
    [
      "layered",
      { header: { version: "1.1" }, payload: { compose, release, base_product: { short: "F", version: "27" } } },
      "delete",
    ],
    ["a respin in quotes", { payload: { compose: { ...compose, respin: "0" } } }, "delete"],
    ["final", { payload: { compose: { ...compose, final: true } } }, "delete"],
    [
      "a release's label",
      { header: { version: "0.3" }, payload: { compose: { ...compose, label: "RC-1.6" } } },
      "keep",
    ],
    ["no label", { header: { version: "0.3" }, payload: { compose: { ...compose, label: null } } }, "keep"],
  ];
  for (const [what, document, kind] of rows)
    t.match(await learn(t, place, document), { type: "production", kind }, what);
});
