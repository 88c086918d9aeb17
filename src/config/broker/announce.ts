import type { ConfigFile } from "../file.ts";
import { duration } from "../values.ts";
import { BULLETIN_KINDS, bulletinTopic } from "../../domain/report/bulletin.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { readTopic } from "../../domain/topics.ts";
import { ConfigError } from "../../errors.ts";

/** How the bus is told what the public report tells. */
export interface AnnounceConfig {
  readonly exchange: string;
  /** What stands before each topic, with its dot; empty: nothing. */
  readonly topicPrefix: string;
  /** 0 to 255; null: none is said. */
  readonly priority: number | null;
  /** Pause between passes. */
  readonly everyMs: number;
}

/** Keys of fedora-messaging that are heeded only where the bus is told something. */
export const PUBLISHER_KEYS = ["topic_prefix", "publish_exchange", "publish_priority"] as const;

/** AMQP 0-9-1: a routing key, and the name of an exchange, are short texts. */
const LONGEST = 255;
/** AMQP 0-9-1: a priority is one byte; RabbitMQ's queues heed none above 255. */
const HIGHEST_PRIORITY = 255;

/** The table `[consumer_config.announce]`, with what fedora-messaging's own keys say of publishing; null: off. Throws `ConfigError`. */
export function readAnnounce(file: string, filled: ConfigFile): AnnounceConfig | null {
  const { on, every } = filled.consumer_config.announce;
  const everyMs = duration(file, "announce.every", every, SECOND_MS);
  if (!on) return null;
  return {
    everyMs,
    topicPrefix: topicPrefixOf(file, filled.topic_prefix ?? ""),
    exchange: exchangeOf(file, filled.publish_exchange ?? "amq.topic"),
    priority: priorityOf(file, filled.publish_priority ?? null),
  };
}

/** As fedora-messaging reads it: a dot at its end is one too many. */
function topicPrefixOf(file: string, said: unknown): string {
  const words = typeof said === "string" ? said.replace(/\.$/, "") : null;
  if (words === null || !/^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)?$/.test(words))
    throw new ConfigError(
      `${file}: topic_prefix = ${JSON.stringify(said)}: words with dots between them, such as "org.fedoraproject.prod"`,
    );
  const prefix = words === "" ? "" : `${words}.`;
  const topics = BULLETIN_KINDS.map((kind) => `${prefix}${bulletinTopic(kind)}`);
  if (topics.some((topic) => topic.length > LONGEST))
    throw new ConfigError(`${file}: topic_prefix is too long: a topic has ${LONGEST} characters at the most`);
  if (topics.some((topic) => (readTopic(topic)?.event ?? null) !== null))
    throw new ConfigError(
      `${file}: topic_prefix = ${JSON.stringify(said)}: our own messages would be heard as uploads; set "org.fedoraproject.prod"`,
    );
  return prefix;
}

function exchangeOf(file: string, said: unknown): string {
  if (typeof said === "string" && said !== "" && Buffer.byteLength(said) <= LONGEST) return said;
  throw new ConfigError(
    `${file}: publish_exchange = ${JSON.stringify(said)}: the name of an exchange, such as "amq.topic"`,
  );
}

function priorityOf(file: string, said: unknown): number | null {
  if (said === null) return null;
  const isPriority = typeof said === "number" && Number.isInteger(said) && said >= 0 && said <= HIGHEST_PRIORITY;
  if (isPriority) return said;
  throw new ConfigError(
    `${file}: publish_priority = ${JSON.stringify(said)}: a whole number from 0 to ${HIGHEST_PRIORITY}`,
  );
}
