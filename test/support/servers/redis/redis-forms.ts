import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Test } from "tap";
import { until } from "../broker/bus.ts";
import { findServers } from "../../../../src/demo/servers/find.ts";
import { openGuarded, untilReady, type Guarded } from "../../../../src/demo/servers/guarded.ts";
import { onFreePorts } from "../../../../src/demo/servers/ports.ts";

const READY_MS = 20_000;
const SLOTS = 16_384;
/** So long a server may be silent, on a machine that is busy, before another one takes its place by itself. */
const PATIENCE_MS = 60_000;
/** A Cluster's nodes speak to each other on a port so far above their own. */
const MOST_PORT = 65_535 - 10_000;
/** What the sentinels call the master. */
export const MASTER = "mymaster";

/** One real server of several, past every client of ours. */
export interface RedisNode {
  readonly port: number;
  readonly admin: Redis;
  /** Ends it at once, or lets it stand still and go on. */
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
}

/** Several real servers, private and on free ports; they end with the test. */
export interface RedisForm {
  /** As `redis_url` has it. */
  readonly url: string;
  readonly masters: readonly RedisNode[];
  readonly replicas: readonly RedisNode[];
  /** Masters of a Cluster that have no slots. */
  readonly spares: readonly RedisNode[];
  /** Makes a replica of this master the master. By themselves they would do so only after a minute. */
  promote(master: RedisNode): Promise<void>;
}

/** One master, its replicas, and sentinels. */
export async function startSentinels(
  test: Pick<Test, "teardown">,
  { replicas = 1, sentinels = 1, args = [] as readonly string[] } = {},
): Promise<RedisForm> {
  return onFreePorts(1 + replicas + sentinels, async (...ports) => {
    const starter = await openStarter(test);
    const [master, ...others] = await Promise.all(
      ports
        .slice(0, 1 + replicas)
        .map((port) =>
          starter.start(port, [...args, ...(port === ports[0] ? [] : ["--replicaof", "127.0.0.1", String(ports[0])])]),
        ),
    );
    if (master === undefined) throw new Error("no master was started");
    await until("the replicas are in step", async () => {
      const info = await master.admin.info("replication");
      return [...info.matchAll(/state=online/g)].length === replicas;
    });
    const theirs = ports.slice(1 + replicas);
    const [first] = await Promise.all(theirs.map((port) => starter.startSentinel(port, master.port, sentinels)));
    return {
      url: `redis+sentinel://${theirs.map((port) => `127.0.0.1:${port}`).join(",")}/${MASTER}/0`,
      masters: [master],
      replicas: others,
      spares: [],
      promote: () =>
        until("the sentinel has begun", async () => {
          const answers = await Promise.allSettled([first?.call("SENTINEL", "FAILOVER", MASTER)]);
          return answers.every(({ status }) => status === "fulfilled");
        }),
    };
  });
}

/** Three masters with a third of the slots each; each has so many replicas. */
export async function startCluster(
  test: Pick<Test, "teardown">,
  { replicas = 0, spares = 0 } = {},
): Promise<RedisForm> {
  return onFreePorts(3 * (1 + replicas) + spares, async (...free) => {
    const starter = await openStarter(test);
    const ports = free.map((port) => (port > MOST_PORT ? port - 20_000 : port));
    const nodes = await Promise.all(
      ports.map((port) =>
        starter.start(port, [
          "--cluster-enabled",
          "yes",
          "--cluster-config-file",
          `nodes-${port}.conf`,
          "--cluster-node-timeout",
          String(PATIENCE_MS),
        ]),
      ),
    );
    const [masters, others] = [nodes.slice(0, 3), nodes.slice(3, 3 * (1 + replicas))];
    await Promise.all(
      masters.map(async ({ admin }, index) => {
        await admin.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
        const [from, to] = [Math.floor((SLOTS / 3) * index), Math.floor((SLOTS / 3) * (index + 1))];
        await admin.call("CLUSTER", "ADDSLOTS", ...Array.from({ length: to - from }, (_, slot) => from + slot));
      }),
    );
    for (const { admin } of nodes.slice(1)) await admin.call("CLUSTER", "MEET", "127.0.0.1", ports[0] ?? 0);
    await until("all nodes know each other", async () => {
      const all = await Promise.all(nodes.map(({ admin }) => admin.call("CLUSTER", "INFO") as Promise<string>));
      return all.every((info) => info.includes(`cluster_known_nodes:${nodes.length}`));
    });
    await Promise.all(
      others.map(async ({ admin }, index) => {
        const id = (await masters[index % 3]?.admin.call("CLUSTER", "MYID")) as string;
        await admin.call("CLUSTER", "REPLICATE", id);
      }),
    );
    await until("all slots are served, and the replicas are in step", async () => {
      const all = await Promise.all(nodes.map(({ admin }) => admin.call("CLUSTER", "INFO") as Promise<string>));
      const links = await Promise.all(others.map(({ admin }) => admin.info("replication")));
      return (
        all.every((info) => info.includes("cluster_state:ok")) &&
        links.every((info) => info.includes("master_link_status:up"))
      );
    });
    const url = `redis+cluster://${masters
      .slice(0, 2)
      .map(({ port }) => `127.0.0.1:${port}`)
      .join(",")}`;
    const promote = async (master: RedisNode): Promise<void> => {
      await others[masters.indexOf(master)]?.admin.call("CLUSTER", "FAILOVER", "TAKEOVER");
    };
    return { url, masters, replicas: others, spares: nodes.slice(3 * (1 + replicas)), promote };
  });
}

/** A real server for each of these, with these arguments; they know nothing of each other. */
export async function startServers(
  test: Pick<Test, "teardown">,
  ...each: readonly (readonly string[])[]
): Promise<readonly RedisNode[]> {
  const starter = await openStarter(test);
  return onFreePorts(each.length, (...ports) =>
    Promise.all(ports.map((port, index) => starter.start(port, each[index] ?? []))),
  );
}

/** Starts real servers one by one. */
export interface Starter {
  /** For files that the servers read. */
  readonly dir: string;
  start(port: number, args: readonly string[]): Promise<RedisNode>;
  /** One of `count` sentinels of a master that has replicas; `lines`: of its configuration. */
  startSentinel(port: number, master: number, count: number, lines?: readonly string[]): Promise<Redis>;
}

/** They end with the test. */
export async function openStarter(test: Pick<Test, "teardown">): Promise<Starter> {
  const { redis } = await findServers();
  if (redis.from === "url") throw new Error("several servers are made from a program, and not by REDIS_URL");
  const guarded = await openGuarded();
  test.teardown(() => guarded.stop());
  const { program } = redis;
  return {
    dir: guarded.dir,
    start: (port, args) => startNode(test, guarded, { program, port, args }),
    startSentinel: (port, master, count, lines = []) =>
      startSentinel(test, guarded, { program, port, master, count, lines }),
  };
}

const ENV = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C.UTF-8" };

async function startNode(
  test: Pick<Test, "teardown">,
  guarded: Guarded,
  { program, port, args }: { readonly program: string; readonly port: number; readonly args: readonly string[] },
): Promise<RedisNode> {
  const started = await guarded.start({
    command: program,
    args: [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", guarded.dir, "--daemonize", "no"],
      ...["--maxmemory-policy", "noeviction", "--save", "", "--appendonly", "no", "--dbfilename", `${port}.rdb`],
      ...["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", ...args],
    ],
    env: ENV,
    log: `${port}.log`,
  });
  const admin = new Redis(port, "127.0.0.1", { retryStrategy: () => 100, maxRetriesPerRequest: null, protocol: 2 });
  // It is killed while we are connected.
  admin.on("error", () => undefined);
  test.teardown(() => {
    admin.disconnect();
  });
  await untilReady(
    "Redis",
    started,
    async () => {
      await admin.ping();
    },
    READY_MS,
  );
  return { port, admin, signal: (name) => void process.kill(started.pid, name) };
}

interface SentinelWanted {
  readonly program: string;
  readonly port: number;
  readonly master: number;
  readonly count: number;
  readonly lines: readonly string[];
}

async function startSentinel(
  test: Pick<Test, "teardown">,
  guarded: Guarded,
  { program, port, master, count, lines: more }: SentinelWanted,
): Promise<Redis> {
  const file = join(guarded.dir, `sentinel-${port}.conf`);
  const quorum = Math.floor(count / 2) + 1;
  const lines = [
    ...[`port ${port}`, "bind 127.0.0.1", `dir ${guarded.dir}`],
    `sentinel monitor ${MASTER} 127.0.0.1 ${master} ${quorum}`,
    ...[
      `sentinel down-after-milliseconds ${MASTER} ${PATIENCE_MS}`,
      `sentinel failover-timeout ${MASTER} ${PATIENCE_MS}`,
    ],
    ...more,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  const started = await guarded.start({ command: program, args: [file, "--sentinel"], env: ENV, log: `${port}.log` });
  const admin = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false });
  admin.on("error", () => undefined);
  const knows = async (): Promise<void> => {
    if (admin.status !== "ready") await admin.connect();
    const [known] = (await admin.call("SENTINEL", "replicas", MASTER)) as unknown[];
    if (known === undefined) throw new Error("it knows no replica yet");
    const said = (await admin.call("SENTINEL", "master", MASTER)) as string[];
    if (said[said.indexOf("num-other-sentinels") + 1] !== String(count - 1))
      throw new Error("it does not know the others");
  };
  await untilReady("Sentinel", started, knows, READY_MS);
  test.teardown(() => {
    admin.disconnect();
  });
  return admin;
}
