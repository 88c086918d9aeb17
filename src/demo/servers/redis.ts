import { Redis } from "ioredis";
import type { RedisSource } from "./find.ts";
import { openGuarded, untilReady } from "./guarded.ts";
import { onFreePorts } from "./ports.ts";
import { SetupError } from "./setup-error.ts";
import { describeError } from "../../errors.ts";

/** A server to talk to. `stop` ends it, unless it was given by its address; it may be called again. */
export type RunningServer = { readonly url: string; readonly stop: () => Promise<void> };

const READY_MS = 20_000;

/** Starts a private Redis, or checks the one given by REDIS_URL. */
export async function startRedis(
  source: RedisSource,
  options: { readonly appendOnly?: boolean } = {},
): Promise<RunningServer> {
  if (source.from === "url") {
    await ping(source.url).catch((error: unknown) => {
      throw new SetupError(`REDIS_URL: Redis does not answer there: ${describeError(error)}`, { cause: error });
    });
    return { url: source.url, stop: () => Promise.resolve() };
  }
  return onFreePorts(1, (port) => launch(source.program, port, options.appendOnly ?? false));
}

async function launch(program: string, port: number, appendOnly: boolean): Promise<RunningServer> {
  const guarded = await openGuarded();
  try {
    const redis = await guarded.start({
      command: program,
      args: [
        ...["--port", String(port), "--bind", "127.0.0.1", "--dir", guarded.dir, "--daemonize", "no"],
        // What production is told to set: an eviction would lose a schedule.
        ...["--maxmemory-policy", "noeviction"],
        ...["--save", "", "--appendonly", appendOnly ? "yes" : "no", "--appendfsync", "everysec"],
      ],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C.UTF-8" },
      log: "redis.log",
    });
    const url = `redis://127.0.0.1:${port}`;
    await untilReady("Redis", redis, () => ping(url), READY_MS);
    return { url, stop: guarded.stop };
  } catch (error) {
    await guarded.stop();
    throw error;
  }
}

async function ping(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The reason of a failed connection comes as an event; `connect` itself only says that it was closed.
  const reasons: Error[] = [];
  client.on("error", (error: Error) => {
    reasons.push(error);
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw reasons[0] ?? error;
  } finally {
    client.disconnect();
  }
}
