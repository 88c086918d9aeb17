import { AnswerError } from "../http/answer-error.ts";
import { backoffMs } from "../../domain/limits/backoff.ts";
import { MINUTE_MS, SECOND_MS } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";
import type { Clock } from "../../ports/index.ts";

/** Nobody worked for such a call, so that it may be repeated often. */
const CHEAP = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];
const CHEAP_STATUS = ["HTTP_408", "HTTP_425", "HTTP_429", "HTTP_503"];
const CHEAP_ATTEMPTS = 5;
/** Each call that nobody waited for to its end leaves a query running in their database. */
const COSTLY_ATTEMPTS = 2;

/** Whether the archive failed: neither a refusal, nor a bug, nor work that was given up. */
export function isOfArchive(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.service === "datagrepper";
}

/** Tries a call again, by what it costs them. */
export async function insist<T>(call: () => Promise<T>, clock: Clock): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isOfArchive(error) || attempt + 1 >= attemptsFor(error)) throw error;
      await clock.sleep(pauseMs(attempt + 1));
    }
  }
}

function attemptsFor({ code }: UpstreamError): number {
  // Too much stays too much, and an unknown shape stays one.
  if (["TOO_LONG", "UNKNOWN_SHAPE"].includes(code)) return 1;
  return isCheap(code) ? CHEAP_ATTEMPTS : COSTLY_ATTEMPTS;
}

function isCheap(code: string): boolean {
  return CHEAP.includes(code) || CHEAP_STATUS.includes(code);
}

/** Nobody is there, or has no time, whatever is asked: that is never a row's fault. */
export function canBeRows(error: unknown): error is UpstreamError {
  return isOfArchive(error) && !isCheap(error.code) && error.code !== "UNKNOWN_SHAPE";
}

/** Whether datagrepper itself has answered so, and not the database or what stands in front of it, which may only be slow. */
export function isOwnAnswer(error: UpstreamError): boolean {
  // Half a page is what a proxy makes of a slow answer, and so no own one.
  if (error.code === "TOO_LONG") return true;
  return (
    error instanceof AnswerError &&
    error.code === "HTTP_500" &&
    /^\s*\{"error"/.test(error.head) &&
    !/psycopg|sqlalche|Operational/i.test(error.head)
  );
}

/** Whether the archive answers such a call now. */
export async function answers(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (!isOfArchive(error)) throw error;
    return false;
  }
}

/** Before what was tried so often is tried again. */
export function pauseMs(attempts: number): number {
  return backoffMs(attempts, SECOND_MS, MINUTE_MS);
}
