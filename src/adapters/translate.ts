import { unlessAbandoned, wantedSignal } from "./abandon.ts";

/**
 * The same port, with every error that a method ends with passed through `translate`, which returns what to throw instead.
 * `translate` is told the method's name and its arguments, to say what was being done. No call goes out for work that was
 * given up, and none keeps it waiting.
 */
export function translateErrors<T extends object>(
  port: T,
  translate: (error: unknown, method: string, args: readonly unknown[]) => unknown,
): T {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        const toThrow = (error: unknown): unknown => translate(error, String(name), args);
        wantedSignal()?.throwIfAborted();
        const result: unknown = Reflect.apply(value, target, args);
        return isIterable(result) ? iterate(result, toThrow) : settle(() => result, toThrow);
      };
    },
  });
}

function isIterable(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

async function* iterate(
  iterable: AsyncIterable<unknown>,
  toThrow: (error: unknown) => unknown,
): AsyncGenerator<unknown, void> {
  const items = iterable[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const item = await settle(() => items.next(), toThrow);
      isOver = item.done === true;
      if (item.done === true) return;
      yield item.value;
    }
  } finally {
    if (!isOver) await settle(() => items.return?.(), toThrow);
  }
}

async function settle<T>(call: () => T | Promise<T>, toThrow: (error: unknown) => unknown): Promise<T> {
  try {
    return await unlessAbandoned(call);
  } catch (error) {
    throw toThrow(error);
  }
}
