/** The configuration file or an environment variable is wrong. The process prints `message` as one line and exits 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A command line that cannot be understood. The process prints `message` as one line and exits 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked about is not known. The process prints `message` as one line and exits 1. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** `clean-amis`: nobody failed but we ourselves, who gave the work up. */
export type Service = "amqp" | "redis" | "ec2" | "pagure" | "forgejo" | "compose-host" | "datagrepper" | "clean-amis";

/**
 * How far a failure reaches. `account`: every call of the account, whatever it asks; `credentials`: likewise, unless they are
 * accepted elsewhere; `region`: every call there; `call`: this one, for now; three of a kind speak for the region; `image`:
 * what concerns this image, and nothing else.
 */
export type Scope = "account" | "credentials" | "region" | "call" | "image";

/** A service failed for now. The catcher backs off and tries the same again; every port method is safe to repeat. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly service: Service;
  /** The service's own word for it, such as EC2's `RequestLimitExceeded`. */
  readonly code: string;
  readonly scope: Scope;

  /** `scope`: "call" unless it is given. */
  constructor(
    service: Service,
    code: string,
    message: string,
    { scope = "call", ...options }: ErrorOptions & { readonly scope?: Scope } = {},
  ) {
    super(message, options);
    this.service = service;
    this.code = code;
    this.scope = scope;
  }
}

/** A service said no, and will say no again until a person changes something. The catcher records it and waits long. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly service: Service;
  readonly code: string;

  constructor(service: Service, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.service = service;
    this.code = code;
  }
}

/** Whether a service outside failed, or refused: neither our Redis, nor a bug, nor work that was given up. */
export function isOfNeighbour(error: unknown): error is UpstreamError | RefusedError {
  if (error instanceof RefusedError) return true;
  return error instanceof UpstreamError && error.service !== "redis" && error.service !== "clean-amis";
}

/** The code of the `RefusedError` for what stands under a name of ours in Redis and cannot be read: a person has to look. */
export const FOREIGN = "foreign-key";

/** Whether what failed is one thing in Redis that cannot be read: all else goes on. */
export function isForeign(error: unknown): error is RefusedError & { readonly code: typeof FOREIGN } {
  return error instanceof RefusedError && error.code === FOREIGN;
}

/** One thing in Redis that cannot be read ends one piece of work, and is told where it was met; the others go on. */
export async function orUnreadable<T, U>(
  work: () => Promise<T>,
  instead: U,
  { log }: { readonly log: { debug(data: object, message: string): void } },
): Promise<T | U> {
  try {
    return await work();
  } catch (error) {
    if (!isForeign(error)) throw error;
    log.debug({ error: error.message }, "passed over: something in redis cannot be read");
    return instead;
  }
}

/** Of a compose whose facts cannot be read nobody knows what it is: nothing is done. */
export function unreadableCompose(composeId: string): RefusedError {
  const why = `what is remembered of the compose ${composeId} cannot be read: clean-amis doctor says what to type`;
  return new RefusedError("redis", FOREIGN, `redis: ${why}`);
}

/** One line about any thrown value, for logs and records. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message.replaceAll(/\s+/g, " ").trim() : String(error);
}

/** Of what was read for a reading of the archive nobody knows whether Redis still has it. */
export function lostReading(): UpstreamError {
  const why = "its run or its clock is another one than when this reading of the archive began, which begins anew";
  return new UpstreamError("redis", "reading-lost", `redis: ${why}`);
}
