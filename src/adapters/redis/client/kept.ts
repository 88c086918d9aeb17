import type { Redis } from "ioredis";
import { nodeOf } from "./cluster.ts";
import { isForbidden } from "./trouble.ts";
import type { Kept } from "../../../ports/index.ts";

/** A replica that is in step answers within some milliseconds. */
const WAIT_MS = 2_000;

/**
 * Whether what our connection wrote last to the server with this key stands on a replica too, and so survives a failover
 * ("WAIT"). Throws what Redis throws.
 */
export async function keptBy(redis: Redis, key: string): Promise<Kept> {
  const node = nodeOf(redis, key);
  try {
    const replicas = Number(/^connected_slaves:(?<count>\d+)/m.exec(await node.info("replication"))?.groups?.["count"]);
    if (!(replicas > 0)) return "alone";
    return Number(await node.call("WAIT", 1, WAIT_MS)) > 0 ? "replicated" : "unconfirmed";
  } catch (error) {
    if (isForbidden(error)) return "unconfirmed";
    throw error;
  }
}
