import { readComments, type CommentReader } from "./comments.ts";
import type { Instant } from "../domain/time.ts";

/** Reads the comments every so often, and at once when Redis may have lost what was read. */
export class CommentRounds {
  readonly #reader: CommentReader;
  readonly #everyMs: number;
  #last: { readonly at: Instant; readonly runId: string | null } | null = null;

  constructor(reader: CommentReader, everyMs: number) {
    this.#reader = reader;
    this.#everyMs = everyMs;
  }

  /** To be called every few seconds. Throws `UpstreamError`, `RefusedError`; then it is to be called again. */
  async pass(): Promise<void> {
    const { clock, hearing } = this.#reader;
    const [at, runId] = [clock.now(), await hearing.runId()];
    // A clock that went back says nothing of how long ago that was.
    const elapsedMs = this.#last === null || this.#last.runId !== runId ? -1 : at - this.#last.at;
    if (elapsedMs >= 0 && elapsedMs < this.#everyMs) return;
    await readComments(this.#reader);
    this.#last = { at, runId };
  }
}
