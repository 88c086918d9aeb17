import type { Act } from "../act/tick.ts";
import { readEc2, type Ec2Config } from "./ec2.ts";
import { readConfigFile, readText, secret, type ConfigFile, type Environment } from "./file.ts";
import { duration, hasScheme, isLoopback, webAddress } from "./values.ts";
import type { Policy } from "../domain/compose/classify.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import { DAY_MS, SECOND_MS } from "../domain/time.ts";
import { ConfigError } from "../errors.ts";

/** What decisions depend on. */
export interface Rules {
  readonly environments: readonly string[];
  readonly policy: Policy;
}

/** What it takes to read the records: Redis, and no secret but Redis' own. */
export interface RecordsConfig extends Rules {
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly periods: Periods;
}

/** Everything that the file and the environment say, checked; later code never checks again. */
export interface Config extends RecordsConfig {
  readonly file: string;
  readonly amqp: AmqpConfig;
  readonly act: Act;
  readonly sources: { readonly composeHost: string | null; readonly datagrepper: string | null };
  /** Calls a second to datagrepper at the most; null: the adapter's own. */
  readonly archiveRate: number | null;
  /** How we name ourselves to those we ask. */
  readonly userAgent: string;
  readonly logLevel: string;
  readonly tickEveryMs: number;
  readonly reportEveryMs: number;
  readonly hearEveryMs: number;
  /** How far the first backfill, and the daily one, reach back. */
  readonly firstBackfillMs: number;
  readonly ec2: Ec2Config;
  readonly budgets: Budgets;
  readonly report: ReportConfig;
  /** Keys that only Python or publishers need. */
  readonly ignoredKeys: readonly string[];
}

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

export interface ExchangeConfig {
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly arguments: object;
}

export interface QueueConfig {
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive: boolean;
  readonly arguments: object;
}

export interface ReportConfig {
  readonly kind: "pagure" | "log";
  readonly url: string;
  readonly repo: string;
  readonly tags: readonly string[];
  /** Of a day's report; `{day}` stands for the day. */
  readonly title: string;
  /** The size of a post at the most, in bytes. */
  readonly mostBytes: number;
  /** Pause between readings of the comments on the reports. */
  readonly readEveryMs: number;
  /** Accounts whose comments are carried out as orders. */
  readonly operators: readonly string[];
  /** Comments of one author that are answered in a UTC day. */
  readonly objectionsPerDay: number;
  readonly token: string;
  /** Whether a post counts as the notice without which nothing is deleted. */
  readonly isPublic: boolean;
}

/** How much may be done to images at the most, by UTC day and by region. */
export interface Budgets {
  /** Images of all regions; at least 1. */
  readonly maxDeletesPerDay: number;
  /** Images of all regions; at least 1. */
  readonly maxPrivatePerDay: number;
  /** Of a region's images, above 0 and up to 1. */
  readonly maxShareOfRegion: number;
}

const IGNORED_KEYS = ["callback", "log_config", "topic_prefix", "publish_exchange", "publish_priority"];

/** The path of the configuration file: `--config`, else FEDORA_MESSAGING_CONF, else ./config.toml. */
export function configPath(option: string | undefined, env: Environment): string {
  return option ?? env["FEDORA_MESSAGING_CONF"] ?? "config.toml";
}

/** What the configuration is read for: the service, or a look at what is remembered, which needs neither certificates nor tokens. */
export type Scope = "service" | "records";

/** Reads and checks the configuration. Throws `ConfigError` with one line: file, key, what is wrong, what is allowed. */
export function loadConfig(file: string, env: Environment, scope: Scope = "service"): Config {
  const filled = readConfigFile(file);
  const own = filled.consumer_config;
  const scheduled = scheduleOf(file, own.schedule);
  const periods = readPeriods(scheduled, isLoopback(own.ec2.endpoint));
  const { max_deletes_per_day, max_private_per_day, max_share_of_region } = own.budgets;
  return {
    file,
    amqp: readAmqp(file, scope === "records" ? { ...filled, tls: {} } : filled, env),
    redis: { url: redisUrl(file, own.redis_url, env), prefix: own.redis_prefix },
    environments: own.environments,
    act: own.act,
    policy: policyOf(filled),
    sources: {
      composeHost: webAddress(file, "sources.compose_host", own.sources.compose_host),
      datagrepper: webAddress(file, "sources.datagrepper", own.sources.datagrepper),
    },
    archiveRate: null,
    userAgent: userAgentOf(filled.client_properties),
    logLevel: own.log_level,
    periods,
    tickEveryMs: scheduled("tick_every", SECOND_MS),
    reportEveryMs: scheduled("report_every", SECOND_MS),
    hearEveryMs: scheduled("hear_every", SECOND_MS),
    firstBackfillMs: scheduled("first_backfill", DAY_MS),
    ec2: readEc2(file, own.ec2, env, periods.leaseMs),
    budgets: {
      maxDeletesPerDay: max_deletes_per_day,
      maxPrivatePerDay: max_private_per_day,
      maxShareOfRegion: max_share_of_region,
    },
    report: readReport(file, own.report, env, scope),
    ignoredKeys: IGNORED_KEYS.filter((key) => key in filled),
  };
}

type ScheduleTable = ConfigFile["consumer_config"]["schedule"];

/** The policy alone of a configuration file. Throws `ConfigError`. */
export function policyIn(file: string): Policy {
  return policyOf(readConfigFile(file));
}

function policyOf({ consumer_config: { policy } }: ConfigFile): Policy {
  return { deleteUnlabelled: policy.delete_unlabelled, keepNewest: policy.keep_newest };
}

/** Reads one duration of the schedule, that is at least so long. Throws `ConfigError`. */
type Scheduled = (key: keyof ScheduleTable, leastMs?: number, unless?: string) => number;

function scheduleOf(file: string, schedule: ScheduleTable): Scheduled {
  return (key, leastMs, unless) => duration(file, `schedule.${key}`, schedule[key], leastMs, unless);
}

function readPeriods(scheduled: Scheduled, isTrial: boolean): Periods {
  const leastMs = isTrial ? 0 : DAY_MS;
  const unless = ", unless consumer_config.ec2.endpoint is on this machine";
  return {
    privateAfterMs: scheduled("private_after", leastMs, unless),
    deleteAfterMs: scheduled("delete_after", leastMs, unless),
    afterHoldMs: scheduled("after_hold", leastMs, unless),
    unresolvedForMs: scheduled("unresolved_for"),
    leaseMs: scheduled("lease", SECOND_MS),
  };
}

function readAmqp(file: string, filled: ConfigFile, env: Environment): AmqpConfig {
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

function readReport(
  file: string,
  report: ConfigFile["consumer_config"]["report"],
  env: Environment,
  scope: Scope,
): ReportConfig {
  const { kind, url, repo, tags, title, operators, allow_delete_without_public_notice: isAllowed } = report;
  const token = secret("PAGURE_ACCESS_TOKEN", env) ?? "";
  if (kind === "pagure" && repo === "")
    throw new ConfigError(
      `${file}: missing key consumer_config.report.repo: the Pagure project whose issues are the reports`,
    );
  if (kind === "pagure" && webAddress(file, "report.url", url) === null)
    throw new ConfigError(`${file}: missing key consumer_config.report.url: Pagure's address`);
  if (kind === "pagure" && token === "" && scope === "service")
    throw new ConfigError(
      "PAGURE_ACCESS_TOKEN is not set: a token with issue_create and issue_comment, or its file in PAGURE_ACCESS_TOKEN_FILE",
    );
  if (kind === "pagure" && isAllowed)
    throw new ConfigError(
      `${file}: consumer_config.report.allow_delete_without_public_notice goes only with kind = "log"`,
    );
  return {
    ...{ kind, url, repo, tags, title, operators, token, isPublic: kind === "pagure" || isAllowed },
    mostBytes: report.part_bytes,
    readEveryMs: duration(file, "report.read_every", report.read_every, SECOND_MS),
    objectionsPerDay: report.objections_per_day,
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

function redisUrl(file: string, inFile: string, env: Environment): string {
  const given = secret("REDIS_URL", env);
  if (hasScheme(given ?? inFile, /^rediss?:$/)) return given ?? inFile;
  const where = given === undefined ? `${file}: consumer_config.redis_url` : "REDIS_URL";
  throw new ConfigError(`${where}: an address like redis://host:6379/0`);
}

function userAgentOf({ app, app_url: url }: Readonly<Record<string, unknown>>): string {
  const told = [app, url].filter((word) => typeof word === "string" && /^[\x20-\x7e]+$/.test(word));
  return told.length === 0 ? "clean-amis" : `clean-amis (${told.join("; ")})`;
}
