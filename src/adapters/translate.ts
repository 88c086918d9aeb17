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
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(value, target, args) as Promise<unknown>);
        } catch (error) {
          throw translate(error, String(name), args);
        }
      };
    },
  });
}
