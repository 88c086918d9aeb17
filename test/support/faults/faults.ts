import type { Fault } from "./fault.ts";
import { OF_BROKER } from "./kinds/of-broker.ts";
import { OF_NETWORK } from "./kinds/of-network.ts";
import { OF_PROCESSES } from "./kinds/of-processes.ts";
import { OF_REDIS } from "./kinds/of-redis.ts";

export const FAULTS: readonly Fault[] = [...OF_PROCESSES, ...OF_BROKER, ...OF_NETWORK, ...OF_REDIS];
