import type { Act } from "./tick.ts";
import type { Policy } from "./domain/classify.ts";
import type { Periods } from "./domain/lifecycle.ts";
import type { Guards } from "./domain/plan.ts";
import { DAY_MS, formatDuration, parseDuration, SECOND_MS } from "./domain/time.ts";
import { ConfigError } from "./errors.ts";
import { readConfigFile, readText, secret, type ConfigFile, type Environment } from "./config-file.ts";

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
  readonly ec2: { readonly endpoint: string | null; readonly credentials: Credentials | null; readonly guards: Guards };
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
  readonly token: string;
  /** Whether a post counts as the notice without which nothing is deleted. */
  readonly isPublic: boolean;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
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
  const periods = readPeriods(file, own.schedule, isLoopback(own.ec2.endpoint));
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
    tickEveryMs: duration(file, own.schedule, "tick_every", SECOND_MS),
    reportEveryMs: duration(file, own.schedule, "report_every", SECOND_MS),
    hearEveryMs: duration(file, own.schedule, "hear_every", SECOND_MS),
    firstBackfillMs: duration(file, own.schedule, "first_backfill", DAY_MS),
    ec2: {
      endpoint: webAddress(file, "ec2.endpoint", own.ec2.endpoint),
      credentials: oldCredentials(env),
      guards: { account: own.ec2.account, protectingTags: own.ec2.protecting_tags },
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

function readPeriods(file: string, schedule: ScheduleTable, isTrial: boolean): Periods {
  const leastMs = isTrial ? 0 : DAY_MS;
  const unless = ", unless consumer_config.ec2.endpoint is on this machine";
  return {
    privateAfterMs: duration(file, schedule, "private_after", leastMs, unless),
    deleteAfterMs: duration(file, schedule, "delete_after", leastMs, unless),
    unresolvedForMs: duration(file, schedule, "unresolved_for"),
    leaseMs: duration(file, schedule, "lease", SECOND_MS),
  };
}

/** One duration of the schedule. Throws `ConfigError` when it is too short or too long. */
function duration(file: string, schedule: ScheduleTable, key: keyof ScheduleTable, leastMs = 0, unless = ""): number {
  const durationMs = parseDuration(schedule[key]);
  const where = `${file}: consumer_config.schedule.${key} = "${schedule[key]}"`;
  if (durationMs === null) throw new ConfigError(`${where}: at most 3650d`);
  if (durationMs < leastMs) throw new ConfigError(`${where}: at least ${formatDuration(leastMs)}${unless}`);
  return durationMs;
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
  const { kind, url, repo, tags, allow_delete_without_public_notice: isAllowed } = report;
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
  return { kind, url, repo, tags, token, isPublic: kind === "pagure" || isAllowed };
}

/** The names that the old script read, for when AWS's own are not set; AWS's chain does the rest. */
function oldCredentials(env: Environment): Credentials | null {
  if (env["AWS_ACCESS_KEY_ID"] !== undefined || env["AWS_PROFILE"] !== undefined) return null;
  const accessKeyId = secret("AWS_ACCESS_KEY", env);
  const secretAccessKey = secret("AWS_SECRET_ACCESS_KEY", env);
  return accessKeyId === undefined || secretAccessKey === undefined ? null : { accessKeyId, secretAccessKey };
}

/** An http address, or null for "", which switches the source off, or leaves the choice to others. */
function webAddress(file: string, key: string, text: string): string | null {
  if (text === "" || hasScheme(text, /^https?:$/)) return text === "" ? null : text;
  throw new ConfigError(`${file}: consumer_config.${key} = ${JSON.stringify(text)}: an http or https address, or ""`);
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

function hasScheme(text: string, scheme: RegExp): boolean {
  return URL.canParse(text) && scheme.test(new URL(text).protocol);
}

function userAgentOf({ app, app_url: url }: Readonly<Record<string, unknown>>): string {
  const told = [app, url].filter((word) => typeof word === "string" && /^[\x20-\x7e]+$/.test(word));
  return told.length === 0 ? "clean-amis" : `clean-amis (${told.join("; ")})`;
}

function isLoopback(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { hostname } = new URL(endpoint);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
