import { refusedCommands } from "./commands.ts";
import type { Socket } from "node:net";
import type { Redis } from "ioredis";
import { clusterOf, mastersOf, nameOf, nodeOf, timeOf } from "./client/cluster.ts";
import { isForbidden } from "./client/trouble.ts";
import { FORMAT, type RedisConnection } from "./connection.ts";
import { asUpstream } from "./strange.ts";
import { translateErrors } from "../translate.ts";
import { QUEUES } from "../../domain/image/lifecycle.ts";
import { showHost } from "../../config/redis/address.ts";
import type { StoreCheckup, StoreForm } from "../../ports/index.ts";

/** Images whose records are measured, for their mean. */
const SAMPLE = 50;

type Own = Omit<
  StoreCheckup,
  | "schedule"
  | "queues"
  | "places"
  | "strangeThings"
  | "journal"
  | "busJournal"
  | "listen"
  | "budgets"
  | "refusedDurability"
>;

/** What Redis says of itself, and how large our records are. Nothing is written. */
export function redisCheckup(connection: RedisConnection): Own {
  const { redis, keys } = connection;
  const own: Own = {
    info: () => unlessForbidden(async () => parseInfo(await nodeOf(redis, keys.control("run")).info())),
    form: () => formOf(connection),
    refusedCommands: () => refusedCommands(connection),
    pingMs: async () => {
      const start = performance.now();
      // Which the service needs anyway: its user need not be allowed to PING.
      await timeOf(redis, keys);
      return performance.now() - start;
    },
    format: async () => ({ written: await redis.get(keys.format), known: FORMAT }),
    queueName: () => redis.get(keys.control("queue")),
    bytesPerImage: (region) => unlessForbidden(() => measure(connection, region)),
  };
  return translateErrors(own, asUpstream);
}

async function formOf({ redis, keys }: RedisConnection): Promise<StoreForm> {
  const { sentinels, path } = redis.options;
  const form = clusterOf(redis) !== null ? "cluster" : sentinels ? "sentinel" : path ? "socket" : "alone";
  const masters = mastersOf(redis).map(async (node) => {
    const [info, wanted] = await Promise.all([
      unlessForbidden(async () => parseInfo(await node.info("replication"))),
      settingOf(node, "min-replicas-to-write"),
    ]);
    const replicas = info === null ? null : Number(info["connected_slaves"] ?? 0);
    return { address: peerOf(node), replicas, wantedReplicas: wanted === null ? null : Number(wanted) };
  });
  const fsync = await settingOf(nodeOf(redis, keys.control("run")), "appendfsync");
  return { form, masters: await Promise.all(masters), fsync };
}

function settingOf(node: Redis, name: string): Promise<string | null> {
  return unlessForbidden(async () => {
    const [, value] = (await node.config("GET", name)) as readonly string[];
    return value ?? null;
  });
}

function peerOf(node: Redis): string {
  const { stream } = node as unknown as { readonly stream?: Socket };
  const { remoteAddress: host, remotePort: port } = stream ?? {};
  return host === undefined || port === undefined ? nameOf(node) : showHost({ host, port });
}

async function unlessForbidden<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (isForbidden(error)) return null;
    throw error;
  }
}

/** A sampled record with its part of what the region has in common. */
async function measure({ redis, keys }: RedisConnection, region: string): Promise<number | null> {
  const [amiIds, count] = await Promise.all([
    redis.srandmember(keys.images(region), SAMPLE),
    redis.scard(keys.images(region)),
  ]);
  if (amiIds.length === 0) return null;
  const sizeOf = async (key: string): Promise<number> => (await redis.memory("USAGE", key)) ?? 0;
  const records = await Promise.all(amiIds.map((amiId) => sizeOf(keys.image(region, amiId))));
  const shared = [
    keys.images(region),
    keys.composes(region),
    keys.events(region),
    ...QUEUES.map((queue) => keys.queue(region, queue)),
  ];
  const common = await Promise.all(shared.map(sizeOf));
  return sum(records) / records.length + sum(common) / count;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** INFO's `name:value` lines. */
function parseInfo(text: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/).filter((line) => /^[a-z][\w.-]*:/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}
