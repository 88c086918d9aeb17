import { DAY_MS, type Instant } from "../../domain/time.ts";
import { ConfigError, describeError, FOREIGN, RefusedError, UpstreamError } from "../../errors.ts";
import type { Log, StrangeThing } from "../../ports/index.ts";

/** What was not met again for so long is there no more. */
const FORGOTTEN_MS = DAY_MS;
/** So many things are remembered as told; a flood of rubbish must not fill our memory. */
const MOST_TOLD = 1000;

/** A record in Redis that cannot be read: somebody else wrote there. Not a failure that passes by itself. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
}

/** What of ours cannot be read, as far as this process has met it: each thing is told to the log once. */
export class Strangers {
  readonly #log: Pick<Log, "error">;
  readonly #now: () => Instant;
  readonly #met = new Map<string, StrangeThing & { readonly metAt: Instant }>();

  constructor(log: Pick<Log, "error">, now: () => Instant = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  /** `problem`: what is wrong with it, and what to type. */
  tell(key: string, problem: string, region: string | null = null): void {
    const [known, metAt] = [this.#met.get(key), this.#now()];
    if (known === undefined) this.#log.error({ key }, problem);
    if (known === undefined && this.#met.size >= MOST_TOLD) this.#met.delete(this.#met.keys().next().value ?? "");
    this.#met.set(key, { key, problem, region, since: known?.since ?? metAt, metAt });
  }

  /** It can be read again, or is gone. */
  forget(key: string): void {
    this.#met.delete(key);
  }

  list(): readonly StrangeThing[] {
    const oldest = this.#now() - FORGOTTEN_MS;
    return [...this.#met.values()].filter(({ metAt }) => metAt >= oldest);
  }

  /** The answer; for a key that is not ours to read `instead`, and it is told. */
  async orTell<T, U>(key: string, answer: Promise<T>, instead: U): Promise<T | U> {
    const [given] = await this.eachOrTell([key], [answer], instead);
    return given as T | U;
  }

  /** The same of many keys at once. */
  async eachOrTell<T, U>(keys: readonly string[], answers: readonly Promise<T>[], instead: U): Promise<(T | U)[]> {
    const given = await Promise.allSettled(answers);
    return given.map((each, index) => {
      const key = keys[index] ?? "";
      if (each.status === "fulfilled") {
        this.forget(key);
        return each.value;
      }
      const translated = asUpstream(each.reason);
      if (!(translated instanceof RefusedError)) throw each.reason;
      this.tell(key, translated.message);
      return instead;
    });
  }
}

/**
 * Redis' failures as `UpstreamError`. A key of ours that holds something else, and a record that cannot be understood, are
 * told in one sentence, as a `RefusedError` with the code `foreign-key`: a person has to look. A bug stays as it is.
 */
export function asUpstream(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UpstreamError || error instanceof RefusedError) return error;
  if (error instanceof ConfigError) return error;
  if (error instanceof UnreadableRecord)
    return new RefusedError("redis", FOREIGN, `redis: ${describeError(error)}`, { cause: error });
  if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) return error;
  const key = foreignKeyOf(error);
  if (key !== null) return new RefusedError("redis", FOREIGN, `redis: ${ofOtherType(key)}`, { cause: error });
  return new UpstreamError("redis", "failed", `redis: ${describeError(error)}`, { cause: error });
}

/** The key that a command, or one of our scripts, has found to be of another type; null for another error. */
export function foreignKeyOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const named = /FOREIGNKEY (?<key>\S+)/.exec(error.message)?.groups?.["key"];
  if (named !== undefined) return named;
  // Redis before 7 puts words of its own before those of a command that a script called.
  if (!error.message.includes("WRONGTYPE")) return null;
  // ioredis adds the command that failed.
  const { command } = error as { readonly command?: { readonly name?: string; readonly args?: readonly unknown[] } };
  const key = command?.args?.[command.name?.startsWith("eval") === true ? 2 : 0];
  return typeof key === "string" ? key : "a key";
}

/** What is wrong with a key of another type, and what to type. */
export function ofOtherType(key: string): string {
  const quoted = quoteKey(key);
  return (
    `${key} is not of the type that clean-amis writes: it is left alone; look at it (redis-cli TYPE ${quoted}), ` +
    `then move it away: redis-cli RENAME ${quoted} ${quoteKey(`${key}:moved`)}`
  );
}

/** For a shell. */
export function quoteKey(key: string): string {
  return `'${key.replaceAll("'", "'\\''")}'`;
}
