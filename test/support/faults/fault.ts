import { setTimeout as pause } from "node:timers/promises";
import type { BrokerConsole } from "../servers/broker/broker-console.ts";
import type { RedisNode } from "../servers/redis/redis-forms.ts";
import type { FormName } from "./redis.ts";
import type { Stage } from "./stage.ts";

/** What goes wrong while the service hears, acts and tells. */
export interface Fault {
  readonly what: string;
  readonly forms: readonly FormName[];
  /** What must be the row's alone. */
  readonly hurts: readonly ("redis" | "broker")[];
  /** The promise ends at Redis' last second, or at the queue, unless the archive has the message: `docs/operating.md`. */
  readonly isArchived: boolean;
  readonly replicas: number;
  /** With which arguments the queue is declared, in TOML. */
  readonly queue: string;
  /** Whether the bus is told as well. */
  readonly isAnnounced: boolean;
  /** Played in each run of the tests, and not in the long form alone. */
  readonly isShort: boolean;
  /** What it leaves behind is not what it began with: each round has servers of its own. */
  readonly isOnce: boolean;
  /** How many processes at the least, of a hundred that were killed, must have had something in hand. */
  readonly mostInHand: number;
  /** What some process must have said of it. */
  readonly said: readonly RegExp[];
  /** Before any process is started. */
  prepare(stage: Stage): Promise<void>;
  /** Resolves when what was broken is whole again, as far as it heals by another's hand. */
  play(stage: Stage): Promise<void>;
}

export const EVERY: readonly FormName[] = ["alone", "sentinel", "cluster"];
/** As long as a person needs to see it, and a client to give up once or twice. */
export const OUTAGE_MS = 3_000;

export function fault(what: string, play: Fault["play"], more: Partial<Omit<Fault, "what" | "play">> = {}): Fault {
  return {
    what,
    forms: ["alone"],
    hurts: [],
    isArchived: false,
    replicas: 1,
    queue: "{}",
    isAnnounced: false,
    isShort: false,
    isOnce: false,
    mostInHand: 0,
    said: [],
    prepare: () => Promise.resolve(),
    ...more,
    play,
  };
}

/** Throws where the broker is another one's. */
export function administrator({ console }: Pick<Stage, "console">): BrokerConsole {
  if (console === null) throw new Error("the broker is another one's");
  return console;
}

/** Every master is told the same. */
export async function tellMasters({ redis }: Pick<Stage, "redis">, ...words: readonly string[]): Promise<void> {
  const [command = "", ...args] = words;
  await Promise.all(redis.masters.map(({ admin }) => admin.call(command, ...args)));
}

/** It stands still for a while. */
export async function standStill({ signal }: Pick<RedisNode, "signal">): Promise<void> {
  signal("SIGSTOP");
  await pause(OUTAGE_MS);
  signal("SIGCONT");
}
