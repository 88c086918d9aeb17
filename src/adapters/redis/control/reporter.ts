import type { RedisConnection } from "../connection.ts";
import { asUpstream, quoteKey, UnreadableRecord } from "../strange.ts";
import { ControlLease } from "../lease.ts";
import { trimLarge, trimOld } from "./old-events.ts";
import { readEvents } from "../images/named.ts";
import { loadScript } from "../script.ts";
import { translateErrors } from "../../translate.ts";
import { compareIds, isEntryId } from "../../../domain/image/event.ts";
import { jsonOf } from "../../../domain/json.ts";
import { formatInstant, MINUTE_MS, parseInstant, SECOND_MS, type Instant } from "../../../domain/time.ts";
import type { Log, PendingPost, ReporterLease, ReporterMemory, ReporterStatus } from "../../../ports/index.ts";

const report = loadScript("report");

const LEASE_MS = 2 * MINUTE_MS;
const RENEW_MS = 30 * SECOND_MS;

/**
 * Takes the lease of one kind of reporter; null when another process has it. Each kind has a place of its own, so that what
 * was only logged is still told to the public when a public report is set up later. What the kind `before` told to the public is
 * not told again.
 */
export async function takeReporterLease(
  connection: RedisConnection,
  { kind, before }: { readonly kind: string; readonly before: string | null },
  log: Log,
): Promise<ReporterLease | null> {
  const { redis, keys, strangers } = connection;
  const key = keys.control(`reporter:${kind}:lease`);
  const lease = await ControlLease.take(redis, key, LEASE_MS);
  if (lease === null) return null;
  // Whoever reports is known by name, so that no event is removed before everybody has read it.
  await strangers.orTell(keys.control("reporters"), redis.sadd(keys.control("reporters"), kind), 0);
  lease.keepAlive(RENEW_MS, log);
  if (before !== null) await goOn(connection, kind, before);
  return translateErrors<ReporterLease>(new RedisReporterLease(connection, kind, lease), asUpstream);
}

const NO_CURSORS: Record<string, string> = {};

/** Moves the places of a kind of report up to those of another, where they lie behind. May be repeated. */
async function goOn({ redis, keys, strangers }: RedisConnection, kind: string, before: string): Promise<void> {
  const [own, theirs] = [kind, before].map((each) => keys.control(`reporter:${each}:cursors`));
  if (own === undefined || theirs === undefined) return;
  const [mine, told] = await Promise.all(
    [own, theirs].map((key) => strangers.orTell(key, redis.hgetall(key), NO_CURSORS)),
  );
  const isPlace = (id: string): boolean => /^\d{1,20}-\d{1,20}$/.test(id);
  const ahead = Object.entries(told ?? {}).filter(
    ([region, id]) => isPlace(id) && compareIds(id, mine?.[region] ?? "0-0") > 0,
  );
  if (ahead.length > 0) await redis.hset(own, Object.fromEntries(ahead));
}

class RedisReporterLease implements ReporterLease {
  readonly #connection: RedisConnection;
  readonly #kind: string;
  readonly #lease: ControlLease;

  constructor(connection: RedisConnection, kind: string, lease: ControlLease) {
    this.#connection = connection;
    this.#kind = kind;
    this.#lease = lease;
  }

  confirm(): Promise<void> {
    return this.#lease.confirm();
  }

  async unreported(region: string, limit: number, lastId = "+"): ReturnType<ReporterLease["unreported"]> {
    const { redis, keys, strangers } = this.#connection;
    const cursor = await redis.hget(this.#key("cursors"), region);
    const start = cursor === null ? "-" : `(${cursor}`;
    if (cursor !== null && !isEntryId(cursor)) throw this.#unreadable("cursors", region);
    strangers.forget(`${this.#key("cursors")} ${region}`);
    const entries = await strangers.orTell(
      keys.events(region),
      redis.xrange(keys.events(region), start, lastId, "COUNT", limit),
      [],
    );
    return readEvents(this.#connection, region, entries);
  }

  async pendingPost(): Promise<PendingPost | null> {
    const key = this.#key("part");
    const text = await this.#connection.redis.get(key);
    if (text === null) return null;
    const post = jsonOf(text);
    if (isPendingPost(post)) return post;
    // What was told of it already is known by what the public can read.
    this.#connection.strangers.tell(key, `redis: ${key} is no post of ours: it is begun anew`);
    return null;
  }

  savePendingPost(post: PendingPost): Promise<void> {
    return this.#write(JSON.stringify(post), {}, {});
  }

  finishPost(until: PendingPost["until"], changes: Partial<ReporterMemory>): Promise<void> {
    return this.#write("", until, changes);
  }

  async memory(): Promise<ReporterMemory> {
    const key = this.#key("memory");
    const hash = await this.#connection.redis.hgetall(key);
    const looks = jsonOf(hash["second_looks"] ?? "[]");
    if (!isSecondLooks(looks))
      this.#connection.strangers.tell(
        `${key} second_looks`,
        `redis: the field second_looks of ${key} cannot be read: it counts as empty`,
      );
    return {
      quietSince: parseInstant(hash["quiet_since"] ?? ""),
      outlookDay: hash["outlook_day"] || null,
      toldDay: hash["told_day"] || null,
      trimmedAt: parseInstant(hash["trimmed_at"] ?? ""),
      soughtAt: parseInstant(hash["sought_at"] ?? ""),
      secondLooks: isSecondLooks(looks) ? looks : [],
    };
  }

  remember(changes: Partial<ReporterMemory>): Promise<void> {
    return this.#write("=", {}, changes);
  }

  async noteStatus({ state, since, reason, checkedAt }: ReporterStatus): Promise<void> {
    const fields = { state, since: formatInstant(since), reason, checked_at: formatInstant(checkedAt) };
    const key = this.#key("status");
    await this.#connection.strangers.orTell(key, this.#connection.redis.hset(key, fields), 0);
  }

  trim(region: string, before: Instant, now: Instant): Promise<number> {
    return trimOld(this.#connection, { kind: this.#kind, region, now }, before);
  }

  bound(region: string, spared: Instant, now: Instant): Promise<number> {
    return trimLarge(this.#connection, { kind: this.#kind, region, now }, spared);
  }

  async end(): Promise<void> {
    await this.#lease.end();
  }

  #key(name: "lease" | "cursors" | "part" | "memory" | "status"): string {
    return this.#connection.keys.control(`reporter:${this.#kind}:${name}`);
  }

  #unreadable(name: "cursors", field: string): UnreadableRecord {
    const key = this.#key(name);
    const remedy = `redis-cli HDEL ${quoteKey(key)} ${field} has the region told anew, without what the public can read already`;
    const message = `the field ${field} of ${key} cannot be read: ${remedy}`;
    this.#connection.strangers.tell(`${key} ${field}`, `redis: ${message}`, field);
    return new UnreadableRecord(message);
  }

  async #write(post: string, cursors: PendingPost["until"], changes: Partial<ReporterMemory>): Promise<void> {
    const places = Object.entries(cursors).flat();
    const names = ["lease", "part", "cursors", "memory"] as const;
    const keys = names.map((name) => this.#key(name));
    const args = [this.#lease.token, post, places.length, ...places, ...memoryFields(changes)];
    if ((await report(this.#connection.redis, keys, args)) !== 1) throw this.#lease.lost();
  }
}

function isPendingPost(value: unknown): value is PendingPost {
  if (typeof value !== "object" || value === null) return false;
  const { day, marker, until, mostBytes, unsureAt } = value as Partial<Record<keyof PendingPost, unknown>>;
  const isUntil =
    typeof until === "object" &&
    until !== null &&
    Object.values(until).every((id) => typeof id === "string" && isEntryId(id));
  const isSent = unsureAt === null || typeof unsureAt === "number";
  return (
    typeof day === "string" &&
    /^\d{4}-\d{2}-\d{2}$/.test(day) &&
    typeof marker === "string" &&
    isUntil &&
    typeof mostBytes === "number" &&
    isSent
  );
}

function isSecondLooks(value: unknown): value is ReporterMemory["secondLooks"] {
  return Array.isArray(value) && value.every(isSecondLook);
}

function isSecondLook(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { day, title, marker, at } = value as Partial<Record<string, unknown>>;
  return [day, title, marker].every((word) => typeof word === "string") && typeof at === "number";
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

function memoryFields(changes: Partial<ReporterMemory>): string[] {
  const { quietSince, outlookDay, toldDay, trimmedAt, soughtAt, secondLooks } = changes;
  const instant = (at: Instant | null): string => (at === null ? "" : formatInstant(at));
  return [
    ...(quietSince === undefined ? [] : ["quiet_since", instant(quietSince)]),
    ...(outlookDay === undefined ? [] : ["outlook_day", outlookDay ?? ""]),
    ...(toldDay === undefined ? [] : ["told_day", toldDay ?? ""]),
    ...(trimmedAt === undefined ? [] : ["trimmed_at", instant(trimmedAt)]),
    ...(soughtAt === undefined ? [] : ["sought_at", instant(soughtAt)]),
    ...(secondLooks === undefined ? [] : ["second_looks", JSON.stringify(secondLooks)]),
  ];
}
