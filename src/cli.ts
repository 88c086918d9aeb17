import { parseArgs } from "node:util";
import { openApp } from "./app.ts";
import { configPath, loadConfig } from "./config.ts";
import { describePlan } from "./domain/plan.ts";
import { describeError, UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { reportOnce } from "./notify.ts";
import { resolveRegion } from "./resolve.ts";
import { planRegion } from "./survey.ts";
import { tickRegion } from "./tick.ts";

/** What a command is given: its options, the environment, a place for its lines, and the order to stop. */
export interface Invocation {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly stop: AbortSignal;
}

interface Command {
  readonly summary: string;
  readonly options: Readonly<Record<string, { readonly type: "string" | "boolean"; readonly help: string }>>;
  readonly run: (invocation: Invocation) => Promise<void>;
}

const CONFIG = { type: "string", help: "configuration file (else FEDORA_MESSAGING_CONF, else ./config.toml)" } as const;

/** Every command; `--help` is made from this table. */
const COMMANDS: Readonly<Record<string, Command>> = {
  consume: {
    summary: "the service: hears uploads, makes private, deletes and reports, until SIGTERM",
    options: { config: CONFIG },
    run: async (invocation) => {
      const app = await openApp(configOf(invocation));
      try {
        await app.consume(invocation.stop);
      } finally {
        await app.close();
      }
    },
  },
  tick: {
    summary: "one pass over what is due, and its report; for cron",
    options: {
      config: CONFIG,
      once: { type: "boolean", help: "required: says that this is one pass, not the service" },
      "dry-run": { type: "boolean", help: "print what would be done, and change nothing" },
    },
    run: tick,
  },
};

async function tick(invocation: Invocation): Promise<void> {
  const { options, print } = invocation;
  if (options["once"] !== true)
    throw new UsageError("tick: give --once for one pass; the service that never ends is consume");
  const config = configOf(invocation);
  const app = await openApp(config, config.logLevel === "info" ? "warn" : config.logLevel);
  try {
    const isPlan = options["dry-run"] === true || config.act === "nothing";
    for (const region of await app.tick.schedule.regions()) {
      if (isPlan) for (const planned of await planRegion(region, app.tick)) print(describePlan(planned));
      else {
        await resolveRegion(region, app.tick);
        print(`${region}: ${JSON.stringify(await tickRegion(region, app.tick))}`);
      }
    }
    if (!isPlan) print(`report: ${JSON.stringify(await reportOnce(app.notify))}`);
  } finally {
    await app.close();
  }
}

/** Runs a command line. Throws `UsageError`, `ConfigError`, `UpstreamError`, `RefusedError`. */
export async function runCommand(argv: readonly string[], rest: Omit<Invocation, "options">): Promise<void> {
  const [name = "--help", ...args] = argv;
  if (name === "--help" || name === "-h" || name === "help") {
    rest.print(helpText());
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const guess = nearest(name, Object.keys(COMMANDS));
    const hint = guess === null ? `one of ${Object.keys(COMMANDS).join(", ")}` : `did you mean ${guess}?`;
    throw new UsageError(`unknown command ${JSON.stringify(name)}: ${hint}`);
  }
  if (args.includes("--help")) {
    rest.print(helpOf(name, command));
    return;
  }
  await command.run({ ...rest, options: optionsOf(name, command, args) });
}

function optionsOf(name: string, command: Command, args: string[]): Invocation["options"] {
  try {
    const options = Object.fromEntries(Object.entries(command.options).map(([key, { type }]) => [key, { type }]));
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    const known = Object.keys(command.options).map((option) => `--${option}`);
    throw new UsageError(`${name}: ${describeError(error).split(". ")[0] ?? ""} (known: ${known.join(", ")})`, {
      cause: error,
    });
  }
}

function configOf({ options, env }: Invocation): ReturnType<typeof loadConfig> {
  const { config } = options;
  return loadConfig(configPath(typeof config === "string" ? config : undefined, env), env);
}

function helpText(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return ["usage: clean-amis COMMAND [OPTION…]", "", ...lines, "", "clean-amis COMMAND --help tells its options."].join(
    "\n",
  );
}

function helpOf(name: string, { summary, options }: Command): string {
  const lines = Object.entries(options).map(
    ([key, { type, help }]) => `  --${key}${type === "string" ? " VALUE" : ""}  ${help}`,
  );
  return [`clean-amis ${name}: ${summary}`, "", ...lines].join("\n");
}
