import type { Queue } from "../domain/image/lifecycle.ts";
import type { Instant } from "../domain/time.ts";
import type { HeardEvent } from "../domain/topics.ts";

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

/** Something under a name of ours in Redis that cannot be read, and that is left alone. */
export interface StrangeThing {
  /** The key's name, with the field where it is one field alone. */
  readonly key: string;
  /** What is wrong, in one sentence with what to type. */
  readonly problem: string;
  /** Whose work it keeps from being done; null: not one region's alone. */
  readonly region: string | null;
  /** When this process met it first. */
  readonly since: Instant;
}

/** What the service notes of itself: a region's pass that ended well, a message that came, a notice that the public can read. */
export const MARKS = ["tick", "message", "notice"] as const;
export type Mark = (typeof MARKS)[number];

/** Signs of life, for whoever asks whether the service runs. All throw `UpstreamError`. */
export interface Pulse {
  /**
   * Notes when things happened last, that this replica lives, and what hangs in it; resolves to how many live, itself among
   * them. One that was not seen for a day is forgotten; what hung, a minute after the last beat.
   */
  beat(replica: string, at: Instant, marks: Marks, hung?: readonly Hung[]): Promise<number>;
  /** Forgets a replica that ends. */
  leave(replica: string): Promise<void>;
  signs(): Promise<Signs>;
  /** How many replicas live. */
  living(at: Instant): Promise<number>;
}

/** When things happened last; what is absent is not known to have happened. */
export type Marks = Readonly<Partial<Record<Mark, Instant>>>;

/** A pass that did not end in its time and was given up, and has not ended well since. */
export interface Hung {
  /** Such as `ticker us-east-1`, `catch up`, `reporter`, `comments`. */
  readonly pass: string;
  /** When the first of those that did not end began. */
  readonly since: Instant;
}

export interface Signs {
  readonly marks: Marks;
  /** The replicas of a day, the one that was seen last first. */
  readonly replicas: readonly { readonly id: string; readonly seenAt: Instant }[];
  /** What hangs in any of them. */
  readonly hung: readonly (Hung & { readonly replica: string })[];
}

/** Counts what happens in this process, for whoever watches it. Every word is one of few: never an id or a free text. */
export interface Meter {
  /** A message was taken to its end; null: an event that is not heard. */
  message(event: HeardEvent | null, outcome: "uploads" | "facts" | "ignored" | "rejected"): void;
  /** A new image stands by this rule; "unresolved" without one. */
  decision(rule: string): void;
  /** An image that was due ended in an outcome. */
  act(queue: Queue, outcome: string): void;
  /** An attempt to call EC2 or STS was answered after so many seconds, or not; `result`: "ok", or the code. */
  ec2(action: string, result: string, seconds: number): void;
  /** An attempt waited so many seconds for a token of our share. */
  ec2Wait(action: string, seconds: number): void;
  /** A connection that was lost is there again. */
  reconnected(service: "redis" | "amqp"): void;
}

/** Where nobody watches. */
export const NO_METER: Meter = {
  message: () => undefined,
  decision: () => undefined,
  act: () => undefined,
  ec2: () => undefined,
  ec2Wait: () => undefined,
  reconnected: () => undefined,
};
