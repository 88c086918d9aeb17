/** How long a new connection is given before another is made for the same reason. */
const PAUSE_MS = 1_000;

/**
 * Whether a server says that it is not, or no more, the one to write to: a replica, one that is cut off from its master, one
 * that reads its memory, one whose replicas have left it. Behind an address, or its sentinels, there may be another by now. A
 * Redis before 7 puts words of its own before those of a command that a script called.
 */
export function isElsewhere(error: Error): boolean {
  return /(?:^|[\s-])(?:READONLY|MASTERDOWN|LOADING|NOREPLICAS) /.test(error.message);
}

/** Says how often a connection is made anew while the other end goes on saying no. */
export class Patience {
  /** Whether there was a connection. */
  isOpen = false;
  #until = -Infinity;

  isOver(): boolean {
    const now = performance.now();
    if (now < this.#until) return false;
    this.#until = now + PAUSE_MS;
    return true;
  }
}

/** An access list forbids the command to our user, or a provider has taken it away. */
export function isForbidden(error: unknown): boolean {
  return (
    error instanceof Error && /^(?:EXECABORT [^:]+: )?NOPERM |^ERR unknown (?:command|subcommand)/.test(error.message)
  );
}
