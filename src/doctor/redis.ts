import type { Config } from "../config/config.ts";
import { attempt } from "./attempt.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import { checkLabels } from "./labels.ts";
import { checkRecords } from "./records.ts";
import { checkDurability, checkForm } from "./redis-form.ts";
import { checkMemory } from "./redis-memory.ts";
import { believable, DEAFNESS_WORDS, LATE_WORDS } from "../domain/limits/deaf.ts";
import { describeWhen, formatDuration, HOUR_MS, MINUTE_MS, SECOND_MS, type Instant } from "../domain/time.ts";
import type { StoreCheckup } from "../ports/index.ts";

interface StoreNeeds {
  readonly config: Pick<Config, "reportEveryMs" | "act" | "announce" | "sources"> & {
    readonly redis: Pick<Config["redis"], "durability">;
  };
  readonly now: () => Instant;
  readonly store: () => Promise<StoreCheckup>;
}

type Info = Readonly<Record<string, string>>;

/** XTRIM MINID, which ends what events are kept, came with 6.2. */
const OLDEST_REDIS = [6, 2] as const;
const PINGS = 10;
const SLOW_PING_MS = 50;
/** Beyond this nothing is acted on; see `safeNow`. */
const MOST_SKEW_MS = MINUTE_MS;
const NOTABLE_SKEW_MS = 5 * SECOND_MS;

/** Redis as a server, and what it remembers of the service. Throws `UpstreamError` when it cannot be reached. */
export async function checkStore({ config, now, store: open }: StoreNeeds): Promise<readonly Finding[]> {
  const store = await open();
  const info = await store.info();
  const told = info === null ? unasked() : [...judgeServer(info), ...judgePersistence(info)];
  const findings = await Promise.all([
    attempt("redis form", () => checkForm(store)),
    attempt("redis durability", () => checkDurability(store, config.redis)),
    attempt("redis commands", () => checkCommands(store)),
    attempt("redis memory", () => checkMemory(store, info)),
    attempt("redis latency", () => checkLatency(store)),
    attempt("redis keys", () => checkFormat(store)),
    attempt("clock", () => checkClock(store)),
    attempt("ears", () => checkEars(store, config, now)),
    attempt("reporter", () => checkReporter(store, config, now)),
    attempt("bus", () => checkBus(store, config, now)),
    attempt("acts", () => checkActs(store)),
    attempt("labels", () => checkLabels(store, now)),
    attempt("records", () => checkRecords(store)),
  ]);
  return [...told, ...findings.flat()];
}

function unasked(): readonly Finding[] {
  const words = "reached; its version, persistence and memory may not be asked: a new run is known by another sign";
  return [warning("redis", words, "allow INFO to its user")];
}

async function checkCommands(store: StoreCheckup): Promise<readonly Finding[]> {
  const refused = await store.refusedCommands();
  const remedy = "allow them to its user: docs/operating.md has the list";
  if (refused === null) return [failure("redis commands", "refused to its user: MULTI", remedy)];
  if (refused.length === 0) return [ok("redis commands", "its user may give all that are needed")];
  return [failure("redis commands", `refused to its user: ${refused.join(", ")}`, remedy)];
}

function judgeServer(info: Info): readonly Finding[] {
  const version = info["redis_version"] ?? "?";
  const name = info["valkey_version"] === undefined ? `Redis ${version}` : `Valkey ${info["valkey_version"]}`;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]);
  if (isOld) return [failure("redis", `${name} is too old`, `install ${OLDEST_REDIS.join(".")} or newer, or Valkey`)];
  if (info["role"] === "slave")
    return [failure("redis", `${name} is a replica: it takes no writes`, "give the primary's address")];
  return [ok("redis", name)];
}

function judgePersistence(info: Info): readonly Finding[] {
  const check = "redis persistence";
  const {
    aof_enabled: aof,
    maxmemory_policy: policy,
    aof_last_write_status: written,
    rdb_last_bgsave_status: saved,
  } = info;
  const findings: Finding[] = [];
  if (policy === undefined || aof === undefined)
    findings.push(
      warning(check, "INFO does not tell it", "make sure of appendonly yes and maxmemory-policy noeviction"),
    );
  if (policy !== undefined && policy !== "noeviction")
    findings.push(
      failure(check, `maxmemory-policy is ${policy}: a full memory loses schedules`, "set maxmemory-policy noeviction"),
    );
  if (aof === "0")
    findings.push(
      warning(check, "appendonly is no: a crash loses what came since the last snapshot", "set appendonly yes"),
    );
  if ((aof === "1" && written === "err") || saved === "err")
    findings.push(failure(check, "the last write to disk failed", "look at Redis' log, and at the disk"));
  return findings.length > 0 ? findings : [ok(check, "appendonly yes, maxmemory-policy noeviction")];
}

async function checkLatency(store: StoreCheckup): Promise<readonly Finding[]> {
  const taken: number[] = [];
  for (let ping = 0; ping < PINGS; ping += 1) taken.push(await store.pingMs());
  // While the other checks keep this process busy, most calls look slower than they are.
  const best = Math.min(...taken);
  const message = `${best.toFixed(1)} ms a call, the best of ${PINGS}`;
  if (best <= SLOW_PING_MS) return [ok("redis latency", message)];
  return [
    warning("redis latency", message, "bring clean-amis and Redis nearer together, or look what keeps Redis busy"),
  ];
}

async function checkFormat(store: StoreCheckup): Promise<readonly Finding[]> {
  const { written, known } = await store.format();
  if (written === null) return [ok("redis keys", `none yet: the first start writes format ${known}`)];
  if (Number(written) <= known) return [ok("redis keys", `format ${written}`)];
  const message = `format ${JSON.stringify(written)}, this program knows ${known}`;
  return [failure("redis keys", message, "run the newer clean-amis that wrote it, or set another redis_prefix")];
}

async function checkClock(store: StoreCheckup): Promise<readonly Finding[]> {
  const { skewMs } = await store.schedule.now();
  const message = `${formatDuration(skewMs)} apart from Redis'`;
  const remedy = "let both machines follow a time server (chronyd)";
  if (skewMs > MOST_SKEW_MS) return [failure("clock", `${message}: nothing is acted on beyond 1m`, remedy)];
  return [skewMs > NOTABLE_SKEW_MS ? warning("clock", message, remedy) : ok("clock", message)];
}

async function checkEars(
  { listen, schedule }: StoreCheckup,
  { sources }: Pick<Config, "sources">,
  now: () => Instant,
): Promise<readonly Finding[]> {
  const { at } = await schedule.now();
  const { until, deafness, lateSince } = await listen(at);
  const remedy =
    sources.datagrepper === null
      ? "set sources.datagrepper: without it nobody knows what was missed"
      : "start clean-amis consume, or look why it cannot read datagrepper";
  const message = until === null ? "" : `everything was heard until ${describeWhen(until, now())}`;
  if (deafness === null && lateSince !== null)
    return [warning("ears", `${message}; since ${describeWhen(lateSince, now())}, ${LATE_WORDS}`, remedy)];
  if (deafness === null) return [ok("ears", message)];
  const why = `nothing is acted on: ${DEAFNESS_WORDS[deafness]}`;
  return [warning("ears", message === "" ? why : `${message}; ${why}`, remedy)];
}

async function checkReporter(
  { journal }: StoreCheckup,
  { act, reportEveryMs }: Pick<Config, "act" | "reportEveryMs">,
  now: () => Instant,
): Promise<readonly Finding[]> {
  const status = await journal.status();
  if (status === null) return [ok("reporter", "no report yet")];
  const { state, since, reason, checkedAt } = status;
  if (state === "failing") return [failure("reporter", `failing since ${describeWhen(since, now())}: ${reason}`)];
  const message = `last pass ${describeWhen(checkedAt, now())}`;
  // A pass that is still to come, by a wrong clock, says nothing of when it was.
  const lastAt = believable(checkedAt, now()) ?? 0;
  const isLate = now() - lastAt > 2 * reportEveryMs + HOUR_MS && act !== "nothing";
  return [
    isLate ? warning("reporter", `${message}, and none since`, "start clean-amis consume") : ok("reporter", message),
  ];
}

/** Whether the bus is told what it is to be told: how it went last, and what waits. */
async function checkBus(
  { busJournal }: StoreCheckup,
  { act, announce }: Pick<Config, "act" | "announce">,
  now: () => Instant,
): Promise<readonly Finding[]> {
  if (announce === null || busJournal === null || act === "nothing") return [];
  const [status, untoldSince] = await Promise.all([busJournal.status(), busJournal.untoldSince()]);
  if (status === null) return [ok("bus", "told nothing yet")];
  const { state, since, reason, checkedAt } = status;
  if (state === "failing") return [failure("bus", `not told since ${describeWhen(since, now())}: ${reason}`)];
  const isLate = now() - checkedAt > 2 * announce.everyMs + HOUR_MS;
  const isBehind = untoldSince !== null && now() - untoldSince > announce.everyMs + HOUR_MS;
  const message = `last told ${describeWhen(checkedAt, now())}${isBehind ? `, but for what happened since ${describeWhen(untoldSince, now())}` : ""}`;
  return [isLate || isBehind ? warning("bus", message, "start clean-amis consume") : ok("bus", message)];
}

async function checkActs({ budgets }: StoreCheckup): Promise<readonly Finding[]> {
  const [pause, stops] = await Promise.all([budgets.paused(), budgets.stops()]);
  const remedy = "clean-amis resume, when that is over";
  const findings = [
    ...(pause === null ? [] : [warning("acts", `paused by ${pause.by}: ${pause.why}`, remedy)]),
    ...stops.map(({ kind, reason }) => warning("acts", `${kind} is stopped: ${reason}`, remedy)),
  ];
  return findings.length > 0 ? findings : [ok("acts", "neither paused nor stopped")];
}
