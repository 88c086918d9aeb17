import { SECOND_MS, type Instant } from "../../domain/time.ts";
import { UpstreamError, type Service } from "../../errors.ts";

/** An answer that came, and was a failure or could not be read: with what a caller may make of it. */
export class AnswerError extends UpstreamError {
  /** The start of the answer. */
  readonly head: string;
  /** How long the server asks to be left alone, by its `Retry-After`, in milliseconds; null: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    service: Service,
    code: string,
    message: string,
    { head, retryAfterMs }: { readonly head: string; readonly retryAfterMs: number | null },
  ) {
    super(service, code, message);
    this.head = head;
    this.retryAfterMs = retryAfterMs;
  }
}

/** `Retry-After` is whole seconds, or a date (RFC 9110, 10.2.3). Null for anything else. */
export function retryAfterMs(header: string | null, now: Instant): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * SECOND_MS;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
