import { catchUp, type Listener } from "./catch-up.ts";
import { heardOf } from "./hearing.ts";
import { agreed } from "../domain/limits/clocks.ts";
import { believable, DEAFNESS_WORDS, type Deafness } from "../domain/limits/deaf.ts";
import { floorSecond, type Instant } from "../domain/time.ts";
import type { Hearing, Listen, Log, Schedule } from "../ports/index.ts";

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
}

/**
 * Catches up when that is due, which is at the start, every so often, and at once when Redis may have lost what was heard; tells
 * the log when the service begins or ceases to be deaf, and remembers since when it is.
 */
export class HearingRounds {
  readonly #ears: Ears;
  #isFirst = true;
  #told: Deafness | null = null;

  constructor(ears: Ears) {
    this.#ears = ears;
  }

  /**
   * To be called every few seconds; `step` is told of what moves while the archive is read. Throws `UpstreamError`; then it is to
   * be called again.
   */
  async pass(step?: () => void): Promise<void> {
    const { hearing, schedule, listener } = this.#ears;
    await hearing.watchClock();
    const now = agreed(await schedule.now());
    await this.#tell(now);
    if (listener === null || !(this.#isFirst || (await this.#isDue(now)))) return;
    await catchUp(listener, step);
    this.#isFirst = false;
    await this.#tell(agreed(await schedule.now()));
  }

  async #isDue(now: Instant): Promise<boolean> {
    const { hearing, everyMs } = this.#ears;
    const [memory, runId] = await Promise.all([hearing.memory(), hearing.runId()]);
    // Where Redis does not say what it is, hearing again would not end the doubt.
    const until = runId === null ? believable(memory.heardUntil, now) : heardOf(memory, runId, now).until;
    return until === null || now - until >= everyMs;
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
}
