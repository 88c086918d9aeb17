import { hearAgain, hearNew, isWindowDue, type Listener, type ReadingTurn } from "./catch-up.ts";
import { heardOf } from "./hearing.ts";
import { Patience } from "./patience.ts";
import { Turn } from "./turn.ts";
import { agreed } from "../domain/limits/clocks.ts";
import { believable, DEAFNESS_WORDS, LATE_WORDS, type Deafness } from "../domain/limits/deaf.ts";
import { floorSecond, formatInstant, MINUTE_MS, type Instant } from "../domain/time.ts";
import { isOfNeighbour } from "../errors.ts";
import type { Hearing, HearingLease, Listen, Log, Random, Schedule } from "../ports/index.ts";

/** Whoever sees to it that the service hears. */
export interface Ears {
  readonly hearing: Hearing;
  readonly schedule: Pick<Schedule, "now">;
  readonly log: Log;
  readonly listen: Listen;
  /** Null: there is no archive to read over holes. */
  readonly listener: Listener | null;
  /** How old what was heard may become. */
  readonly everyMs: number;
  readonly random: Random;
}

/** How a pass is followed, and ended between two slices. */
export interface Attendance {
  /** Told of what moves while the archive is read. */
  readonly step?: () => void;
  readonly stop?: AbortSignal;
}

/** What came of a pass. `elsewhere`: another process reads, and has not ended; null: nothing was to be read. */
export type Passed = "heard" | "elsewhere" | null;

/** Replicas that start together hear once. */
const TOGETHER_MS = MINUTE_MS;
/** A reading that took longer, or was begun longer ago, is followed by another one of what was said meanwhile. */
const MEANWHILE_MS = 5 * MINUTE_MS;

/**
 * Catches up when that is due, which is at the start, every so often, and at once when Redis may have lost what was heard; reads
 * the whole first window again once a day, beside that. Of several processes one reads, and the others look at what it
 * remembers. Tells the log when the service begins or ceases to be deaf, and remembers since when it is.
 */
export class HearingRounds {
  readonly #ears: Ears;
  readonly #turn: Turn;
  readonly #patience: Readonly<Record<"new" | "again", Patience>>;
  /** What was heard before the start is heard again; infinitely long ago, once that was done. */
  #heardSince: Instant | null = null;
  #told: Deafness | null = null;
  #toldLate: Instant | null = null;

  constructor(ears: Ears) {
    this.#ears = ears;
    this.#turn = new Turn(ears.hearing);
    this.#patience = { new: new Patience(ears.random), again: new Patience(ears.random) };
  }

  /** Hears what is new. To be called every few seconds. Throws `UpstreamError`; then it is to be called again. */
  async pass({ step = () => undefined, stop }: Attendance = {}): Promise<Passed> {
    const { hearing, listener } = this.#ears;
    await hearing.watchClock();
    const now = await this.#now();
    this.#heardSince ??= now - TOGETHER_MS;
    await this.#tell(now);
    if (listener === null || !(await this.#isDue(now)) || !this.#patience.new.mayAsk(now)) return null;
    const mayGoOn = (): Promise<boolean> => Promise.resolve(stop?.aborted !== true);
    const isDone = await this.#read("new", async (lease) => {
      const turn: ReadingTurn = { lease, step, mayGoOn };
      // Another process may have heard it meanwhile.
      if (await this.#isDue(await this.#now())) await hearNew(listener, turn);
      const soonMs = Math.min(this.#ears.everyMs, MEANWHILE_MS);
      if (await this.#isDue(await this.#now(), soonMs)) await hearNew(listener, turn);
    });
    this.#heardSince = -Infinity;
    await this.#tell(await this.#now());
    if (isDone) return "heard";
    return (await this.#isDue(now)) ? "elsewhere" : null;
  }

  /**
   * Reads the whole first window again when that is due, until it is time to hear what is new. To be called every few seconds,
   * beside `pass`, which never waits for it. Throws `UpstreamError`; then it is to be called again.
   */
  async again({ step = () => undefined, stop }: Attendance = {}): Promise<Passed> {
    const { hearing, listener } = this.#ears;
    if (listener === null) return null;
    // What is new may be read for minutes: Redis' clock is followed all the same.
    await hearing.watchClock();
    const now = await this.#now();
    this.#heardSince ??= now - TOGETHER_MS;
    const isNewHeard = async (): Promise<boolean> => !(await this.#isDue(await this.#now()));
    const mayGoOn = async (): Promise<boolean> => stop?.aborted !== true && (await isNewHeard());
    const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
    if (!isWindowDue(memory, runId, now) || !(await mayGoOn()) || !this.#patience.again.mayAsk(now)) return null;
    await this.#tellLate(now);
    const isDone = await this.#read("again", (lease) => hearAgain(listener, { lease, step, mayGoOn }));
    return isDone ? "heard" : "elsewhere";
  }

  async #read(what: "new" | "again", work: (lease: HearingLease) => Promise<void>): Promise<boolean> {
    const patience = this.#patience[what];
    try {
      const isDone = await this.#turn.take(work);
      patience.answered();
      return isDone;
    } catch (error) {
      if (isOfNeighbour(error)) patience.failed(await this.#now());
      throw error;
    }
  }

  async #now(): Promise<Instant> {
    return agreed(await this.#ears.schedule.now());
  }

  async #isDue(now: Instant, everyMs = this.#ears.everyMs): Promise<boolean> {
    const { hearing } = this.#ears;
    const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
    const { until } = heardOf(memory, runId, now);
    return until === null || now - until >= everyMs || until < (this.#heardSince ?? -Infinity);
  }

  async #tell(now: Instant): Promise<void> {
    const { hearing, listen, log } = this.#ears;
    const { deafness } = await listen(now);
    const since = believable(await hearing.deafSince(), now);
    if (deafness === null && since !== null) await hearing.noteDeaf(null);
    if (deafness !== null && since === null) await hearing.noteDeaf(floorSecond(now));
    if (deafness !== null && deafness !== this.#told)
      log.warn({ deafness }, `deaf, nothing is made private or deleted: ${DEAFNESS_WORDS[deafness]}`);
    if (deafness === null && this.#told !== null) log.info({}, "it hears again, and goes on");
    this.#told = deafness;
  }

  /** Tells once of a first window that is not read again for days. */
  async #tellLate(now: Instant): Promise<void> {
    const { listen, log } = this.#ears;
    const { lateSince } = await listen(now);
    if (lateSince !== null && lateSince !== this.#toldLate) log.warn({ since: formatInstant(lateSince) }, LATE_WORDS);
    this.#toldLate = lateSince;
  }
}
