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
export type Service = "amqp" | "redis" | "ec2" | "pagure" | "compose-host" | "datagrepper" | "clean-amis";

/** A service failed for now. The catcher backs off and tries the same again; every port method is safe to repeat. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly service: Service;
  /** The service's own word for it, such as EC2's `RequestLimitExceeded`. */
  readonly code: string;

  constructor(service: Service, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.service = service;
    this.code = code;
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

/** One line about any thrown value, for logs and records. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message.replaceAll(/\s+/g, " ").trim() : String(error);
}
