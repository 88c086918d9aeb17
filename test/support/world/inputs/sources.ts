import type { Fact, FactSource } from "../../../../src/domain/compose/facts.ts";
import { UpstreamError } from "../../../../src/errors.ts";
import type { ComposeSource } from "../../../../src/ports/index.ts";

/** A source whose answers a test writes down: what it says of a compose, that it knows nothing, or that it fails. */
export class WrittenSource implements ComposeSource {
  readonly source: FactSource;
  readonly asked: string[] = [];
  #answer: Pick<Fact, "type" | "label"> | "nothing" | "failure";

  constructor(source: FactSource, answer: Pick<Fact, "type" | "label"> | "nothing" | "failure") {
    this.source = source;
    this.#answer = answer;
  }

  answers(answer: Pick<Fact, "type" | "label"> | "nothing" | "failure"): void {
    this.#answer = answer;
  }

  async ask(composeId: string): Promise<readonly Fact[]> {
    this.asked.push(composeId);
    // An answer takes a turn of the event loop, so that others can ask meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#answer === "failure") throw new UpstreamError("compose-host", "TIMEOUT", "no answer");
    if (this.#answer === "nothing") return [];
    return [{ composeId, source: this.source, ...this.#answer, at: 0, by: "a test" }];
  }
}
