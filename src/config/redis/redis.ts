import { accessSync, constants } from "node:fs";
import { readRedisAddress, type RedisAddress } from "./address.ts";
import { secret, unreadable, type ConfigFile, type Environment } from "../file.ts";
import type { Durability } from "../../domain/limits/durability.ts";
import { ConfigError } from "../../errors.ts";

/** Files with certificates in PEM, read at each new connection; "": none, and the system's authorities. */
export interface RedisTlsFiles {
  readonly caCert: string;
  readonly certfile: string;
  readonly keyfile: string;
}

/** How the sentinels are spoken to, apart from Redis itself. */
export interface SentinelConfig {
  readonly user: string;
  readonly password: string;
  readonly isTls: boolean;
  readonly files: RedisTlsFiles;
}

/** Everything that a connection to Redis is made from. */
export interface RedisPlace {
  readonly address: RedisAddress;
  readonly files: RedisTlsFiles;
  readonly sentinel: SentinelConfig;
}

export interface RedisConfig extends RedisPlace {
  readonly prefix: string;
  readonly durability: Durability;
}

const NO_FILES: RedisTlsFiles = { caCert: "", certfile: "", keyfile: "" };

type Own = ConfigFile["consumer_config"];

/** What the file and the environment say of Redis. Throws `ConfigError`. */
export function readRedis(file: string, own: Own, env: Environment): RedisConfig {
  const given = secret("REDIS_URL", env);
  const where = given === undefined ? `${file}: consumer_config.redis_url` : "REDIS_URL";
  const address = readRedisAddress(where, given ?? own.redis_url);
  const files = filesOf(file, "redis_tls", own.redis_tls);
  const { user, password, tls, ...theirs } = own.redis_sentinel;
  const said = filesOf(file, "redis_sentinel", theirs);
  return {
    address,
    files,
    prefix: own.redis_prefix,
    durability: own.redis_durability,
    sentinel: {
      user: secret("REDIS_SENTINEL_USER", env) ?? user,
      password: secret("REDIS_SENTINEL_PASSWORD", env) ?? password,
      isTls: tls === "same" ? address.isTls : tls === "on",
      files: Object.values(said).every((path) => path === "") ? files : said,
    },
  };
}

/** What an address alone says, with all else as when nothing is said. Throws `ConfigError`. */
export function redisAt(url: string): RedisPlace {
  const address = readRedisAddress("redis", url);
  const sentinel = { user: "", password: "", isTls: address.isTls, files: NO_FILES };
  return { address, files: NO_FILES, sentinel };
}

function filesOf(file: string, table: string, said: Own["redis_tls"]): RedisTlsFiles {
  const { ca_cert: caCert, certfile, keyfile } = said;
  if ((certfile === "") !== (keyfile === ""))
    throw new ConfigError(`${file}: consumer_config.${table}: certfile and keyfile go together: name both, or none`);
  for (const [key, path] of Object.entries(said)) {
    if (path === "") continue;
    const name = `${file}: consumer_config.${table}.${key}`;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw unreadable(`${name}: file ${path}`, error, "name one that can be read");
    }
  }
  return { caCert, certfile, keyfile };
}
