import t from "tap";
import { openComposeHost } from "../../src/adapters/compose-host.ts";
import { startComposeHost } from "../../src/demo/outside/compose-host.ts";
import { classify, DEFAULT_POLICY } from "../../src/domain/compose/classify.ts";
import { addFact, noFacts } from "../../src/domain/compose/facts.ts";
import { fieldCase, type FieldCase } from "../support/world/cases.ts";
import { SettableClock } from "../support/world/clock.ts";

const NOW = Date.parse("2026-11-24T22:00:00Z");

interface ComposeInfoCase extends FieldCase<{ readonly kind: string }> {
  readonly composeinfo: object;
  readonly place: { readonly compose_id: string };
}

for (const number of ["19", "20"])
  t.test(`case ${number}: the facts of pungi's own fixture decide as they should`, async (t) => {
    const { composeinfo, place, expected } = fieldCase(number) as ComposeInfoCase;
    const host = await startComposeHost(() => NOW);
    t.teardown(() => host.close());
    const location = host.add({ id: place.compose_id, type: "production", place: "pungi" });
    host.fail({ trouble: { kind: "answer", status: 200, body: composeinfo } });
    const clock = new SettableClock(NOW);
    const source = openComposeHost({ url: host.url, userAgent: "clean-amis/test", timeoutMs: 5_000, clock });
    const facts = await source.ask(place.compose_id, location);
    t.equal(facts.length, 1);
    // The fixture's product is nobody's but pungi's: by the policy that ships it would be kept for a person.
    const policy = { ...DEFAULT_POLICY, products: [...DEFAULT_POLICY.products, "DP"] };
    t.equal(classify(facts.reduce(addFact, noFacts(place.compose_id)), policy).kind, expected.kind);
  });
