import { AsyncLocalStorage } from "node:async_hooks";
import { setMaxListeners } from "node:events";

/**
 * Who may end the work that a call belongs to. It goes with the work by itself, through every function between, so that no
 * call can forget it: one that was forgotten would act for a pass that was given up long ago.
 */
const signals = new AsyncLocalStorage<AbortSignal | undefined>();

/** The calls under way of each work, and how each is ended: a set, since a busy work has hundreds. */
const underWay = new WeakMap<AbortSignal, Set<(why: Error) => void>>();

/**
 * Runs work that can be given up: once `signal` aborts, none of its calls to Redis, EC2 or an HTTP server goes out, and those
 * under way throw the signal's reason at once, whatever the server does.
 */
export function whileWanted<T>(signal: AbortSignal, work: () => T): T {
  if (!underWay.has(signal)) register(signal);
  return signals.run(signal, work);
}

/** Runs a call for several works: that one of them is given up ends nothing for the others. Each waits by `unlessAbandoned`. */
export function forSeveral<T>(call: () => T): T {
  return signals.run(undefined, call);
}

/** The signal that gives up the work of which this is part; undefined: nobody will. */
export function wantedSignal(): AbortSignal | undefined {
  return signals.getStore();
}

/** The answer of a call; throws the signal's reason when its work was given up before, or while it is waited for. */
export async function unlessAbandoned<T>(call: () => T | Promise<T>): Promise<T> {
  const signal = signals.getStore();
  if (signal === undefined) return call();
  signal.throwIfAborted();
  const calls = underWay.get(signal);
  let end: ((why: Error) => void) | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    end = reject;
    calls?.add(reject);
  });
  try {
    return await Promise.race([call(), abandoned]);
  } finally {
    if (end !== undefined) calls?.delete(end);
  }
}

function register(signal: AbortSignal): void {
  const calls = new Set<(why: Error) => void>();
  underWay.set(signal, calls);
  // Sleeps and requests listen by themselves.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", () => {
    for (const end of calls) end(signal.reason as Error);
  });
}
