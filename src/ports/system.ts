import type { Instant } from "../domain/time.ts";

/** Time, so that a test can own it. */
export interface Clock {
  now(): Instant;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A random number from 0 up to, not including, 1; `Math.random` unless a test wants to know. */
export type Random = () => number;

/** Structured log: data first, then one fixed sentence, as pino takes it. */
export interface Log {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}
