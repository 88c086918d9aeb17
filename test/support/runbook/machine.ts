import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type ChannelModel } from "amqplib";
import type { Test } from "tap";
import { openRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { startComposeHost } from "../../../src/demo/outside/compose-host.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { findServers } from "../../../src/demo/servers/find.ts";
import { onFreePorts } from "../../../src/demo/servers/ports.ts";
import { isRunning } from "../../../src/demo/servers/processes.ts";
import { SECRETS, TOKEN, USER } from "../../../src/demo/service-config.ts";
import { ROOT } from "../docs/blocks.ts";
import { shipped } from "../docs/licences.ts";
import { runHere } from "../program/here.ts";
import { MAIN } from "../program/program.ts";
import { silentLog } from "../run/log.ts";
import { rememberHeard, serverUrl } from "../servers/redis/redis.ts";
import { ACCOUNT } from "../world/image.ts";
import { BUILT, DOUBLES } from "./doubles.ts";
import type { Type } from "./shell.ts";

export const REPO = "fedora-cloud/ami-reports";
/** Folders of the machine that is spoken of: each lies below the test's own. */
const FOLDERS =
  /(?<![\w.])\/(?:etc\/(?:clean-amis|redis|fedora-messaging|systemd)|opt\/clean-amis|var\/lib\/redis|root)\b/g;

/** A machine as the runbook speaks of it: its folders and programs, a Redis of its own, and doubles of all that is outside. */
export interface Machine {
  readonly dir: string;
  readonly connection: RedisConnection;
  readonly ec2: Ec2Simulator;
  readonly pagure: PagureDouble;
  readonly archive: DatagrepperDouble;
  /** Writes the configuration with each text in place of another. */
  configure(...changes: readonly (readonly [from: string, to: string])[]): void;
  /** Somebody deletes the service's queue; resolves when it consumes from a new one. */
  loseQueue(): Promise<void>;
  /** Resolves when these words stand in so many lines of what the service has printed. */
  until(words: string, times?: number): Promise<void>;
  /** What the service has printed. */
  journal(): readonly string[];
  /** Types a command line as root; resolves to all that is seen then. */
  type(command: string): Promise<string>;
}

/**
 * A machine with the service installed, as it was built; a bare one has neither it nor what is its own. `shell` types what is typed
 * on it. Null where Redis came by its address and can be neither started nor stopped.
 */
export async function openMachine(
  t: Test,
  shell: Type,
  { isBare = false, dir = t.testdir({}) } = {},
): Promise<Machine | null> {
  const { redis: source, redisCli } = await findServers();
  if (source.from === "url" || redisCli === null) return null;
  const placed = (text: string): string => text.replaceAll(FOLDERS, (folder) => `${dir}${folder}`);
  const bin = "opt/clean-amis/node_modules/.bin";
  for (const folder of ["bin", "etc/redis", "etc/fedora-messaging", "etc/systemd/system", "var/lib/redis", "root"])
    mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, "journal"), "");
  const port = await onFreePorts(1, (free) => Promise.resolve(free));
  const redisUrl = `redis://127.0.0.1:${port}/0`;
  const env: Record<string, string> = {
    PATH: `${join(dir, "bin")}:${process.env["PATH"] ?? ""}`,
    MACHINE: dir,
    NODE: process.execPath,
    MAIN,
    CLI: redisCli,
    SERVER: source.program,
    OWN_REDIS: redisUrl,
    MODULES: join(ROOT, "node_modules"),
    PACKAGES: shipped()
      .map(({ path }) => path)
      .filter((path) => !path.includes("node_modules/"))
      .join(" "),
    NODE_PRESERVE_SYMLINKS: "1",
    LC_ALL: "C",
    HOME: join(dir, "root"),
  };
  for (const [name, text] of Object.entries(DOUBLES))
    writeFileSync(join(dir, "bin", name), placed(text), { mode: 0o755 });
  writeFileSync(
    join(dir, "etc/redis/redis.conf"),
    `port ${port}\nbind 127.0.0.1\ndir ${dir}/var/lib/redis\nappendonly yes\nsave ""\nmaxmemory-policy noeviction\nrepl-diskless-sync-delay 0\n`,
  );
  // The folder, and with it whose numbers these are, may be gone before the teardown.
  const started = new Set<number>();
  t.teardown(() => {
    for (const pid of started) if (Number.isInteger(pid) && isRunning(pid)) process.kill(pid, "SIGKILL");
  });
  const type = async (command: string): Promise<string> => {
    const seen = await typed(shell, placed(command), placed, env, isBare);
    for (const name of ["clean-amis", "redis"]) started.add(Number(readIf(join(dir, `${name}.pid`)) || Infinity));
    return said(seen, dir);
  };
  await type("systemctl start redis");

  const outside = await startOutside(t);
  const connection = await openRedis(redisUrl, "clean-amis", silentLog);
  t.teardown(() => connection.close());
  const configure = await configurer(t, dir, { redisUrl, ...outside });
  if (!isBare) {
    for (const folder of [bin, "etc/clean-amis/credentials"]) mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(join(dir, bin, "clean-amis"), BUILT, { mode: 0o755 });
    writeFileSync(join(dir, "etc/clean-amis/shell"), readFileSync(join(ROOT, "deploy/systemd/shell")));
    configure.configure();
  }
  for (const [name, text] of Object.entries(secretsOf(redisUrl)))
    writeFileSync(join(dir, isBare ? "root" : "etc/clean-amis/credentials", name), `${text}\n`, { mode: 0o600 });
  const journal = (): readonly string[] =>
    readIf(join(dir, "journal"))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace(/^<[0-7]>/, ""));
  // Nobody tells when a log is written.
  const until = async (words: string, times = 1): Promise<void> => {
    while (journal().filter((line) => line.includes(words)).length < times) await type("sleep 0.05");
  };
  const loseQueue = async (): Promise<void> => {
    await until('"msg":"consuming"');
    const channel = await configure.broker.createChannel();
    const name = (await connection.redis.get(connection.keys.control("queue"))) ?? "";
    await channel.deleteQueue(name);
    await until('"msg":"consuming"', 2);
  };
  return { dir, connection, ...outside, configure: configure.configure, loseQueue, journal, until, type };
}

/** A command of ours alone is run in this process, which costs a tenth; whatever needs a shell or the package, in one. */
async function typed(
  type: Type,
  command: string,
  placed: (text: string) => string,
  env: Record<string, string>,
  isBare: boolean,
): Promise<string> {
  const shell = placed(readIf(placed("/etc/clean-amis/shell")));
  if (!isBare && /^clean-amis [^|<>&;$]+$/.test(command)) {
    const words = command.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
    const own = [...shell.matchAll(/^export (?<name>\w+)=(?<value>[^"\n]+)$/gm)].map(({ groups = {} }) => [
      groups["name"] ?? "",
      groups["value"] ?? "",
    ]);
    const given = { ...Object.fromEntries(own), REDIS_URL: "" } as Record<string, string>;
    const { out, err } = await runHere(
      words.slice(1).map((word) => word.replaceAll(/^["']|["']$/g, "")),
      { env: given },
    );
    return out + err;
  }
  return type(`${shell}\n${command}`, env);
}

const said = (text: string, dir: string): string => text.replaceAll(dir, "").trimEnd();

function readIf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // Nobody has started it.
  }
}

async function startOutside(t: Test) {
  const ec2 = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } } });
  const [pagure, archive, composeHost] = await Promise.all([
    startPagureDouble(),
    startDatagrepper(),
    startComposeHost(),
  ]);
  t.teardown(async () => {
    await Promise.all([ec2, pagure, archive, composeHost].map((each) => each.close()));
  });
  pagure.tracker.setProject(REPO, {});
  pagure.setToken(TOKEN, { user: USER, acls: ["issue_create", "issue_comment"] });
  return { ec2, pagure, archive, composeHost };
}

/** What lies in a file each, by their names. */
function secretsOf(redisUrl: string): Readonly<Record<string, string>> {
  return {
    "redis-url": redisUrl,
    "pagure-token": TOKEN,
    "aws-access-key-id": SECRETS.AWS_ACCESS_KEY_ID,
    "aws-secret-access-key": SECRETS.AWS_SECRET_ACCESS_KEY,
  };
}

/** The shipped configuration with what is this machine's own, and its secrets; other servers in place of Fedora's. */
async function configurer(
  t: Test,
  dir: string,
  at: { readonly redisUrl: string } & Awaited<ReturnType<typeof startOutside>>,
): Promise<{ readonly broker: ChannelModel } & Pick<Machine, "configure">> {
  const exchange = randomUUID();
  const model = await connect(serverUrl("TEST_AMQP_URL"));
  const channel = await model.createChannel();
  await channel.assertExchange(exchange, "topic", { durable: false });
  t.teardown(async () => {
    await channel.deleteExchange(exchange);
    await model.close();
  });
  const ours = [
    [/^amqp_url = .*$/m, `amqp_url = "${serverUrl("TEST_AMQP_URL")}"`],
    [/^exchange = .*$/m, `exchange = "${exchange}"`],
    [/^auto_delete = false$/m, "auto_delete = true"],
    [/^redis_url = .*\n/m, ""],
    [/\/etc\/fedora-messaging/g, `${dir}/etc/fedora-messaging`],
    [
      /^\[consumer_config\.ec2\]$/m,
      `[consumer_config.sources]\ncompose_host = "${at.composeHost.url}"\ndatagrepper = "${at.archive.url}"\ndatagrepper_rate = 1000\n\n[consumer_config.ec2]\nendpoint = "${at.ec2.url}"`,
    ],
    [/^kind = "log".*$/m, `kind = "pagure"\nurl = "${at.pagure.url}"\nrepo = "${REPO}"`],
  ] as const;
  const shippedFile = readFileSync(join(ROOT, "config.toml"), "utf8");
  const toml = ours.reduce((text, [from, to]) => {
    if (!from.test(text)) throw new Error(`the configuration has no ${String(from)}`);
    return text.replace(from, to);
  }, shippedFile);
  const configure: Machine["configure"] = (...changes) => {
    const changed = changes.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`the configuration has no ${from}`);
      return text.replace(from, to);
    }, toml);
    writeFileSync(join(dir, "etc/clean-amis/config.toml"), changed);
  };
  return { broker: model, configure };
}

/** All was heard until now. */
export async function allHeard({ connection }: Machine): Promise<void> {
  await rememberHeard(connection, Math.floor(Date.now() / 1000) * 1000);
}
