import { Redis } from "ioredis";
import type { Test } from "tap";
import { findServers } from "../../../src/demo/servers/find.ts";
import { openGuarded, untilReady, type GuardedProgram } from "../../../src/demo/servers/guarded.ts";
import { onFreePorts } from "../../../src/demo/servers/ports.ts";
import { startCluster, startSentinels, type RedisNode } from "../servers/redis/redis-forms.ts";
import { serverUrl } from "../servers/redis/redis.ts";

export type FormName = "alone" | "sentinel" | "cluster";

/** A Redis that a fault may meet. */
export interface FaultyRedis {
  readonly form: FormName;
  readonly url: string;
  readonly masters: readonly RedisNode[];
  /** Of several: another one takes this one's place. Alone: it is started anew, with all that it had written. */
  again(master: RedisNode): Promise<void>;
}

const READY_MS = 60_000;

/** The run's own: it may be asked, and nothing may be done to it. */
export function redisOfRun(t: Pick<Test, "teardown">): FaultyRedis {
  const url = serverUrl("TEST_REDIS_URL");
  const admin = new Redis(url);
  t.teardown(() => {
    admin.disconnect();
  });
  const signal = (): never => {
    throw new Error("it is not ours alone");
  };
  const node: RedisNode = { port: Number(new URL(url).port), admin, signal };
  return { form: "alone", url, masters: [node], again: () => Promise.reject(new Error("it is not ours alone")) };
}

/** A form of its own; it ends with the test. */
export async function startForm(t: Pick<Test, "teardown">, form: FormName): Promise<FaultyRedis> {
  if (form === "alone") return startAlone(t);
  const started = form === "sentinel" ? await startSentinels(t) : await startCluster(t, { replicas: 1 });
  return { form, url: started.url, masters: started.masters, again: (master) => started.promote(master) };
}

/** One server that writes all down, every second. */
function startAlone(t: Pick<Test, "teardown">): Promise<FaultyRedis> {
  return onFreePorts(1, async (port) => {
    const { redis } = await findServers();
    if (redis.from === "url") throw new Error("a Redis is made from a program, and not by REDIS_URL");
    const guarded = await openGuarded();
    t.teardown(() => guarded.stop());
    const admin = new Redis(port, "127.0.0.1", { retryStrategy: () => 100, maxRetriesPerRequest: null });
    admin.on("error", () => undefined);
    t.teardown(() => {
      admin.disconnect();
    });
    const start = async (): Promise<GuardedProgram> => {
      const started = await guarded.start({
        command: redis.program,
        args: [
          ...["--port", String(port), "--bind", "127.0.0.1", "--dir", guarded.dir, "--daemonize", "no", "--save", ""],
          ...["--maxmemory-policy", "noeviction", "--appendonly", "yes", "--appendfsync", "everysec"],
        ],
        env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C.UTF-8" },
        log: "redis.log",
      });
      await untilReady(
        "Redis",
        started,
        async () => {
          await admin.ping();
        },
        READY_MS,
      );
      return started;
    };
    let program = await start();
    const node: RedisNode = { port, admin, signal: (name) => void process.kill(program.pid, name) };
    const again = async (): Promise<void> => {
      await program.end();
      program = await start();
    };
    return { form: "alone", url: `redis://127.0.0.1:${port}/0`, masters: [node], again };
  });
}
