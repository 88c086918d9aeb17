import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { Redis } from "ioredis";
import { EXCHANGE } from "./announcements.ts";
import { startWatched, type Watched } from "./watched.ts";
import { routingKeys } from "../../domain/topics.ts";
import { findServers } from "../servers/find.ts";
import { startRabbitmq } from "../servers/rabbitmq.ts";
import { startRedis } from "../servers/redis.ts";
import { startDatagrepper } from "../outside/datagrepper/double.ts";

/** Private servers for a bench, an archive that has nothing, and a folder. */
export interface Scene {
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly amqpUrl: string;
  readonly archiveUrl: string;
  /** Of Node and of the servers. */
  readonly versions: Readonly<Record<"node" | "redis" | "rabbitmq", string>>;
  /** Writes a file into the scene's folder; resolves to its path. */
  readonly write: (name: string, text: string) => Promise<string>;
}

/** Opens the scene for the time of `work`. Its servers are its own, whatever the environment names: a bench empties them. */
export async function onScene<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  const servers = await findServers({ env: { ...process.env, REDIS_URL: "", AMQP_URL: "" } });
  const [redis, rabbitmq] = await Promise.all([startRedis(servers.redis), startRabbitmq(servers.rabbitmq)]);
  const archive = await startDatagrepper({ messages: [] });
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-bench-"));
  const client = new Redis(redis.url);
  try {
    return await work({
      redis: client,
      redisUrl: redis.url,
      amqpUrl: rabbitmq.url,
      archiveUrl: archive.url,
      versions: {
        node: process.version,
        redis: /redis_version:(\S+)/.exec(await client.info("server"))?.[1] ?? "?",
        rabbitmq: await brokerVersion(rabbitmq.url),
      },
      write: async (name, text) => {
        const path = join(dir, name);
        await writeFile(path, text);
        return path;
      },
    });
  } finally {
    client.disconnect();
    await Promise.all([redis.stop(), rabbitmq.stop(), archive.close()]);
    await rm(dir, { recursive: true });
  }
}

/** Where a service of the scene has its keys. */
export const PREFIX = "bench";

/** Starts the service as shipped, at the scene's servers; it consumes one queue. */
export async function startService(scene: Scene, queue: string): Promise<Watched> {
  const config = await scene.write("config.toml", configOf(scene, queue));
  return startWatched("../../main.js", ["consume", "--config", config], {});
}

/** The shipped configuration at private servers. */
function configOf({ amqpUrl, redisUrl, archiveUrl }: Scene, queue: string): string {
  return `amqp_url = "${amqpUrl}"
[queues.${queue}]
durable = true
auto_delete = false
exclusive = false
arguments = {}
[[bindings]]
queue = "${queue}"
exchange = "${EXCHANGE}"
routing_keys = ${JSON.stringify(routingKeys())}
[qos]
prefetch_count = 250
[consumer_config]
redis_url = "${redisUrl}"
redis_prefix = "${PREFIX}"
[consumer_config.sources]
compose_host = ""
datagrepper = "${archiveUrl}"
`;
}

/** What the broker says of itself when it greets. */
async function brokerVersion(url: string): Promise<string> {
  const model = await connect(url);
  const { version } = model.connection.serverProperties as unknown as { readonly version: string };
  await model.close();
  return version;
}
