import { readFileSync } from "node:fs";
import type { ErrorObject } from "ajv/dist/2020.js";
import { parse, TomlError } from "smol-toml";
import { tomlValue } from "./values.ts";
import type { Act } from "../domain/limits/budget.ts";
import type { Durability } from "../domain/limits/durability.ts";
import { nearest, quote } from "../domain/words.ts";
import { ConfigError } from "../errors.ts";
import { readSchema, Schema } from "../schema.ts";

/** Where the reports go. A further kind does not compile until every place has an answer for it. */
export type ReportKind = ForgeKind | "log";
/** Those of them where people answer. */
export type ForgeKind = "pagure" | "forgejo";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The file as the schema leaves it, defaults filled in. */
export interface ConfigFile {
  amqp_url: string;
  passive_declares: boolean;
  tls: { ca_cert?: string; keyfile?: string; certfile?: string };
  client_properties: Record<string, unknown>;
  exchanges?: unknown;
  callback?: unknown;
  monitoring?: { address?: string; port?: number };
  log_config?: unknown;
  topic_prefix?: unknown;
  publish_exchange?: unknown;
  publish_priority?: unknown;
  queues: Record<string, QueueConfig>;
  bindings: { queue?: string; exchange: string; routing_keys: string[] }[];
  qos: { prefetch_count: number };
  consumer_config: {
    act: Act;
    environments: string[];
    reconnect_within: string;
    redis_url: string;
    redis_prefix: string;
    redis_durability: Durability;
    redis_tls: { ca_cert: string; certfile: string; keyfile: string };
    redis_sentinel: {
      user: string;
      password: string;
      tls: "same" | "on" | "off";
      ca_cert: string;
      certfile: string;
      keyfile: string;
    };
    log_level: string;
    schedule: Record<
      | "private_after"
      | "delete_after"
      | "after_hold"
      | "unresolved_for"
      | "lease"
      | "tick_every"
      | "report_every"
      | "hear_every"
      | "first_backfill",
      string
    >;
    policy: { products: string[]; delete_unlabelled: boolean; keep_if_used_elsewhere: number; keep_newest: number };
    sources: { compose_host: string; datagrepper: string; datagrepper_rate: number };
    ec2: {
      account: string;
      endpoint: string;
      role_arn: string;
      external_id: string;
      share: number;
      protecting_tags: string[];
      used_elsewhere: boolean;
      in_use: boolean;
      recently_launched: string;
      unusable_guards: "refuse" | "pass";
    };
    budgets: { max_deletes_per_day: number; max_private_per_day: number; max_share_of_region: number };
    report: {
      kind: ReportKind;
      url: string;
      repo: string;
      tags: string[];
      title: string;
      part_bytes: number;
      read_every: string;
      hear_comments: boolean;
      operators: string[];
      operators_team: string;
      also: { kind: ForgeKind | ""; url: string; repo: string; operators: string[] };
      objections_per_day: number;
      allow_delete_without_public_notice: boolean;
    };
    announce: { on: boolean; every: string };
    guard: { on: boolean; warn_before: string };
  };
}

const SCHEMA = new Schema<ConfigFile>("config.json");

/** Reads the file and fills in defaults. Throws `ConfigError`: file, key, what is wrong, what is allowed. */
export function readConfigFile(file: string): ConfigFile {
  return readDocument(file).filled;
}

/** The file, what it says itself, and that with the defaults. Throws as `readConfigFile`. */
export function readDocument(file: string): {
  readonly text: string;
  readonly said: object;
  readonly filled: ConfigFile;
} {
  const text = readText(file, `configuration file ${file}`, "give its path with --config or FEDORA_MESSAGING_CONF");
  const document = lowered(file, parseToml(file, text));
  const said = structuredClone(document);
  return { text, said, filled: check(file, document) };
}

function parseToml(file: string, text: string): object {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split("\n")[0] ?? "";
    throw new ConfigError(
      `${file}:${error.line}:${error.column}: not TOML: ${what.replace(/^Invalid TOML document: /, "")}`,
    );
  }
}

/** fedora-messaging takes its keys in capitals too, though not those within its tables. */
function lowered(file: string, document: object): object {
  const pairs = Object.entries(document).map(([key, value]: [string, unknown]) => [key.toLowerCase(), value] as const);
  const twice = pairs.find(([key], index) => pairs.findIndex(([other]) => other === key) !== index);
  if (twice !== undefined) throw new ConfigError(`${file}: key ${quote(twice[0])} is given twice: keep one`);
  return Object.fromEntries(pairs);
}

function check(file: string, document: unknown): ConfigFile {
  if (SCHEMA.accepts(document)) return document;
  const [error] = SCHEMA.errors;
  throw new ConfigError(`${file}: ${error === undefined ? "not valid" : describe(error)}`);
}

/** Where the schema's description says more than ajv's message. */
const HINTED = ["pattern", "const"];

/** One line on a schema error: the key, the value, what is allowed, and the nearest known key for one that is not. */
function describe(error: ErrorObject): string {
  const at = error.instancePath.slice(1).replaceAll("/", ".");
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === "additionalProperties") {
    const key = String(params["additionalProperty"]);
    const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
    const guess = nearest(key, known);
    const shown = /^[\w-]+$/.test(key) ? key : quote(key);
    return `unknown key ${at === "" ? shown : `${at}.${shown}`}${guess === null ? "" : `: did you mean ${guess}?`} (known: ${known.join(", ")})`;
  }
  if (error.keyword === "required")
    return `missing key ${at === "" ? "" : `${at}.`}${String(params["missingProperty"])}`;
  if (error.keyword === "type") return `${at} = ${tomlValue(error.data)}: ${wantedAt(error)}`;
  const allowed = Array.isArray(params["allowedValues"]) ? `: one of ${params["allowedValues"].join(", ")}` : "";
  const description = (error.parentSchema as { description?: string } | undefined)?.description;
  const hint = HINTED.includes(error.keyword) && description !== undefined ? ` (${description})` : "";
  return `${at} = ${JSON.stringify(error.data)}: ${error.message ?? error.keyword}${allowed}${hint}`;
}

/** What a value of a wrong type should be: `a duration such as "5d"`. */
function wantedAt({ instancePath, schemaPath, params, parentSchema }: ErrorObject): string {
  const known = (parentSchema as { enum?: readonly string[] } | undefined)?.enum;
  if (known !== undefined) return `one of ${known.map((word) => tomlValue(word)).join(", ")}`;
  const standard = standardAt(instancePath.slice(1).split("/"));
  const isDuration = schemaPath.includes("/duration/");
  const what = isDuration ? "a duration" : (TYPE_WORDS[String(params["type"])] ?? "another type");
  const isExample = isDuration || (standard !== undefined && standard !== "" && JSON.stringify(standard) !== "[]");
  return isExample && what !== TYPE_WORDS["object"] && what !== TYPE_WORDS["boolean"]
    ? `${what} such as ${tomlValue(standard ?? "5d")}`
    : what;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  array: "a list in [ ]",
  object: "a table",
};

/** The default of a key; undefined: the schema has none. */
function standardAt(path: readonly string[]): unknown {
  let node: SchemaNode | undefined = readSchema("config.json");
  for (const name of path) node = node?.properties?.[name];
  return node?.default;
}

interface SchemaNode {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** A secret from the environment, or from the file that `NAME_FILE` names. Throws `ConfigError` when that cannot be read. */
export function secret(name: string, env: Environment): string | undefined {
  if (env[name] !== undefined && env[name] !== "") return env[name];
  const path = env[`${name}_FILE`];
  if (path === undefined || path === "") return undefined;
  const text = readText(path, `${name}_FILE: file ${path}`, `mend ${name}_FILE`).trim();
  if (text === "") throw new ConfigError(`${name}_FILE: file ${path} is empty: mend ${name}_FILE`);
  return text;
}

/** A file's text. Throws `ConfigError` that names it, and the remedy. */
function readText(path: string, what: string, remedy: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(what, error, remedy);
  }
}

/** Why a file cannot be read. */
export function unreadable(what: string, error: unknown, remedy: string): ConfigError {
  const code = (error as NodeJS.ErrnoException).code;
  const why =
    code === "ENOENT" ? "does not exist" : code === "EACCES" ? "may not be read" : `cannot be read (${code ?? "?"})`;
  return new ConfigError(`${what} ${why}: ${remedy}`, { cause: error });
}

export interface QueueConfig {
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive: boolean;
  readonly arguments: object;
}

/**
 * What a command needs beyond Redis: whatever stands only for another part is not looked at, so that a missing certificate keeps
 * nobody from asking, or from stopping everything.
 */
export const PARTS = ["broker", "reports", "ec2"] as const;
export type Part = (typeof PARTS)[number];
