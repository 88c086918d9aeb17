import { existsSync } from "node:fs";
import { type AmqpConfig, readAmqp } from "./amqp.ts";
import { PUBLISHER_KEYS, readAnnounce, type AnnounceConfig } from "./broker/announce.ts";
import { readEc2, type Ec2Config } from "./ec2.ts";
import { PARTS, readConfigFile, type ConfigFile, type Environment, type Part } from "./file.ts";
import { readRedis, type RedisConfig } from "./redis/redis.ts";
import { heraldKeysOf, type ReportConfig, readReport } from "./report.ts";
import { duration, isLoopback, webAddress } from "./values.ts";
import { VERSION } from "./version.ts";
import type { Policy } from "../domain/compose/classify.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import type { Act } from "../domain/limits/budget.ts";
import { DAY_MS, SECOND_MS } from "../domain/time.ts";
import { ConfigError } from "../errors.ts";

/** Everything that the file and the environment say, checked; later code never checks again. */
export interface Config {
  readonly file: string;
  readonly environments: readonly string[];
  readonly policy: Policy;
  readonly redis: RedisConfig;
  readonly periods: Periods;
  readonly amqp: AmqpConfig;
  readonly act: Act;
  readonly sources: { readonly composeHost: string | null; readonly datagrepper: string | null };
  /** Calls a second to datagrepper at the most. */
  readonly archiveRate: number;
  /** How we name ourselves to those we ask. */
  readonly userAgent: string;
  readonly logLevel: string;
  readonly tickEveryMs: number;
  readonly reportEveryMs: number;
  readonly hearEveryMs: number;
  /** How far the first backfill, and the daily one, reach back. */
  readonly firstBackfillMs: number;
  readonly ec2: Ec2Config;
  readonly budgets: BudgetConfig;
  readonly report: ReportConfig;
  /** How the bus is told what the report tells; null: it is not. */
  readonly announce: AnnounceConfig | null;
  /** How many other accounts that use an image hold it for a person, 0: no number does; null: EC2 is not asked. */
  readonly usage: { readonly keepFrom: number } | null;
  /** How released images are looked after; null: they are not. */
  readonly guard: { readonly warnBeforeMs: number } | null;
  /** Where health, metrics and the status page are served; null: nowhere. */
  readonly monitoring: MonitoringConfig | null;
  /** Keys that have no effect here. */
  readonly ignoredKeys: readonly string[];
}

export interface MonitoringConfig {
  /** A host or an IP address; "": all of this machine's. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** How much may be done to images at the most, by UTC day and by region. */
export interface BudgetConfig {
  /** Images of all regions; at least 1. */
  readonly maxDeletesPerDay: number;
  /** Images of all regions; at least 1. */
  readonly maxPrivatePerDay: number;
  /** Of a region's images, above 0 and up to 1. */
  readonly maxShareOfRegion: number;
}

const IGNORED_KEYS = ["exchanges", "callback", "log_config"] as const;

/** Where a configuration file is looked for when none is named; the last is fedora-messaging's. */
const PLACES = ["config.toml", "/etc/fedora-messaging/config.toml"];

/**
 * The path of the configuration file: `--config`, else FEDORA_MESSAGING_CONF, else ./config.toml where it is there, else
 * fedora-messaging's own.
 */
export function configPath(option: string | undefined, env: Environment, places: readonly string[] = PLACES): string {
  const named = option ?? env["FEDORA_MESSAGING_CONF"] ?? "";
  return named !== "" ? named : (places.find((place) => existsSync(place)) ?? places.at(-1) ?? "");
}

/**
 * Reads and checks the configuration for what needs these parts; of others no file and no secret is read. Throws `ConfigError`
 * with one line: file, key, what is wrong, what is allowed.
 */
export function loadConfig(file: string, env: Environment, parts: readonly Part[] = PARTS): Config {
  const needs = (part: Part): boolean => parts.includes(part);
  const filled = readConfigFile(file);
  const own = filled.consumer_config;
  const scheduled = scheduleOf(file, own.schedule);
  const periods = readPeriods(scheduled, isLoopback(own.ec2.endpoint));
  const { max_deletes_per_day, max_private_per_day, max_share_of_region } = own.budgets;
  const announce = readAnnounce(file, filled);
  const unheeded = announce === null ? [...IGNORED_KEYS, ...PUBLISHER_KEYS] : IGNORED_KEYS;
  const report = readReport(file, own.report, needs("reports") ? env : null);
  const heralds = heraldKeysOf(report);
  const amqp = needs("broker")
    ? readAmqp(file, filled, env, heralds)
    : readAmqp(file, { ...filled, tls: {} }, {}, heralds);
  return {
    file,
    amqp,
    redis: readRedis(file, own, env),
    environments: own.environments,
    act: own.act,
    policy: policyOf(filled),
    sources: {
      composeHost: webAddress(file, "sources.compose_host", own.sources.compose_host),
      datagrepper: webAddress(file, "sources.datagrepper", own.sources.datagrepper),
    },
    archiveRate: own.sources.datagrepper_rate,
    userAgent: userAgentOf(filled.client_properties),
    logLevel: own.log_level,
    periods,
    tickEveryMs: scheduled("tick_every", SECOND_MS),
    reportEveryMs: scheduled("report_every", SECOND_MS),
    hearEveryMs: scheduled("hear_every", SECOND_MS),
    firstBackfillMs: scheduled("first_backfill", DAY_MS),
    ec2: readEc2(file, own.ec2, needs("ec2") ? env : {}, periods.leaseMs),
    budgets: {
      maxDeletesPerDay: max_deletes_per_day,
      maxPrivatePerDay: max_private_per_day,
      maxShareOfRegion: max_share_of_region,
    },
    report,
    announce,
    usage: readUsage(file, own),
    guard: own.guard.on ? { warnBeforeMs: duration(file, "guard.warn_before", own.guard.warn_before) } : null,
    monitoring: readMonitoring(file, filled.monitoring),
    ignoredKeys: [...unheeded.filter((key) => isSaid(filled[key])), ...amqp.ignoredKeys],
  };
}

/** Whether a key's value is there, and says more than an empty table. */
function isSaid(value: unknown): boolean {
  return value !== undefined && !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** An empty table is none, as in fedora-messaging. */
function readMonitoring(file: string, said: ConfigFile["monitoring"] = {}): MonitoringConfig | null {
  const { address = "", port } = said;
  if (port !== undefined) return { address, port };
  if (Object.keys(said).length === 0) return null;
  throw new ConfigError(`${file}: missing key monitoring.port: add one, such as 8070, or take [monitoring] out`);
}

type ScheduleTable = ConfigFile["consumer_config"]["schedule"];

/** The policy alone of a configuration file. Throws `ConfigError`. */
export function policyIn(file: string): Policy {
  return policyOf(readConfigFile(file));
}

function readUsage(file: string, { ec2, policy }: ConfigFile["consumer_config"]): Config["usage"] {
  const keepFrom = policy.keep_if_used_elsewhere;
  if (ec2.used_elsewhere) return { keepFrom };
  if (keepFrom === 0) return null;
  throw new ConfigError(
    `${file}: consumer_config.policy.keep_if_used_elsewhere = ${keepFrom}: goes only with ec2.used_elsewhere = true`,
  );
}

function policyOf({ consumer_config: { policy } }: ConfigFile): Policy {
  const { products, delete_unlabelled: deleteUnlabelled, keep_newest: keepNewest } = policy;
  return { products, deleteUnlabelled, keepNewest };
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

/** Who asks, in which version, and whom to write to. */
function userAgentOf({ app, app_url: url, app_contacts_email: email }: Readonly<Record<string, unknown>>): string {
  const said: readonly unknown[] = [app, url, email].flat();
  const told = said.filter((word) => typeof word === "string" && /^[\x20-\x7e]+$/.test(word));
  return `clean-amis/${VERSION}${told.length === 0 ? "" : ` (${told.join("; ")})`}`;
}
