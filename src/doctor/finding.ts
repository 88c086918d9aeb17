import { DAY_MS, formatInstant, type Instant } from "../domain/time.ts";

export type State = "ok" | "warning" | "failure";

/** What one check came to, in one line, and what to do about it; null where the message says that, or nothing is to do. */
export interface Finding {
  readonly check: string;
  readonly state: State;
  readonly message: string;
  readonly remedy: string | null;
}

export function ok(check: string, message: string): Finding {
  return { check, state: "ok", message, remedy: null };
}

export function warning(check: string, message: string, remedy: string | null = null): Finding {
  return { check, state: "warning", message, remedy };
}

export function failure(check: string, message: string, remedy: string | null = null): Finding {
  return { check, state: "failure", message, remedy };
}

/** What is known of a certificate. */
export interface Certificate {
  readonly subject: string;
  readonly from: Instant;
  readonly until: Instant;
}

/** So long before its end a certificate is worth a warning. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

/** How long a certificate still counts. */
export function judgeCertificate(
  check: string,
  { subject, from, until }: Certificate,
  now: Instant,
  remedy: string,
): Finding {
  const end = `until ${formatInstant(until)}`;
  if (now >= until) return failure(check, `${subject}: over since ${formatInstant(until)}`, remedy);
  if (now < from)
    return failure(check, `${subject}: counts only from ${formatInstant(from)}`, "set this machine's clock");
  const days = Math.floor((until - now) / DAY_MS);
  const message = `${subject}: ${days} days left, ${end}`;
  return until - now < RENEW_BEFORE_MS ? warning(check, message, remedy) : ok(check, message);
}
