import type { Decider } from "./change.ts";
import { learnFact } from "./fact.ts";
import { classify } from "../domain/compose/classify.ts";
import type { ComposeFacts, FactSource } from "../domain/compose/facts.ts";
import { believable } from "../domain/limits/deaf.ts";
import { DAY_MS, MINUTE_MS, type Instant } from "../domain/time.ts";
import { describeError, UpstreamError } from "../errors.ts";
import type { Clock, ComposeSource, Facts, Log } from "../ports/index.ts";

/** Whoever asks sources, and decides by what they say. */
export interface Asker extends Decider {
  readonly facts: Pick<Facts, "recall" | "remember" | "noteAsked">;
  readonly sources: readonly ComposeSource[];
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

/** A source that knew nothing, or failed, is left alone for so long. */
const SILENT_AGAIN_MS = 5 * MINUTE_MS;
const FAILED_AGAIN_MS = MINUTE_MS;
/** How old "knows nothing" may be when an image goes private: a compose that was still running then has metadata by now. */
const SILENCE_COUNTS_MS = DAY_MS;

/**
 * Asks the sources what they know of composes: one look-up a compose, however many images, regions and messages want it at
 * once. What is learnt is remembered and every image of the compose decided again.
 */
export class Consultation {
  readonly #asker: Asker;
  readonly #underWay = new Map<string, Promise<void>>();
  /** When a source failed for a compose: `source compose-id` to instant. Only what failed within a minute is in it. */
  readonly #failed = new Map<string, Instant>();

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** Asks whoever may still have something to say. Throws `UpstreamError` only when Redis is away. */
  about(composeId: string): Promise<void> {
    const known = this.#underWay.get(composeId);
    if (known !== undefined) return known;
    const asking = this.#askAll(composeId).finally(() => this.#underWay.delete(composeId));
    this.#underWay.set(composeId, asking);
    return asking;
  }

  /**
   * The sources without whose word nothing is made private on the strength of a label: those that have not said anything, nor
   * known nothing within the last day.
   */
  unanswered(facts: ComposeFacts, now: Instant): readonly FactSource[] {
    return this.#asker.sources
      .map(({ source }) => source)
      .filter((source) => {
        const asked = facts.asked.find((each) => each.source === source);
        return (
          asked === undefined ||
          (asked.outcome === "silent" && now - (believable(asked.at, now) ?? 0) > SILENCE_COUNTS_MS)
        );
      });
  }

  async #askAll(composeId: string): Promise<void> {
    const { facts, sources, clock, policy } = this.#asker;
    for (const source of sources) {
      const [known] = await facts.recall([composeId]);
      if (known === undefined) return;
      // The first answer is enough to keep.
      if (classify(known, policy).kind === "keep") return;
      if (this.#isDue(source.source, known, clock.now())) await this.#ask(source, known);
    }
  }

  #isDue(source: FactSource, { composeId, asked }: ComposeFacts, now: Instant): boolean {
    const last = asked.find((each) => each.source === source);
    if (last?.outcome === "said") return false;
    if (last !== undefined && now - (believable(last.at, now) ?? 0) < SILENT_AGAIN_MS) return false;
    for (const [key, at] of this.#failed) if (now - at >= FAILED_AGAIN_MS) this.#failed.delete(key);
    return !this.#failed.has(`${source} ${composeId}`);
  }

  async #ask(source: ComposeSource, { composeId, location }: ComposeFacts): Promise<void> {
    const { facts, clock, log } = this.#asker;
    try {
      const said = await source.ask(composeId, location);
      // Remembered before it is noted as asked: a crash in between asks again, and loses no word.
      for (const fact of said) await learnFact(fact, this.#asker);
      await facts.noteAsked(composeId, source.source, said.length > 0 ? "said" : "silent", clock.now());
      log.info({ compose: composeId, source: source.source, facts: said.length }, "source asked");
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.service === "redis") throw error;
      this.#failed.set(`${source.source} ${composeId}`, clock.now());
      log.warn({ compose: composeId, source: source.source, error: describeError(error) }, "source did not answer");
    }
  }
}
