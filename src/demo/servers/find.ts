import { readdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Distribution, Missing } from "./distribution.ts";
import { installCommand, readDistribution } from "./distribution.ts";
import { unpackServers, type FindOptions } from "./packages/unpack.ts";
import { firstProgram, isProgram } from "./programs.ts";
import { SetupError } from "./setup-error.ts";
import { describeError } from "../../errors.ts";

/** Where Redis comes from: given by its address, or a program that we start. */
export type RedisSource =
  { readonly from: "url"; readonly url: string } | { readonly from: "machine" | "cache"; readonly program: string };

/** Where RabbitMQ comes from. Its script finds `erl` on the path. */
export type RabbitmqSource =
  | { readonly from: "url"; readonly url: string }
  | { readonly from: "machine" | "cache"; readonly script: string; readonly erl: string; readonly epmd: string };

export type Servers = {
  readonly redis: RedisSource;
  readonly rabbitmq: RabbitmqSource;
  /** Null only when Redis was given by its address and no redis-cli or valkey-cli is at hand. */
  readonly redisCli: string | null;
};

/**
 * Finds both servers: first those given by REDIS_URL and AMQP_URL, then programs on this machine, then the
 * distribution's packages, unpacked into a cache folder. Throws a SetupError that names the command to install them.
 */
export async function findServers(options: FindOptions = {}): Promise<Servers> {
  const env = options.env ?? process.env;
  const path = [...(env["PATH"] ?? "").split(":"), "/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/lib/erlang/bin"];
  const redis = givenUrl(env["REDIS_URL"]) ?? redisOnMachine(path);
  const rabbitmq = givenUrl(env["AMQP_URL"]) ?? rabbitmqOnMachine(path);
  const redisCli = firstProgram(["redis-cli", "valkey-cli"], path);
  if (redis !== null && rabbitmq !== null && (redisCli !== null || redis.from === "url")) {
    return { redis, rabbitmq, redisCli };
  }

  const missing: Missing[] = [
    ...(redis === null || (redis.from !== "url" && redisCli === null) ? (["Redis"] as const) : []),
    ...(rabbitmq === null ? (["RabbitMQ"] as const) : []),
  ];
  const bin = join(await cachedServers(env, options, missing), "bin");
  const unpacked = (name: string) => join(bin, name);
  return {
    redis: redis ?? { from: "cache", program: unpacked("redis-server") },
    rabbitmq: rabbitmq ?? {
      from: "cache",
      script: unpacked("rabbitmq-server"),
      erl: unpacked("erl"),
      epmd: unpacked("epmd"),
    },
    redisCli: redisCli ?? unpacked("redis-cli"),
  };
}

async function cachedServers(
  env: Readonly<NodeJS.ProcessEnv>,
  options: FindOptions,
  missing: readonly Missing[],
): Promise<string> {
  const distribution = readDistribution(options.osRelease);
  const folder = join(cacheHomeOf(env), "clean-amis", `servers-${distribution.name}-${process.arch}`);
  if (isUnpacked(folder)) return folder;
  try {
    await unpackServers(folder, options);
  } catch (error) {
    throw new SetupError(remedy(distribution, missing, describeFailure(error, dirname(folder))), { cause: error });
  }
  return folder;
}

/** Where caches are kept; an account without a home has none but the temporary folder. */
function cacheHomeOf(env: Readonly<NodeJS.ProcessEnv>): string {
  if (env["XDG_CACHE_HOME"]) return env["XDG_CACHE_HOME"];
  if (env["HOME"]) return join(env["HOME"], ".cache");
  try {
    return join(homedir(), ".cache");
  } catch {
    return tmpdir();
  }
}

/** What `unpackServers` wrote last, under the names of this version. */
function isUnpacked(folder: string): boolean {
  return ["redis-server", "redis-cli", "rabbitmq-server", "erl", "epmd"].every((name) =>
    isProgram(join(folder, "bin", name)),
  );
}

function describeFailure(error: unknown, folder: string): string {
  if (error instanceof SetupError) return error.message;
  const { code = "" } = error as NodeJS.ErrnoException;
  const why = UNWRITABLE[code];
  return why === undefined
    ? describeError(error)
    : `${folder} cannot be written (${why}): name a folder that can in XDG_CACHE_HOME, or`;
}

/** Why a folder cannot be written, by the system's code. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "a read-only file system",
  ENOSPC: "no space is left",
  EDQUOT: "the quota is used up",
  ENOTDIR: "a part of its path is a file",
  ENOENT: "it cannot be made there",
};

const VARIABLE: Readonly<Record<Missing, string>> = { Redis: "REDIS_URL", RabbitMQ: "AMQP_URL" };
const SAID: Readonly<Record<Missing, string>> = {
  Redis: "Redis (or Valkey, with its command line)",
  RabbitMQ: "RabbitMQ",
};

function remedy(distribution: Distribution, missing: readonly Missing[], why: string): string {
  const [names, one] = [missing.map((name) => SAID[name]).join(" and "), missing.length === 1];
  return [
    `${names} ${one ? "is" : "are"} not on this machine and cannot be unpacked: ${why}`,
    `Install ${one ? "it" : "them"} with:  ${installCommand(distribution, missing)}`,
    `or name ${one ? "a running one" : "running ones"} in ${missing.map((name) => VARIABLE[name]).join(" and ")}.`,
  ].join("\n");
}

function givenUrl(url: string | undefined): { readonly from: "url"; readonly url: string } | null {
  return url === undefined || url === "" ? null : { from: "url", url };
}

function redisOnMachine(path: readonly string[]): RedisSource | null {
  const program = firstProgram(["redis-server", "valkey-server"], path);
  return program === null ? null : { from: "machine", program };
}

function rabbitmqOnMachine(path: readonly string[]): RabbitmqSource | null {
  const erl = firstProgram(["erl"], path);
  const epmd = firstProgram(["epmd"], path);
  // RabbitMQ's own script; what packages put on the path is a wrapper that changes the user.
  const script = [
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    ...subfolders("/usr/lib/rabbitmq/lib").map((folder) => join(folder, "sbin/rabbitmq-server")),
  ].find(isProgram);
  return erl === null || epmd === null || script === undefined ? null : { from: "machine", script, erl, epmd };
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return []; // Most machines have no such folder.
  }
}
