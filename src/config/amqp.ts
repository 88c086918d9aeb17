import { readAddress, type BrokerAddress } from "./broker/address.ts";
import { secret, type ConfigFile, type Environment } from "./file.ts";
import { readQueues, type HeardQueue } from "./queues.ts";
import { readTls, type TlsFiles, type TlsMaterial } from "./tls.ts";
import { duration } from "./values.ts";
import { SECOND_MS } from "../domain/time.ts";
import { ConfigError } from "../errors.ts";

export interface AmqpConfig extends Omit<BrokerAddress, "ignoredOptions"> {
  /** Where the address was read: a dial reads it anew. */
  readonly urlFile?: string;
  readonly passiveDeclares: boolean;
  /** Empty for `amqp:`. Key and certificate are there both, and fit, or neither: with them the log-in is EXTERNAL. */
  readonly tls: TlsMaterial;
  /** Where `tls` was read: a dial reads it anew. */
  readonly tlsFiles: TlsFiles;
  /** Whatever TOML can say; none of the names that are ours. */
  readonly clientProperties: Readonly<Record<string, unknown>>;
  /** All of them are heard; at least one. */
  readonly queues: readonly HeardQueue[];
  readonly prefetchCount: number;
  /** The longest pause between two tries to connect, unless the address says how long it is. */
  readonly longestPauseMs: number;
  /** Keys about the broker that have no effect here. */
  readonly ignoredKeys: readonly string[];
}

/** `alsoHeard`: further routing keys of the first queue. */
export function readAmqp(
  file: string,
  filled: ConfigFile,
  env: Environment,
  alsoHeard: readonly string[] = [],
): AmqpConfig {
  const { ignoredOptions, ...address } = brokerAddress(file, filled.amqp_url, env);
  const tlsFiles = tlsFilesOf(filled.tls);
  const isSecure = new URL(address.url).protocol === "amqps:";
  const isUnused = !isSecure && Object.keys(tlsFiles).length > 0;
  return {
    ...address,
    ...(isInFile(env) && { urlFile: env["AMQP_URL_FILE"] }),
    passiveDeclares: filled.passive_declares,
    tls: isSecure ? readTls(file, tlsFiles) : {},
    tlsFiles: isSecure ? tlsFiles : {},
    clientProperties: clientProperties(file, filled.client_properties),
    queues: withKeys(readQueues(file, filled), alsoHeard),
    prefetchCount: filled.qos.prefetch_count,
    longestPauseMs: duration(file, "reconnect_within", filled.consumer_config.reconnect_within, SECOND_MS),
    ignoredKeys: [...ignoredOptions.map((option) => `amqp_url?${option}`), ...(isUnused ? ["tls"] : [])],
  };
}

/** Where the queue's other bindings are, there these are too. */
function withKeys(queues: readonly HeardQueue[], keys: readonly string[]): readonly HeardQueue[] {
  if (keys.length === 0) return queues;
  return queues.map((queue, index) => {
    if (index > 0) return queue;
    const exchange = queue.bindings[0]?.exchange ?? "amq.topic";
    return { ...queue, bindings: [...queue.bindings, { exchange, routing_keys: keys }] };
  });
}

function brokerAddress(file: string, inFile: string, env: Environment): BrokerAddress {
  const given = secret("AMQP_URL", env);
  return readAddress(given === undefined ? `${file}: amqp_url` : "AMQP_URL", given ?? inFile);
}

/** As `secret` decides it. */
function isInFile(env: Environment): env is Environment & { readonly AMQP_URL_FILE: string } {
  return !env["AMQP_URL"] && Boolean(env["AMQP_URL_FILE"]);
}

/** An empty name is none. */
function tlsFilesOf({ ca_cert: ca = "", keyfile: key = "", certfile: cert = "" }: ConfigFile["tls"]): TlsFiles {
  return { ...(ca !== "" && { ca }), ...(key !== "" && { key }), ...(cert !== "" && { cert }) };
}

/** What fedora-messaging reserves for the client's author. */
const RESERVED = ["product", "version", "information"];

function clientProperties(file: string, said: AmqpConfig["clientProperties"]): AmqpConfig["clientProperties"] {
  const taken = RESERVED.find((name) => name in said);
  if (taken === undefined) return said;
  throw new ConfigError(
    `${file}: client_properties.${taken} is reserved, as clean-amis names itself there: take it out, and use app`,
  );
}
