/** A process that owns both private servers, says where they are, and waits to be killed. For `servers.test.ts`. */
import { findServers } from "../../../src/demo/servers/find.ts";
import { startRabbitmq } from "../../../src/demo/servers/rabbitmq.ts";
import { startRedis } from "../../../src/demo/servers/redis.ts";

const servers = await findServers();
const redis = await startRedis(servers.redis);
const rabbitmq = await startRabbitmq(servers.rabbitmq);
process.stdout.write(`${redis.url} ${rabbitmq.url}\n`);
