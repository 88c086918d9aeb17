import { formatDuration, parseDuration } from "../domain/time.ts";
import { ConfigError } from "../errors.ts";

/**
 * One duration of `[consumer_config]`, in milliseconds. Throws `ConfigError` when it is too long, or shorter than `leastMs`;
 * `unless` says when a shorter one would do.
 */
export function duration(file: string, key: string, text: string, leastMs = 0, unless = ""): number {
  const durationMs = parseDuration(text);
  const where = `${file}: consumer_config.${key} = "${text}"`;
  if (durationMs === null) throw new ConfigError(`${where}: at most 3650d`);
  if (durationMs < leastMs) throw new ConfigError(`${where}: at least ${formatDuration(leastMs)}${unless}`);
  return durationMs;
}

/** An http address, or null for "", which switches the source off, or leaves the choice to others. Throws `ConfigError`. */
export function webAddress(file: string, key: string, text: string): string | null {
  if (text === "" || hasScheme(text, /^https?:$/)) return text === "" ? null : text;
  throw new ConfigError(`${file}: consumer_config.${key} = ${JSON.stringify(text)}: an http or https address, or ""`);
}

export function hasScheme(text: string, scheme: RegExp): boolean {
  return URL.canParse(text) && scheme.test(new URL(text).protocol);
}

/** Whether an address is on this machine, so that nothing behind it is Amazon's. */
export function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { hostname } = new URL(address);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** A value as TOML writes it, on one line. */
export function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "number" && !Number.isFinite(value))
    return String(value).replace("Infinity", "inf").toLowerCase();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, each]) => `${tomlKey(key)} = ${tomlValue(each)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** A key as TOML writes it: in quotes where it has other letters than a bare one may have. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
