/**
 * The same port, with every error that a method ends with passed through `translate`, which returns what to throw instead.
 * `translate` is told the method's name and its arguments, to say what was being done.
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
        const result: unknown = Reflect.apply(value, target, args);
        return isIterable(result) ? iterate(result, toThrow) : settle(result, toThrow);
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
  try {
    yield* iterable;
  } catch (error) {
    throw toThrow(error);
  }
}

async function settle(result: unknown, toThrow: (error: unknown) => unknown): Promise<unknown> {
  try {
    return await result;
  } catch (error) {
    throw toThrow(error);
  }
}
