import { hasScheme } from "../values.ts";
import { quote } from "../../domain/words.ts";
import { ConfigError } from "../../errors.ts";

/** The broker's address, and what its options say. */
export interface BrokerAddress {
  /** With a host, one part of path (the virtual host) at the most, and no options. */
  readonly url: string;
  /** 0: none. */
  readonly heartbeatSeconds?: number;
  /** At least 1. */
  readonly connectionAttempts?: number;
  readonly retryDelaySeconds?: number;
  /** The options that are known, and have no effect here. */
  readonly ignoredOptions: readonly string[];
}

type Honoured = keyof Omit<BrokerAddress, "url" | "ignoredOptions">;

interface Option {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  /** Where its value goes; null: it is checked and ignored. */
  readonly as: Honoured | null;
}

const SECONDS = { least: 0, most: 86_400, isWhole: false, as: null };

/** What pika's URLParameters knows of numbers, in its ranges; a heartbeat is 16 bits in AMQP. */
const NUMBERS: Readonly<Record<string, Option>> = {
  heartbeat: { least: 0, most: 65_535, isWhole: true, as: "heartbeatSeconds" },
  connection_attempts: { least: 1, most: 1_000_000, isWhole: true, as: "connectionAttempts" },
  retry_delay: { ...SECONDS, as: "retryDelaySeconds" },
  channel_max: { least: 1, most: 65_535, isWhole: true, as: null },
  frame_max: { least: 4_096, most: 131_072, isWhole: true, as: null },
  socket_timeout: SECONDS,
  stack_timeout: SECONDS,
  blocked_connection_timeout: SECONDS,
};
const WORDS = ["locale", "tcp_options"];
/** What would change whom we trust or who we say we are has a table of its own. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ssl_options: "[tls]",
  client_properties: "[client_properties]",
};

/**
 * Reads the broker's address as fedora-messaging does: without a host it is localhost, of a path its first part counts.
 * Throws `ConfigError`, which begins with `where` and quotes no part of the address but its options.
 */
export function readAddress(where: string, text: string): BrokerAddress {
  if (!hasScheme(text, /^amqps?:$/) || !text.includes("://"))
    throw new ConfigError(`${where}: an address like amqps://host/vhost`);
  const url = new URL(text);
  const { honoured, ignored } = readOptions(where, url.searchParams);
  url.search = "";
  url.hash = "";
  if (url.hostname === "") url.hostname = "localhost";
  const [, virtualHost = "", ...more] = url.pathname.split("/");
  if (more.length > 0) url.pathname = `/${virtualHost}`;
  return { url: url.href, ...honoured, ignoredOptions: ignored };
}

function readOptions(where: string, options: URLSearchParams) {
  const honoured: Partial<Record<Honoured, number>> = {};
  const ignored: string[] = [];
  // Python's parser passes over options without a value.
  const names = new Set([...options].filter(([, value]) => value !== "").map(([name]) => name));
  for (const name of names) {
    const as = readOption(where, name, options.getAll(name));
    if (as === null) ignored.push(name);
    else honoured[as] = Number(options.get(name));
  }
  return { honoured, ignored };
}

/** Checks one option; where its value goes, null: nowhere. */
function readOption(where: string, name: string, values: readonly string[]): Honoured | null {
  const [value = ""] = values;
  const shown = /^\w{1,40}$/.test(name) ? name : quote(name);
  const elsewhere = ELSEWHERE[name];
  if (elsewhere !== undefined)
    throw new ConfigError(`${where}: option ${name} is not read: take it out, and use ${elsewhere}`);
  const number = NUMBERS[name];
  if (number === undefined && !WORDS.includes(name))
    throw new ConfigError(
      `${where}: unknown option ${shown}: take it out, or use ${[...Object.keys(NUMBERS), ...WORDS].join(", ")}`,
    );
  if (values.length > 1) throw new ConfigError(`${where}: option ${name} is given ${values.length} times: keep one`);
  if (number === undefined) return null;
  const { least, most, isWhole, as } = number;
  const isNumber = (isWhole ? /^\d{1,9}$/ : /^\d{1,9}(?:\.\d{1,9})?$/).test(value);
  if (!isNumber || Number(value) < least || Number(value) > most)
    throw new ConfigError(
      `${where}: option ${name}=${quote(value)}: a ${isWhole ? "whole number" : "number of seconds"} from ${least} to ${most}`,
    );
  return as;
}
