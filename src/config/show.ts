import { SECRETS } from "./environment.ts";
import { readDocument, secret, type Environment } from "./file.ts";
import { tomlKey, tomlValue } from "./values.ts";

/** One effective value, masked where it is a secret, and where it comes from. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  /** `default`, `FILE:LINE`, `FILE`, or the environment variable. */
  readonly source: string;
}

type Table = Readonly<Record<string, unknown>>;

const MASK = "***";
/** Keys whose value the environment may give instead. */
const FROM_ENVIRONMENT: Readonly<Record<string, string>> = {
  amqp_url: "AMQP_URL",
  "consumer_config.redis_url": "REDIS_URL",
  "consumer_config.redis_sentinel.user": "REDIS_SENTINEL_USER",
  "consumer_config.redis_sentinel.password": "REDIS_SENTINEL_PASSWORD",
};

/** Every value of the file with its defaults, in their order. Throws `ConfigError` for a file that is not valid. */
export function settingsOf(file: string, env: Environment): readonly Setting[] {
  const { text, said, filled } = readDocument(file);
  const lines = linesOf(text);
  return leavesOf(filled, []).map(({ path, value }) => {
    const key = path.join(".");
    const name = FROM_ENVIRONMENT[key] ?? "";
    const variable = sourceOfSecret(name, env);
    if (variable !== null) return { path, value: masked(secret(name, env), key), source: variable };
    const line = lines.get(key);
    const isSaid = leafIn(said, path) !== undefined;
    return {
      path,
      value: masked(value, key),
      source: isSaid ? `${file}${line === undefined ? "" : `:${line}`}` : "default",
    };
  });
}

/** The secrets that stand in no file of ours, with the variable that gives each; null: none does. */
export function secretsOf(env: Environment): readonly { readonly name: string; readonly source: string | null }[] {
  const inFile = Object.values(FROM_ENVIRONMENT);
  return SECRETS.filter((name) => !inFile.includes(name)).map((name) => ({ name, source: sourceOfSecret(name, env) }));
}

/** The settings as a TOML file, each line with its source. */
export function settingsToml(settings: readonly Setting[]): string {
  const tables = new Map<string, string[]>([["", []]]);
  for (const { path, value, source } of settings) {
    const table = path.slice(0, -1).map(tomlKey).join(".");
    const lines = tables.get(table) ?? [];
    tables.set(table, lines);
    lines.push(`${tomlKey(path.at(-1) ?? "")} = ${tomlValue(value)} # ${source}`);
  }
  return [...tables]
    .filter(([, lines]) => lines.length > 0)
    .map(([table, lines]) => [...(table === "" ? [] : [`[${table}]`]), ...lines].join("\n"))
    .join("\n\n");
}

function sourceOfSecret(name: string, env: Environment): string | null {
  return [name, `${name}_FILE`].find((variable) => name !== "" && (env[variable] ?? "") !== "") ?? null;
}

/** What is no table, and empty tables, which are told as what they are. */
function leavesOf(table: object, path: readonly string[]): readonly Pick<Setting, "path" | "value">[] {
  return Object.entries(table).flatMap(([name, value]: [string, unknown]) => {
    const here = [...path, name];
    return isTable(value) && Object.keys(value).length > 0 ? leavesOf(value, here) : [{ path: here, value }];
  });
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function leafIn(table: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isTable(value) ? value[name] : undefined), table);
}

/** Passwords inside addresses, and whatever is called a secret. */
function masked(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((each) => masked(each, key));
  if (isTable(value))
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, masked(each, name)]));
  if (typeof value !== "string" || value === "") return value;
  if (/token|password|secret/i.test(key)) return MASK;
  // Up to the last @, as a password that is no part of a good address must not be shown either.
  return value.replace(/(?<=:\/\/[^:@]*:).+(?=@)/s, MASK).replace(/(?<=[?&]password=)[^&]+/, MASK);
}

/** The line of each key that begins one: in `[a]`, `b = 1` is the line of `a.b`. Others are not found. */
function linesOf(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  let table = "";
  for (const [index, line] of text.split("\n").entries()) {
    const { header, key } = /^\s*(?:\[+(?<header>[^\]]+)\]|(?<key>[A-Za-z0-9_."-]+)\s*=)/.exec(line)?.groups ?? {};
    if (header !== undefined) table = dotted(header);
    const name =
      header !== undefined ? table : key === undefined ? null : [table, dotted(key)].filter(Boolean).join(".");
    // The keys of the top may stand in capitals.
    const known = name?.replace(/^[^.]+/, (top) => top.toLowerCase());
    if (known !== undefined && !found.has(known)) found.set(known, index + 1);
  }
  return found;
}

function dotted(name: string): string {
  return name.replaceAll(/["'\s]/g, "");
}
