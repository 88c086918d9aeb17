import { setTimeout as pause } from "node:timers/promises";
import type { FormName } from "./redis.ts";
import type { Stage } from "./stage.ts";

/** What goes wrong while the service hears, acts and tells. */
export interface Fault {
  readonly what: string;
  readonly forms: readonly FormName[];
  /** What must be the row's alone. */
  readonly hurts: readonly ("redis" | "broker")[];
  /** The promise ends at Redis' last second, unless the archive has the message: `docs/operating.md`. */
  readonly isArchived: boolean;
  readonly replicas: number;
  /** Played in each run of the tests, and not in the long form alone. */
  readonly isShort: boolean;
  /** Resolves when what was broken is whole again, as far as it heals by another's hand. */
  play(stage: Stage): Promise<void>;
}

const EVERY: readonly FormName[] = ["alone", "sentinel", "cluster"];
const KILLS = Number(process.env["CHAOS_KILLS"] ?? 1);
/** As long as a person needs to see it, and a client to give up once or twice. */
const OUTAGE_MS = 3_000;

function fault(what: string, play: Fault["play"], more: Partial<Omit<Fault, "what" | "play">> = {}): Fault {
  return { what, forms: ["alone"], hurts: [], isArchived: false, replicas: 1, isShort: false, ...more, play };
}

/** A process at random is killed, and started anew at once, again and again. */
async function killAtRandom(stage: Stage): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(300 + Math.random() * 1_500);
    const living = stage.services.filter((service) => service.isRunning);
    await living[Math.floor(Math.random() * living.length)]?.end("SIGKILL");
    await stage.start();
  }
}

function administrator({ console }: Stage): NonNullable<Stage["console"]> {
  if (console === null) throw new Error("the broker is another one's");
  return console;
}

async function brokerEnds(stage: Stage, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const own = stage.broker?.own;
  if (own === undefined || own === null) throw new Error("the broker is another one's");
  own.signal(signal);
  await own.again();
}

/** The master, or each of them, is told something, and later something else. */
async function toMasters(stage: Stage, then: readonly string[], later: readonly string[]): Promise<void> {
  const tell = async (words: readonly string[]): Promise<void> => {
    const [command = "", ...args] = words;
    await Promise.all(stage.redis.masters.map(({ admin }) => admin.call(command, ...args)));
  };
  await tell(then);
  await pause(OUTAGE_MS);
  await tell(later);
}

async function masterEnds(stage: Stage, signal: "SIGKILL" | "SIGSTOP"): Promise<void> {
  const [master] = stage.redis.masters;
  if (master === undefined) throw new Error("Redis is another one's");
  master.signal(signal);
  await stage.redis.again(master);
}

async function standStill(signal: (name: "SIGSTOP" | "SIGCONT") => void): Promise<void> {
  signal("SIGSTOP");
  await pause(OUTAGE_MS);
  signal("SIGCONT");
}

const ALARM = "{{resource_limit, memory, node()}, []}";

export const FAULTS: readonly Fault[] = [
  fault("nothing", () => Promise.resolve(), { forms: EVERY }),
  fault("a process is killed at random", killAtRandom, { forms: EVERY, isShort: true }),
  fault("one of two processes is killed at random", killAtRandom, { forms: EVERY, replicas: 2 }),
  fault("one of three processes is killed at random", killAtRandom, { replicas: 3 }),
  fault(
    "a person closes all connections to the broker",
    async (stage) => {
      await administrator(stage).ask('rabbit_networking:close_all_connections("closed by a person")');
    },
    { hurts: ["broker"] },
  ),
  fault("the broker is killed", (stage) => brokerEnds(stage, "SIGKILL"), { hurts: ["broker"] }),
  fault("the broker is stopped", (stage) => brokerEnds(stage, "SIGTERM"), { hurts: ["broker"] }),
  fault(
    "the broker stands still",
    (stage) =>
      standStill((name) => {
        stage.broker?.own?.signal(name);
      }),
    {
      hurts: ["broker"],
    },
  ),
  fault(
    "the broker has no memory left, and takes nothing",
    async (stage) => {
      await administrator(stage).ask(`rabbit_alarm:set_alarm(${ALARM})`);
      await pause(OUTAGE_MS);
      await administrator(stage).ask("rabbit_alarm:clear_alarm({resource_limit, memory, node()})");
    },
    { hurts: ["broker"] },
  ),
  fault(
    "the broker waits a second for an acknowledgement, and Redis is away for longer",
    async (stage) => {
      const limit = (name: string, ms: number): string => `application:set_env(rabbit, ${name}, ${ms})`;
      await administrator(stage).ask(limit("consumer_timeout", 1_000));
      await administrator(stage).ask(limit("channel_tick_interval", 500));
      stage.redisProxy?.cut();
      await pause(2 * OUTAGE_MS);
      stage.redisProxy?.mend();
      await administrator(stage).ask(limit("consumer_timeout", 1_800_000));
    },
    { hurts: ["broker"] },
  ),
  fault("the way to the broker is cut", async ({ amqpProxy }) => {
    amqpProxy.cut();
    await pause(OUTAGE_MS);
    amqpProxy.mend();
  }),
  fault("connections to the broker are half open", async ({ amqpProxy }) => {
    amqpProxy.stall();
    await pause(2 * OUTAGE_MS);
    amqpProxy.resume();
  }),
  fault("the way to Redis is cut", async ({ redisProxy }) => {
    redisProxy?.cut();
    await pause(OUTAGE_MS);
    redisProxy?.mend();
  }),
  fault("connections to Redis are half open", async ({ redisProxy }) => {
    redisProxy?.stall();
    await pause(2 * OUTAGE_MS);
    redisProxy?.resume();
  }),
  fault("Redis is killed, and started anew", (stage) => masterEnds(stage, "SIGKILL"), {
    hurts: ["redis"],
    isArchived: true,
  }),
  fault("the master is killed, and its replica promoted", (stage) => masterEnds(stage, "SIGKILL"), {
    forms: ["sentinel", "cluster"],
    hurts: ["redis"],
    isArchived: true,
  }),
  fault("the master stands still, and its replica is promoted", (stage) => masterEnds(stage, "SIGSTOP"), {
    forms: ["sentinel", "cluster"],
    hurts: ["redis"],
    isArchived: true,
  }),
  fault(
    "Redis stands still",
    async ({ redis: { masters } }) => {
      await Promise.all(
        masters.map((master) =>
          standStill((name) => {
            master.signal(name);
          }),
        ),
      );
    },
    { forms: EVERY, hurts: ["redis"] },
  ),
  fault(
    "Redis has no memory left",
    (stage) => toMasters(stage, ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
    { forms: EVERY, hurts: ["redis"] },
  ),
  fault("Redis forgets its scripts", (stage) => toMasters(stage, ["SCRIPT", "FLUSH"], ["SCRIPT", "FLUSH"]), {
    forms: EVERY,
    hurts: ["redis"],
  }),
  fault(
    "Redis has lost its replicas, and takes no writes",
    (stage) =>
      toMasters(
        stage,
        ["CONFIG", "SET", "min-replicas-to-write", "5"],
        ["CONFIG", "SET", "min-replicas-to-write", "0"],
      ),
    { forms: EVERY, hurts: ["redis"] },
  ),
  fault(
    "Redis' password is changed, and changed back",
    async (stage) => {
      const cut = (): Promise<unknown> =>
        Promise.all(
          stage.redis.masters.map(({ admin }) => admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")),
        );
      await toMasters(
        stage,
        ["CONFIG", "SET", "requirepass", "another"],
        ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
      );
      await pause(OUTAGE_MS);
      await Promise.all(stage.redis.masters.map(({ admin }) => admin.call("CONFIG", "SET", "requirepass", "")));
      await cut();
    },
    { hurts: ["redis"] },
  ),
];
