import { readText, secret, type ConfigFile, type Environment, type ExchangeConfig, type QueueConfig } from "./file.ts";
import { hasScheme } from "./values.ts";
import { ConfigError } from "../errors.ts";

export interface AmqpConfig {
  readonly url: string;
  readonly passiveDeclares: boolean;
  readonly tls: { readonly ca?: Buffer; readonly key?: Buffer; readonly cert?: Buffer };
  readonly clientProperties: Readonly<Record<string, unknown>>;
  readonly exchanges: Readonly<Record<string, ExchangeConfig>>;
  readonly queue: { readonly name: string } & QueueConfig;
  readonly bindings: readonly { readonly exchange: string; readonly routing_keys: readonly string[] }[];
  readonly prefetchCount: number;
}

export function readAmqp(file: string, filled: ConfigFile, env: Environment): AmqpConfig {
  const [name = "auto", queue] = Object.entries(filled.queues)[0] ?? [];
  if (queue === undefined) throw new ConfigError(`${file}: missing key queues`);
  const stranger = filled.bindings.find((binding) => binding.queue !== undefined && binding.queue !== name);
  if (stranger !== undefined)
    throw new ConfigError(`${file}: bindings: queue "${stranger.queue ?? ""}" is not in queues, which has "${name}"`);
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
  return {
    url: amqpUrl(file, filled.amqp_url, env),
    passiveDeclares: filled.passive_declares,
    tls: { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) },
    clientProperties: filled.client_properties,
    exchanges: filled.exchanges,
    queue: { name, ...queue },
    bindings: filled.bindings,
    prefetchCount: filled.qos.prefetch_count,
  };
}

/** Neither of these two is quoted when it is wrong: it may hold a password. */
function amqpUrl(file: string, inFile: string, env: Environment): string {
  const given = secret("AMQP_URL", env);
  if (hasScheme(given ?? inFile, /^amqps?:$/)) return given ?? inFile;
  throw new ConfigError(
    `${given === undefined ? `${file}: amqp_url` : "AMQP_URL"}: an address like amqps://host/vhost`,
  );
}
