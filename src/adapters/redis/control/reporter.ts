import { asUpstream, type RedisConnection } from "../connection.ts";
import { wantedSignal } from "../../abandon.ts";
import { ControlLease } from "../lease.ts";
import { readEvent } from "../record.ts";
import { loadScript } from "../script.ts";
import { translateErrors } from "../../translate.ts";
import { compareIds } from "../../../domain/image/event.ts";
import { formatInstant, MINUTE_MS, parseInstant, SECOND_MS, type Instant } from "../../../domain/time.ts";
import { describeError } from "../../../errors.ts";
import type { Log, PendingPost, ReporterLease, ReporterMemory, ReporterStatus } from "../../../ports/index.ts";

const report = loadScript("report");

const LEASE_MS = 2 * MINUTE_MS;
const RENEW_MS = 30 * SECOND_MS;

/**
 * Takes the lease of one kind of reporter; null when another process has it. Each kind has a place of its own, so that what
 * was only logged is still told to the public when a public report is set up later.
 */
export async function takeReporterLease(
  connection: RedisConnection,
  kind: string,
  log: Log,
): Promise<ReporterLease | null> {
  const { redis, keys } = connection;
  const key = keys.control(`reporter:${kind}:lease`);
  const lease = await ControlLease.take(redis, key, LEASE_MS);
  if (lease === null) return null;
  // Whoever reports is known by name, so that no event is removed before everybody has read it.
  await redis.sadd(keys.control("reporters"), kind);
  return translateErrors<ReporterLease>(new RedisReporterLease(connection, kind, lease, log), asUpstream);
}

class RedisReporterLease implements ReporterLease {
  readonly #connection: RedisConnection;
  readonly #kind: string;
  readonly #lease: ControlLease;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;

  constructor(connection: RedisConnection, kind: string, lease: ControlLease, log: Log) {
    this.#connection = connection;
    this.#kind = kind;
    this.#lease = lease;
    this.#log = log;
    this.#timer = setInterval(() => void this.#keepAlive(), RENEW_MS);
    // A pass that is given up cannot end it, and what it cannot end must run out.
    wantedSignal()?.addEventListener("abort", () => {
      clearInterval(this.#timer);
    });
  }

  confirm(): Promise<void> {
    return this.#lease.confirm();
  }

  async unreported(region: string, limit: number, lastId = "+"): ReturnType<ReporterLease["unreported"]> {
    const { redis, keys } = this.#connection;
    const cursor = await redis.hget(this.#key("cursors"), region);
    const start = cursor === null ? "-" : `(${cursor}`;
    const entries = await redis.xrange(keys.events(region), start, lastId, "COUNT", limit);
    return entries.map(([id, flat]) => readEvent(region, id, flat));
  }

  async pendingPost(): Promise<PendingPost | null> {
    const text = await this.#connection.redis.get(this.#key("part"));
    return text === null ? null : (JSON.parse(text) as PendingPost);
  }

  savePendingPost(post: PendingPost): Promise<void> {
    return this.#write(JSON.stringify(post), {}, {});
  }

  finishPost(until: PendingPost["until"], changes: Partial<ReporterMemory>): Promise<void> {
    return this.#write("", until, changes);
  }

  async memory(): Promise<ReporterMemory> {
    const hash = await this.#connection.redis.hgetall(this.#key("memory"));
    return {
      quietSince: parseInstant(hash["quiet_since"] ?? ""),
      outlookDay: hash["outlook_day"] || null,
      toldDay: hash["told_day"] || null,
      trimmedAt: parseInstant(hash["trimmed_at"] ?? ""),
      secondLooks: JSON.parse(hash["second_looks"] ?? "[]") as ReporterMemory["secondLooks"],
    };
  }

  remember(changes: Partial<ReporterMemory>): Promise<void> {
    return this.#write("=", {}, changes);
  }

  async noteStatus({ state, since, reason, checkedAt }: ReporterStatus): Promise<void> {
    const fields = { state, since: formatInstant(since), reason, checked_at: formatInstant(checkedAt) };
    await this.#connection.redis.hset(this.#key("status"), fields);
  }

  async trim(region: string, before: Instant): Promise<number> {
    const { redis, keys } = this.#connection;
    const kinds = await redis.smembers(keys.control("reporters"));
    const cursors = await Promise.all(
      kinds.map((kind) => redis.hget(keys.control(`reporter:${kind}:cursors`), region)),
    );
    if (cursors.length === 0 || cursors.includes(null)) return 0;
    const oldest = [`${before}-0`, ...cursors.map((cursor) => cursor ?? "0-0")].sort(compareIds)[0] ?? "0-0";
    return redis.xtrim(keys.events(region), "MINID", oldest);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#lease.end();
  }

  #key(name: "lease" | "cursors" | "part" | "memory" | "status"): string {
    return this.#connection.keys.control(`reporter:${this.#kind}:${name}`);
  }

  async #keepAlive(): Promise<void> {
    try {
      if (await this.#lease.renew()) return;
      clearInterval(this.#timer);
      this.#log.warn({ kind: this.#kind }, "the reporter's lease ran out");
    } catch (error) {
      this.#log.warn({ kind: this.#kind, error: describeError(error) }, "the reporter's lease could not be renewed");
    }
  }

  async #write(post: string, cursors: PendingPost["until"], changes: Partial<ReporterMemory>): Promise<void> {
    const places = Object.entries(cursors).flat();
    const names = ["lease", "part", "cursors", "memory"] as const;
    const keys = names.map((name) => this.#key(name));
    const args = [this.#lease.token, post, places.length, ...places, ...memoryFields(changes)];
    if ((await report(this.#connection.redis, keys, args)) !== 1) throw this.#lease.lost();
  }
}

/** How reporting goes; null before the first report. */
export async function readReporterStatus(
  { redis, keys }: RedisConnection,
  kind: string,
): Promise<ReporterStatus | null> {
  const hash = await redis.hgetall(keys.control(`reporter:${kind}:status`));
  const [since, checkedAt] = [parseInstant(hash["since"] ?? ""), parseInstant(hash["checked_at"] ?? "")];
  if (since === null || checkedAt === null) return null;
  return { state: hash["state"] === "ok" ? "ok" : "failing", since, reason: hash["reason"] ?? "", checkedAt };
}

function memoryFields({ quietSince, outlookDay, toldDay, trimmedAt, secondLooks }: Partial<ReporterMemory>): string[] {
  const instant = (at: Instant | null): string => (at === null ? "" : formatInstant(at));
  return [
    ...(quietSince === undefined ? [] : ["quiet_since", instant(quietSince)]),
    ...(outlookDay === undefined ? [] : ["outlook_day", outlookDay ?? ""]),
    ...(toldDay === undefined ? [] : ["told_day", toldDay ?? ""]),
    ...(trimmedAt === undefined ? [] : ["trimmed_at", instant(trimmedAt)]),
    ...(secondLooks === undefined ? [] : ["second_looks", JSON.stringify(secondLooks)]),
  ];
}
