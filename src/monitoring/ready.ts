import { jsonAnswer, type Answer } from "./answer.ts";
import { EVERY_REGION, describeTrouble, type Breaker } from "../domain/limits/breaker.ts";
import type { Pause, Stop } from "../domain/limits/budget.ts";
import { agreed } from "../domain/limits/clocks.ts";
import { believable, DEAFNESS_WORDS, LATE_WORDS } from "../domain/limits/deaf.ts";
import { withoutSecrets } from "../domain/report/gate.ts";
import { HOUR_MS, MINUTE_MS, type Instant } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import { reading, type Health, type Reading } from "../inspect/health.ts";
import { iso } from "../inspect/json.ts";
import { within } from "../limit.ts";
import type { Heard, Hearing, ReporterStatus, Signs } from "../ports/index.ts";

/** What this process knows of itself without asking anybody. */
export interface Self {
  /** Whether it was told to stop, and since when it runs, or ends. */
  readonly running: () => { readonly isEnding: boolean; readonly since: Instant };
  /** Whether the broker delivers to us, and since when it does, or does not. */
  readonly consuming: () => { readonly isConsuming: boolean; readonly since: Instant };
}

/** Who is asked whether the service is ready. */
export interface ReadyReader {
  readonly self: Self;
  readonly now: () => Instant;
  /** Throws `UpstreamError`. */
  readonly health: () => Promise<Health>;
  readonly hearing: Pick<Hearing, "deafSince">;
  /** How often the archive is read, and the regions are gone through. */
  readonly hearEveryMs: number;
  readonly tickEveryMs: number;
  /** Redis may take so long. */
  readonly answerWithinMs: number;
}

/** `degraded`: it does its work, and something is to be looked at; `down`: it does not; `unknown`: Redis would know. */
type State = "ok" | "degraded" | "down" | "unknown";

/** One sign, in a word for people, and since when it is so. */
export interface Part {
  readonly state: State;
  readonly word: string;
  readonly since: string | null;
}

export const PARTS = [
  "process",
  "broker",
  "redis",
  "heard",
  "tick",
  "report",
  "bus",
  "paused",
  "stopped",
  "breakers",
] as const;
export type Parts = Readonly<Record<(typeof PARTS)[number], Part>>;

/** The parts, and how the service goes as Redis has it; null: it does not answer, or its clock is wrong. */
interface Look {
  readonly parts: Parts;
  readonly health: Health | null;
}

/** A pass over the regions may be so late; EC2 may be slow, and a lease long. */
const TICK_WITHIN_MS = 30 * MINUTE_MS;
/** So long deafness, with messages coming, is a weakness; longer, nobody should count on the service. */
const DEAF_WITHIN_MS = HOUR_MS;

const UNKNOWN: Part = { state: "unknown", word: "not known, because of redis", since: null };

/** Answers `/ready`: 503 when a part is down, else 200; the parts by name. One for a process: it remembers since when Redis is away. */
export class Readiness {
  readonly #reader: ReadyReader;
  #redisSince: Instant;
  #isRedisUp = true;

  constructor(reader: ReadyReader) {
    this.#reader = reader;
    this.#redisSince = reader.now();
  }

  async answer(): Promise<Answer> {
    const { parts } = await this.look();
    const states = Object.values(parts).map(({ state }) => state);
    const status = states.includes("down") ? "unready" : states.includes("degraded") ? "degraded" : "ready";
    const answer = jsonAnswer({ status, at: iso(this.#reader.now()), parts }, status === "unready" ? 503 : 200);
    return { ...answer, maxAgeS: null };
  }

  /** Every part as it is now, and what it was read from; null, and no rejection, for a Redis that is away. */
  async look(): Promise<Look> {
    const { self, now, answerWithinMs } = this.#reader;
    const [running, { isConsuming, since }] = [self.running(), self.consuming()];
    const own = {
      process: running.isEnding ? part("down", "it is ending", running.since) : part("ok", "it runs", running.since),
      broker: isConsuming ? part("ok", "it delivers", since) : part("down", "it does not deliver", since),
    };
    try {
      const { health, ...remembered } = await within(answerWithinMs, this.#remembered(), () => silent(answerWithinMs));
      this.#note(true, now());
      return { parts: { ...own, redis: part("ok", "it answers", this.#redisSince), ...remembered }, health };
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      this.#note(false, now());
      const word = error.code === "clock-skew" ? "its clock and ours are apart" : "it does not answer";
      const redis = part("down", word, this.#redisSince);
      const unknown = { heard: UNKNOWN, tick: UNKNOWN, report: UNKNOWN, bus: UNKNOWN };
      return {
        parts: { ...own, redis, ...unknown, paused: UNKNOWN, stopped: UNKNOWN, breakers: UNKNOWN },
        health: null,
      };
    }
  }

  #note(isUp: boolean, now: Instant): void {
    if (isUp !== this.#isRedisUp) this.#redisSince = now;
    this.#isRedisUp = isUp;
  }

  async #remembered(): Promise<Omit<Parts, "process" | "broker" | "redis"> & { readonly health: Health }> {
    const { hearing, hearEveryMs, tickEveryMs } = this.#reader;
    const [health, deafSince] = await Promise.all([this.#reader.health(), reading(hearing.deafSince())]);
    const now = agreed(health.clocks);
    const { heard, signs, reporter, bus, pause, stops, breakers } = health;
    return {
      health,
      heard: orProblem(heard, (value) => orProblem(deafSince, (noted) => heardPart(now, value, noted, hearEveryMs))),
      tick: orProblem(signs, (value) => tickPart(now, value, tickEveryMs)),
      report: orProblem(reporter, (value) => tellingPart(value, "the public")),
      bus: orProblem(bus, (value) => tellingPart(value, "the bus")),
      paused: orProblem(pause, pausedPart),
      stopped: orProblem(stops, stoppedPart),
      breakers: orProblem(breakers, breakersPart),
    };
  }
}

/** Redis has not answered in that time. */
export function silent(limitMs: number): UpstreamError {
  return new UpstreamError("redis", "silent", `redis: no answer within ${limitMs} ms`);
}

function part(state: State, word: string, since: Instant | null): Part {
  return { state, word: withoutSecrets(word), since: since === null || since === 0 ? null : iso(since) };
}

/** What stands in Redis and cannot be read is told there, and keeps no other part from being told. */
function orProblem<T>(read: Reading<T>, told: (value: T) => Part): Part {
  return "value" in read ? told(read.value) : part("degraded", read.problem, null);
}

function heardPart(
  now: Instant,
  { until, deafness, lateSince }: Pick<Heard, "until" | "deafness" | "lateSince">,
  noted: Instant | null,
  hearEveryMs: number,
): Part {
  if (deafness !== null) {
    const since = believable(noted, now) ?? now;
    const isLong = now - since >= DEAF_WITHIN_MS;
    return part(isLong ? "down" : "degraded", `deaf, nothing is acted on: ${DEAFNESS_WORDS[deafness]}`, since);
  }
  const isLate = until !== null && until !== Infinity && now - until > 2 * hearEveryMs;
  if (isLate) return part("degraded", "the archive of messages is not heard", until);
  return lateSince === null ? part("ok", "all is heard", until) : part("degraded", LATE_WORDS, lateSince);
}

function tickPart(now: Instant, { marks, hung }: Signs, tickEveryMs: number): Part {
  const [first] = hung;
  if (first !== undefined) return part("degraded", `a pass hangs: ${first.pass}`, first.since);
  const at = marks.tick ?? null;
  if (at === null) return part("ok", "no pass has ended yet", null);
  const isLate = now - at > Math.max(3 * tickEveryMs, TICK_WITHIN_MS);
  return isLate
    ? part("down", "no pass over the images has ended well", at)
    : part("ok", "the last pass ended well", at);
}

/** Null: nothing was to be told yet, or it is switched off. */
function tellingPart(status: ReporterStatus | null, whom: "the public" | "the bus"): Part {
  if (status === null)
    return part("ok", whom === "the bus" ? "nothing is told" : "nothing was to be reported yet", null);
  const { state, since } = status;
  return state === "ok" ? part("ok", `${whom} is told`, since) : part("degraded", `${whom} is not told`, since);
}

function pausedPart(pause: Pause | null): Part {
  return pause === null ? part("ok", "no", null) : part("degraded", "a person has paused all acts", pause.since);
}

function stoppedPart(stops: readonly Stop[]): Part {
  if (stops.length === 0) return part("ok", "nothing", null);
  const words = stops.map(({ kind, reason }) => `${kind}: ${reason}`).join("; ");
  return part("degraded", words, Math.min(...stops.map(({ since }) => since)));
}

function breakersPart(breakers: ReadonlyMap<string, Breaker>): Part {
  const open = [...breakers];
  if (open.length === 0) return part("ok", "none is open", null);
  const words = open.map(([region, breaker]) => {
    const where = region === EVERY_REGION ? "every region" : region;
    return `${where}: ${describeTrouble(breaker)}`;
  });
  return part("degraded", words.join("; "), Math.min(...open.map(([, { since }]) => since)));
}
