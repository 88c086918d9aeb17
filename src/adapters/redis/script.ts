import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

/** A Lua script from `lua/`, run by its hash; Redis is sent the text when it does not know it, as after a restart. */
export type Script = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
) => Promise<unknown>;

/**
 * Reads a script once, with what all, and those like it, have in common before it. Throws when a file is missing: a broken
 * installation.
 */
export function loadScript(name: string, ...shared: readonly string[]): Script {
  const text = [...["common", ...shared].map((each) => `shared/${each}`), name].map(readLua).join("");
  const sha = createHash("sha1").update(text).digest("hex");
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return redis.eval(text, keys.length, ...keys, ...args);
    }
  };
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");
}
