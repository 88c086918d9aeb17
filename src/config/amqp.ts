import { readAddress, type BrokerAddress } from "./address.ts";
import { readText, secret, type ConfigFile, type Environment, type ExchangeConfig, type QueueConfig } from "./file.ts";
import { readQueues, type BindingConfig, type HeardQueue } from "./queues.ts";
import { ConfigError } from "../errors.ts";

export interface AmqpConfig extends Omit<BrokerAddress, "ignoredOptions"> {
  readonly passiveDeclares: boolean;
  readonly tls: { readonly ca?: Buffer; readonly key?: Buffer; readonly cert?: Buffer };
  /** Where `tls` was read: a dial reads it anew. */
  readonly tlsFiles: { readonly ca?: string; readonly key?: string; readonly cert?: string };
  readonly clientProperties: Readonly<Record<string, unknown>>;
  readonly exchanges: Readonly<Record<string, ExchangeConfig>>;
  /** All of them are heard; at least one. */
  readonly queues: readonly HeardQueue[];
  /** The first of `queues`. */
  readonly queue: { readonly name: string } & QueueConfig;
  /** Of the first queue. */
  readonly bindings: readonly BindingConfig[];
  readonly prefetchCount: number;
  /** Keys about the broker that have no effect here. */
  readonly ignoredKeys: readonly string[];
}

export function readAmqp(file: string, filled: ConfigFile, env: Environment): AmqpConfig {
  const queues = readQueues(file, filled);
  const [first] = queues;
  if (first === undefined) throw new ConfigError(`${file}: missing key queues`);
  const { bindings, ...queue } = first;
  const { ignoredOptions, ...address } = brokerAddress(file, filled.amqp_url, env);
  const pem = (key: "ca_cert" | "keyfile" | "certfile"): Buffer | undefined => {
    const path = filled.tls[key];
    if (path === undefined) return undefined;
    return Buffer.from(
      readText(
        path,
        `tls.${key}: file ${path}`,
        `mend tls.${key} in ${file}, or install fedora-messaging's certificates`,
      ),
    );
  };
  const [ca, key, cert] = [pem("ca_cert"), pem("keyfile"), pem("certfile")];
  const { ca_cert: caFile, keyfile: keyFile, certfile: certFile } = filled.tls;
  return {
    ...address,
    passiveDeclares: filled.passive_declares,
    tls: { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) },
    tlsFiles: {
      ...(caFile !== undefined && { ca: caFile }),
      ...(keyFile !== undefined && { key: keyFile }),
      ...(certFile !== undefined && { cert: certFile }),
    },
    clientProperties: filled.client_properties,
    exchanges: filled.exchanges,
    queues,
    queue,
    bindings,
    prefetchCount: filled.qos.prefetch_count,
    ignoredKeys: ignoredOptions.map((option) => `amqp_url?${option}`),
  };
}

function brokerAddress(file: string, inFile: string, env: Environment): BrokerAddress {
  const given = secret("AMQP_URL", env);
  return readAddress(given === undefined ? `${file}: amqp_url` : "AMQP_URL", given ?? inFile);
}
