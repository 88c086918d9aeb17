import { quote } from "../../domain/words.ts";
import { ConfigError } from "../../errors.ts";

/** How Redis is reached: one server; the master that sentinels name; a Cluster; one server on this machine, by its socket. */
export type RedisForm = "alone" | "sentinel" | "cluster" | "socket";

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Where the schedule is, as its address says it. */
export interface RedisAddress {
  readonly form: RedisForm;
  readonly isTls: boolean;
  /** Of Redis, not of its sentinels; "": none. */
  readonly user: string;
  readonly password: string;
  /** The server; the sentinels; some nodes of the Cluster. None for a socket. */
  readonly hosts: readonly RedisHost[];
  /** The socket's; "" without one. */
  readonly path: string;
  /** What the sentinels call the master; "" without sentinels. */
  readonly master: string;
  readonly database: number;
}

const FORMS: Readonly<Record<string, { readonly form: RedisForm; readonly isTls: boolean }>> = {
  redis: { form: "alone", isTls: false },
  rediss: { form: "alone", isTls: true },
  "redis+sentinel": { form: "sentinel", isTls: false },
  "rediss+sentinel": { form: "sentinel", isTls: true },
  "redis+cluster": { form: "cluster", isTls: false },
  "rediss+cluster": { form: "cluster", isTls: true },
  "redis+unix": { form: "socket", isTls: false },
};

/** An address of each form, as an error shows it. */
const LIKE: Readonly<Record<RedisForm, string>> = {
  alone: "redis://host:6379/0",
  sentinel: "redis+sentinel://host:26379,host:26379/MASTER/0",
  cluster: "redis+cluster://host:6379,host:6379",
  socket: "redis+unix:///run/redis/redis.sock",
};

const PORTS: Readonly<Record<RedisForm, number>> = { alone: 6379, sentinel: 26379, cluster: 6379, socket: 0 };

/**
 * Reads Redis' address. Throws `ConfigError`, which begins with `where` and quotes no part of the address but the names of
 * its options.
 */
export function readRedisAddress(where: string, text: string): RedisAddress {
  const { scheme = "", rest = "" } = /^(?<scheme>[a-z+]+):\/\/(?<rest>[^]*)$/i.exec(text)?.groups ?? {};
  const known = FORMS[scheme.toLowerCase()];
  if (known === undefined || /\s/.test(rest))
    throw new ConfigError(`${where}: an address like ${Object.values(LIKE).join(", ")}, or with rediss for redis`);
  const wrong = (what: string): ConfigError =>
    new ConfigError(`${where}: ${what}: an address like ${LIKE[known.form]}`);
  const {
    before = "",
    query = "",
    hash,
  } = /^(?<before>[^?#]*)(?:\?(?<query>[^#]*))?(?<hash>#.*)?$/.exec(rest)?.groups ?? {};
  if (hash !== undefined) throw wrong("what stands behind a # is not read; write %23 for one in a password");
  const options = new URLSearchParams(query);
  refuseOptions(where, options, known.form === "socket" ? ["db"] : []);
  const [, authority = "", path = ""] = /^([^/]*)(\/.*)?$/.exec(before) ?? [];
  const at = authority.lastIndexOf("@");
  const [user = "", ...more] = at < 0 ? [] : authority.slice(0, at).split(":");
  const address = {
    ...known,
    user: decoded(user, wrong),
    password: decoded(more.join(":"), wrong),
    hosts: known.form === "socket" ? [] : hostsOf(authority.slice(at + 1), known.form, wrong),
  };
  if (known.form !== "socket") return { ...address, path: "", ...placeOf(known.form, path, wrong) };
  if (authority.slice(at + 1) !== "") throw wrong("a socket has no host: write three slashes before its path");
  if (path === "" || path === "/") throw wrong("the socket's path is missing");
  return { ...address, path: decoded(path, wrong), master: "", database: databaseOf(options.get("db") ?? "", wrong) };
}

/** The address without user and password, for people. */
export function showRedisAddress({ form, isTls, user, password, hosts, path, master, database }: RedisAddress): string {
  const scheme =
    Object.entries(FORMS).find(([, known]) => known.form === form && known.isTls === isTls)?.[0] ?? "redis";
  const whose = user === "" && password === "" ? "" : "***@";
  const where = hosts.map(showHost).join(",");
  if (form === "socket") return `${scheme}://${whose}${path}${database === 0 ? "" : `?db=${database}`}`;
  const tail = form === "sentinel" ? `/${master}/${database}` : database === 0 ? "" : `/${database}`;
  return `${scheme}://${whose}${where}${tail}`;
}

/** `host:port`, with an IPv6 address in brackets. */
export function showHost({ host, port }: RedisHost): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What went to the client unchecked would change how it connects. */
function refuseOptions(where: string, options: URLSearchParams, allowed: readonly string[]): void {
  for (const name of options.keys()) {
    if (allowed.includes(name) && options.getAll(name).length === 1) continue;
    const shown = /^\w{1,40}$/.test(name) ? name : quote(name);
    throw new ConfigError(
      `${where}: option ${shown} is not read: take it out; user, password and database stand before the ?, all else has keys of its own`,
    );
  }
}

type Wrong = (what: string) => ConfigError;

function hostsOf(text: string, form: RedisForm, wrong: Wrong): readonly RedisHost[] {
  const parts = text === "" && form === "alone" ? ["localhost"] : text.split(",");
  if (form === "alone" && parts.length > 1)
    throw wrong("several hosts go with redis+sentinel or redis+cluster, not with redis");
  return parts.map((part) => {
    const { six, name, port } =
      /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/i.exec(part)?.groups ?? {};
    const host = six ?? name;
    const number = port === undefined ? PORTS[form] : Number(port);
    if (host === undefined) throw wrong("a host cannot be read");
    if (number < 1 || number > 65_535) throw wrong("a port is a number from 1 to 65535");
    return { host: decoded(host, wrong), port: number };
  });
}

/** What stands behind the hosts: a database; the master's name, and a database; nothing. */
function placeOf(form: RedisForm, path: string, wrong: Wrong): { readonly master: string; readonly database: number } {
  const parts = path.split("/").slice(1);
  if (parts.at(-1) === "") parts.pop();
  const [first = "", second = "", ...more] = parts;
  if (form === "sentinel") {
    if (first === "") throw wrong("the master's name, as its sentinels call it, is missing behind the hosts");
    if (more.length > 0) throw wrong("behind the hosts stand the master's name and a database, and no more");
    return { master: decoded(first, wrong), database: databaseOf(second, wrong) };
  }
  if (parts.length > 1) throw wrong("behind the host stands a database, and no more");
  const database = databaseOf(first, wrong);
  if (form === "cluster" && database !== 0) throw wrong("a Cluster has the database 0 alone");
  return { master: "", database };
}

function databaseOf(text: string, wrong: Wrong): number {
  if (!/^\d{0,5}$/.test(text)) throw wrong("the database is a number");
  return Number(text);
}

function decoded(text: string, wrong: Wrong): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw wrong("a % that is none of an escape: write %25 for it");
  }
}
