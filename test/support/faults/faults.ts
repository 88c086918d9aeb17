import type { Fault } from "./fault.ts";
import { OF_BROKER } from "./of-broker.ts";
import { OF_NETWORK } from "./of-network.ts";
import { OF_PROCESSES } from "./of-processes.ts";
import { OF_REDIS } from "./of-redis.ts";

export const FAULTS: readonly Fault[] = [...OF_PROCESSES, ...OF_BROKER, ...OF_NETWORK, ...OF_REDIS];
