import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "amqplib";
import type { RabbitmqSource } from "./find.ts";
import type { Guarded, GuardedProgram } from "./guarded.ts";
import { openGuarded, untilReady } from "./guarded.ts";
import { onFreePorts, probePort } from "./ports.ts";
import type { RunningServer } from "./redis.ts";
import { SetupError } from "./setup-error.ts";
import { describeError } from "../../errors.ts";

type Programs = Exclude<RabbitmqSource, { readonly from: "url" }>;
type Ports = { readonly amqp: number; readonly dist: number; readonly epmd: number };

// 7 s alone, 15 s with three at once on two cores, two minutes where ten want each of them.
const READY_MS = 300_000;

/**
 * How a broker that was started here can be spoken to past AMQP: by Erlang, whose cookie lies in `home`.
 * @internal exported for the tests
 */
export type BrokerNode = {
  readonly node: string;
  readonly erl: string;
  readonly home: string;
  readonly epmdPort: number;
};

export type RunningBroker = RunningServer & {
  /** Null when the broker was given by its address. */
  readonly own: OwnBroker | null;
};

type OwnBroker = BrokerNode & {
  readonly signal: (name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT") => void;
  /** Resolves when it has ended and was started anew, with all that it keeps. */
  readonly again: () => Promise<void>;
};

/** Starts a private RabbitMQ, or checks the one given by AMQP_URL. */
export async function startRabbitmq(source: RabbitmqSource): Promise<RunningBroker> {
  if (source.from === "url") {
    await greet(source.url).catch((error: unknown) => {
      throw new SetupError(`AMQP_URL: RabbitMQ does not answer there: ${describeError(error)}`, { cause: error });
    });
    return { url: source.url, own: null, stop: () => Promise.resolve() };
  }
  return onFreePorts(3, (amqp, dist, epmd) => launch(source, { amqp, dist, epmd }));
}

async function launch(programs: Programs, ports: Ports): Promise<RunningBroker> {
  const guarded = await openGuarded();
  try {
    const env = await prepare(guarded, programs, ports);
    // Without an epmd of its own in the foreground, Erlang leaves a daemon behind.
    const epmd = await guarded.start({
      command: programs.epmd,
      args: ["-port", String(ports.epmd), "-address", "127.0.0.1"],
      env,
      log: "epmd.log",
    });
    await untilReady("Erlang's epmd", epmd, () => probePort(ports.epmd), 10_000);
    const url = `amqp://guest:guest@127.0.0.1:${ports.amqp}/%2F`;
    const start = async (): Promise<GuardedProgram> => {
      const broker = await guarded.start({ command: programs.script, args: [], env, log: "rabbitmq.log" });
      await untilReady("RabbitMQ", broker, () => greet(url), READY_MS);
      return broker;
    };
    let broker = await start();
    const own: OwnBroker = {
      node: nodeName(ports),
      erl: programs.erl,
      home: guarded.dir,
      epmdPort: ports.epmd,
      signal: (name) => void process.kill(broker.pid, name),
      again: async () => {
        while (broker.ended() === null) await pause(20);
        broker = await start();
      },
    };
    return { url, own, stop: guarded.stop };
  } catch (error) {
    await guarded.stop();
    throw error;
  }
}

function nodeName({ amqp }: Ports): string {
  return `clean-amis-${amqp}@localhost`;
}

/** Writes the broker's files and returns its whole environment: nothing of the caller's, nothing below /etc/rabbitmq. */
async function prepare(guarded: Guarded, programs: Programs, ports: Ports): Promise<Record<string, string>> {
  const file = (name: string) => join(guarded.dir, name);
  const config = [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    // Limits relative to this machine's disk and memory raise an alarm on a full one, which blocks publishers silently.
    "disk_free_limit.absolute = 16MB",
    "vm_memory_high_watermark.absolute = 1GB",
    "log.file = false",
    "log.console = true",
    "log.console.level = info",
  ];
  await writeFile(file("rabbitmq.conf"), `${config.join("\n")}\n`);
  await writeFile(file("enabled_plugins"), "[].\n");
  await writeFile(file("rabbitmq-env.conf"), "");
  return {
    PATH: [dirname(programs.erl), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(
      ":",
    ),
    LC_ALL: "C.UTF-8",
    HOME: guarded.dir, // for .erlang.cookie
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_CRASH_DUMP: file("erl_crash.dump"),
    RABBITMQ_NODENAME: nodeName(ports),
    RABBITMQ_DIST_PORT: String(ports.dist),
    RABBITMQ_BASE: guarded.dir,
    RABBITMQ_MNESIA_BASE: file("mnesia"),
    RABBITMQ_LOG_BASE: guarded.dir,
    RABBITMQ_LOGS: "-",
    RABBITMQ_PID_FILE: file("rabbitmq.pid"),
    RABBITMQ_CONFIG_FILE: file("rabbitmq.conf"),
    RABBITMQ_CONFIG_FILES: file("conf.d/*.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: file("advanced.config"),
    RABBITMQ_CONF_ENV_FILE: file("rabbitmq-env.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    // Makes the script become the broker instead of waiting for it, so that the broker itself hears our signals.
    RUNNING_UNDER_SYSTEMD: "true",
  };
}

/** A whole AMQP handshake: an open port alone says little about a broker that is starting. */
async function greet(url: string): Promise<void> {
  const connection = await connect(url, { timeout: 5000 });
  await connection.close();
}
