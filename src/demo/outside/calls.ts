/** The calls that a double was made, in order of their answers, and who wants to hear of each. */
export class Calls<Call> {
  readonly #journal: Call[] = [];
  readonly #listeners = new Set<(call: Call) => void>();

  get journal(): readonly Call[] {
    return this.#journal;
  }

  record(call: Call): void {
    this.#journal.push(call);
    for (const listener of this.#listeners) listener(call);
  }

  /** Forgets what was written so far: whoever wants it has listened. */
  forget(): void {
    this.#journal.length = 0;
  }

  /** Calls the listener after each further entry; the returned function ends that. */
  listen(listener: (call: Call) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
