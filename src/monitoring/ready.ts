import { jsonAnswer, type Answer } from "./answer.ts";
import { EVERY_REGION, describeTrouble } from "../domain/limits/breaker.ts";
import { agreed } from "../domain/limits/clocks.ts";
import { believable, DEAFNESS_WORDS } from "../domain/limits/deaf.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Instant } from "../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import { iso } from "../inspect/json.ts";
import { within } from "../limit.ts";
import type { Breakers, Budgets, Hearing, Journal, Listen, Pulse, Schedule } from "../ports/index.ts";

/** What this process knows of itself without asking anybody. */
export interface Self {
  /** It was told to stop. */
  readonly isEnding: () => boolean;
  /** Whether the broker delivers to us, and since when it does, or does not. */
  readonly consuming: () => { readonly isConsuming: boolean; readonly since: Instant };
}

/** Who is asked whether the service is ready. */
export interface ReadyReader {
  readonly self: Self;
  readonly now: () => Instant;
  readonly schedule: Pick<Schedule, "now">;
  readonly listen: Listen;
  readonly hearing: Pick<Hearing, "deafSince">;
  readonly pulse: Pick<Pulse, "signs">;
  readonly journal: Pick<Journal, "status">;
  readonly budgets: Pick<Budgets, "paused" | "stops">;
  readonly breakers: Pick<Breakers, "all">;
  /** How often the archive is read, and the regions are gone through. */
  readonly hearEveryMs: number;
  readonly tickEveryMs: number;
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
  "paused",
  "stopped",
  "breakers",
] as const;
export type Parts = Readonly<Record<(typeof PARTS)[number], Part>>;

/** Redis may take so long. */
const ANSWER_WITHIN_MS = 2 * SECOND_MS;
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
    const parts = await this.parts();
    const states = Object.values(parts).map(({ state }) => state);
    const status = states.includes("down") ? "unready" : states.includes("degraded") ? "degraded" : "ready";
    const answer = jsonAnswer({ status, at: iso(this.#reader.now()), parts }, status === "unready" ? 503 : 200);
    return { ...answer, maxAgeS: null };
  }

  /** Every part as it is now; never rejects for a Redis that is away. */
  async parts(): Promise<Parts> {
    const { self, now } = this.#reader;
    const { isConsuming, since } = self.consuming();
    const own = {
      process: self.isEnding() ? part("down", "it is ending", null) : part("ok", "it runs", null),
      broker: isConsuming ? part("ok", "it delivers", since) : part("down", "it does not deliver", since),
    };
    try {
      const remembered = await within(ANSWER_WITHIN_MS, this.#remembered(), silent);
      this.#note(true, now());
      return { ...own, redis: part("ok", "it answers", this.#redisSince), ...remembered };
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      this.#note(false, now());
      const word = error.code === "clock-skew" ? "its clock and ours are apart" : "it does not answer";
      const redis = part("down", word, this.#redisSince);
      const unknown = { heard: UNKNOWN, tick: UNKNOWN, report: UNKNOWN, paused: UNKNOWN };
      return { ...own, redis, ...unknown, stopped: UNKNOWN, breakers: UNKNOWN };
    }
  }

  #note(isUp: boolean, now: Instant): void {
    if (isUp !== this.#isRedisUp) this.#redisSince = now;
    this.#isRedisUp = isUp;
  }

  async #remembered(): Promise<Omit<Parts, "process" | "broker" | "redis">> {
    const reader = this.#reader;
    const now = agreed(await reader.schedule.now());
    const [heard, tick, report, paused, stopped, breakers] = await Promise.all([
      orUnreadable(heardPart(now, reader)),
      orUnreadable(tickPart(now, reader)),
      orUnreadable(reportPart(reader)),
      orUnreadable(pausedPart(reader)),
      orUnreadable(stoppedPart(reader)),
      orUnreadable(breakersPart(reader)),
    ]);
    return { heard, tick, report, paused, stopped, breakers };
  }
}

function silent(): UpstreamError {
  return new UpstreamError("redis", "silent", `redis: no answer within ${ANSWER_WITHIN_MS} ms`);
}

function part(state: State, word: string, since: Instant | null): Part {
  return { state, word, since: since === null || since === 0 ? null : iso(since) };
}

/** What stands in Redis and cannot be read is told there, and keeps no other part from being told. */
async function orUnreadable(answer: Promise<Part>): Promise<Part> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return part("degraded", describeError(error), null);
  }
}

async function heardPart(
  now: Instant,
  { listen, hearing, hearEveryMs }: Pick<ReadyReader, "listen" | "hearing" | "hearEveryMs">,
): Promise<Part> {
  const [{ until, deafness }, noted] = await Promise.all([listen(now), hearing.deafSince()]);
  if (deafness !== null) {
    const since = believable(noted, now) ?? now;
    const isLong = now - since >= DEAF_WITHIN_MS;
    return part(isLong ? "down" : "degraded", `deaf, nothing is acted on: ${DEAFNESS_WORDS[deafness]}`, since);
  }
  const isLate = until !== null && until !== Infinity && now - until > 2 * hearEveryMs;
  return isLate
    ? part("degraded", "the archive of messages is not heard", until)
    : part("ok", "heard until then", until);
}

async function tickPart(
  now: Instant,
  { pulse, tickEveryMs }: Pick<ReadyReader, "pulse" | "tickEveryMs">,
): Promise<Part> {
  const { marks, hung } = await pulse.signs();
  const [first] = hung;
  if (first !== undefined) return part("degraded", `a pass hangs: ${first.pass}`, first.since);
  const at = marks.tick ?? null;
  if (at === null) return part("ok", "no pass has ended yet", null);
  const isLate = now - at > Math.max(3 * tickEveryMs, TICK_WITHIN_MS);
  return isLate
    ? part("down", "no pass over the images has ended well", at)
    : part("ok", "the last pass ended well", at);
}

async function reportPart({ journal }: Pick<ReadyReader, "journal">): Promise<Part> {
  const status = await journal.status();
  if (status === null) return part("ok", "nothing was to be reported yet", null);
  const { state, since } = status;
  return state === "ok" ? part("ok", "the public is told", since) : part("degraded", "the public is not told", since);
}

async function pausedPart({ budgets }: Pick<ReadyReader, "budgets">): Promise<Part> {
  const pause = await budgets.paused();
  return pause === null ? part("ok", "no", null) : part("degraded", "a person has paused all acts", pause.since);
}

async function stoppedPart({ budgets }: Pick<ReadyReader, "budgets">): Promise<Part> {
  const stops = await budgets.stops();
  if (stops.length === 0) return part("ok", "nothing", null);
  const words = stops.map(({ kind, reason }) => `${kind}: ${reason}`).join("; ");
  return part("degraded", words, Math.min(...stops.map(({ since }) => since)));
}

async function breakersPart({ breakers }: Pick<ReadyReader, "breakers">): Promise<Part> {
  const open = [...(await breakers.all())];
  if (open.length === 0) return part("ok", "none is open", null);
  const words = open.map(([region, breaker]) => {
    const where = region === EVERY_REGION ? "every region" : region;
    return `${where}: ${describeTrouble(breaker)}`;
  });
  return part("degraded", words.join("; "), Math.min(...open.map(([, { since }]) => since)));
}
