/** Readers of parsed JSON that say null to what has another shape. */

export function readAll<T>(value: unknown, read: (item: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(value)) return null;
  const items: T[] = [];
  for (const raw of value as readonly unknown[]) {
    const item = read(raw);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

/** undefined: there is none. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

export function textOf(value: unknown, key: string): string | null {
  const text = fieldOf(value, key);
  return typeof text === "string" ? text : null;
}
