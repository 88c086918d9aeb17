import { readComments, type CommentReader } from "./comments.ts";
import { isHeraldTopic, type Herald } from "../domain/comment/herald.ts";
import { SECOND_MS, type Instant } from "../domain/time.ts";
import type { Message } from "../ports/index.ts";

/** However many messages tell of comments, the forge is read no sooner after it was read. */
const LEAST_MS = 10 * SECOND_MS;

/** Whose comments are read. */
export interface CommentPlace {
  readonly kind: Herald;
  /** The project, as the forge spells it. */
  readonly repo: string;
}

/**
 * Reads the comments every so often, sooner when the bus tells of a new one, and at once when Redis may have lost what was read.
 * What the bus says of a comment is nobody's word: it is read at the forge.
 */
export class CommentRounds {
  readonly #reader: CommentReader;
  readonly #everyMs: number;
  readonly #place: CommentPlace;
  #isWoken = false;
  #last: { readonly at: Instant; readonly runId: string | null } | null = null;

  constructor(reader: CommentReader, everyMs: number, place: CommentPlace) {
    this.#reader = reader;
    this.#everyMs = everyMs;
    this.#place = place;
  }

  /** A message of the bus; whatever stands in it, it does no more than to have the forge read sooner. */
  hear({ topic, body }: Pick<Message, "topic" | "body">): void {
    const { kind, repo } = this.#place;
    if (isHeraldTopic(kind, topic) && body.includes(JSON.stringify(repo))) this.#isWoken = true;
  }

  /** To be called every few seconds. Throws `UpstreamError`, `RefusedError`; then it is to be called again. */
  async pass(): Promise<void> {
    const { clock, hearing } = this.#reader;
    const [at, runId] = [clock.now(), await hearing.runId()];
    // A clock that went back says nothing of how long ago that was.
    const elapsedMs = this.#last === null || this.#last.runId !== runId ? -1 : at - this.#last.at;
    const pauseMs = this.#isWoken ? Math.min(LEAST_MS, this.#everyMs) : this.#everyMs;
    if (elapsedMs >= 0 && elapsedMs < pauseMs) return;
    // What is told while it is read may have come too late for it.
    this.#isWoken = false;
    await readComments(this.#reader);
    this.#last = { at, runId };
  }
}
