import { classify, describeDecision, type Policy } from "../domain/compose/classify.ts";
import { parseComposeId } from "../domain/compose/compose.ts";
import { addFact, noFacts, type ComposeFacts } from "../domain/compose/facts.ts";
import { orderOf, streamOf } from "../domain/image/stream.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Heard } from "./decode.ts";

/** What messages say of composes, learnt without any server: facts, and which compose of a stream is newest. */
export class Rehearsal {
  readonly #facts = new Map<string, ComposeFacts>();
  readonly #streams = new Map<string, Map<string, number>>();
  /** The newest composes by count and stream, for as long as nothing new is learnt of them. */
  readonly #newest = new Map<string, ReadonlySet<string>>();

  /** The composes that an AMI was named with. */
  readonly #named = new Map<string, Set<string>>();

  learn(heard: Heard): void {
    this.#newest.clear();
    if (heard.kind === "facts")
      for (const fact of heard.facts) this.#facts.set(fact.composeId, addFact(this.#factsOf(fact.composeId), fact));
    if (heard.kind !== "uploads") return;
    for (const upload of heard.uploads) {
      this.#rank(upload);
      const name = `${upload.region} ${upload.amiId}`;
      this.#named.set(name, (this.#named.get(name) ?? new Set()).add(upload.composeId));
    }
  }

  fateOf(upload: Upload, policy: Policy): string {
    const [first = "", ...others] = this.#named.get(`${upload.region} ${upload.amiId}`) ?? [];
    const reason = `announced for compose ${first}, and again for ${others.join(", ")}`;
    if (others.length > 0) return describeDecision({ kind: "keep", rule: "conflict", reason });
    const decision = classify(this.#factsOf(upload.composeId), policy);
    if (decision.kind === "delete" && this.#isNewest(upload, policy.keepNewest))
      return `stays: among the newest ${policy.keepNewest} of its stream`;
    return describeDecision(decision);
  }

  #factsOf(composeId: string): ComposeFacts {
    return this.#facts.get(composeId) ?? noFacts(composeId);
  }

  #rank(upload: Upload): void {
    const id = parseComposeId(upload.composeId);
    const key = `${upload.region} ${streamOf(upload) ?? ""}`;
    if (!id.ok) return;
    const composes = this.#streams.get(key) ?? new Map<string, number>();
    this.#streams.set(key, composes.set(upload.composeId, orderOf(id.value)));
  }

  #isNewest(upload: Upload, count: number): boolean {
    const stream = `${upload.region} ${streamOf(upload) ?? ""}`;
    const known = this.#newest.get(`${count} ${stream}`);
    if (known !== undefined) return known.has(upload.composeId);
    const composes = [...(this.#streams.get(stream) ?? [])].toSorted(([, one], [, other]) => other - one);
    const newest = new Set(composes.slice(0, count).map(([composeId]) => composeId));
    this.#newest.set(`${count} ${stream}`, newest);
    return newest.has(upload.composeId);
  }
}
