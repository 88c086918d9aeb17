import { classOf, rowOf } from "./lookup.ts";
import { TREATMENTS } from "./treatments.ts";
import { describeError, RefusedError, UpstreamError } from "../../errors.ts";

interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** EC2's token bucket is empty. */
export function isThrottled(error: unknown): boolean {
  return error instanceof Error && (classOf(error.name) === "throttled" || statusOf(error) === 429);
}

/** What was to go is not there any more, as far as is seen. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && classOf(error.name) === "gone";
}

/** The credentials may not make this call. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && classOf(error.name) === "permission";
}

export function isNotOffered(error: unknown): boolean {
  return error instanceof Error && classOf(error.name) === "not-offered";
}

/** An image stands on the snapshot that was to be deleted. */
export function isInUse(error: unknown): boolean {
  return error instanceof Error && rowOf(error.name, error.message, "deleteSnapshot", statusOf(error))?.is === "in-use";
}

/** `closeImage ami-0abc in us-east-1`, of the region and what comes second, which calls of the whole account do not have. */
function describeCall(method: string, [region, what]: readonly unknown[]): string {
  const words = [method];
  if (typeof what === "string") words.push(what);
  if (Array.isArray(what))
    words.push(what.length > 1 ? `${String(what[0])} and ${what.length - 1} more` : String(what));
  if (typeof region === "string") words.push(`in ${region}`);
  return words.join(" ");
}

/**
 * EC2's failures, by the table of codes (codes.ts), as `UpstreamError` (again later, by itself) and `RefusedError` with the code
 * of our own refusal (domain/plan/refusal.ts: a person has to act); anything else as it is.
 */
export function translateEc2(error: unknown, method: string, args: readonly unknown[]): unknown {
  // What a caller's own question threw, right before the call, is no failure of EC2's.
  if (!(error instanceof Error) || error instanceof UpstreamError || error instanceof RefusedError) return error;
  const call = `ec2: ${describeCall(method, args)}`;
  const status = statusOf(error);
  const code = codeOf(error);
  const message = describeError(error).replace(ENCODED, "");
  const row = rowOf(code, message, method, status);
  if (row === null) return error;
  const { scope, refusal } = TREATMENTS[row.is];
  if (code === UNREADABLE) {
    const means = `HTTP ${String(status)} and no answer of EC2's: look what answers there (a proxy?)`;
    return new UpstreamError("ec2", code, `${call}: ${code}: ${means}`, { cause: error, scope });
  }
  const says = `${call}: ${code}: ${message}: ${row.means}`;
  if (refusal !== null) return new RefusedError("ec2", refusal, says, { cause: error });
  return new UpstreamError("ec2", code, `${says}: ${row.cure}`, { cause: error, scope });
}

const UNREADABLE = "unreadable-answer";
/** Differs from call to call, and says nothing to a reader: the same refusal would be told again and again. */
const ENCODED = /\s*Encoded authorization failure message:.*$/;
/** The SDK's words for an answer in which it found no code. */
const NO_CODES = ["Unknown", "UnknownError", "NotFound"];

/** AWS' own code, Node's, or ours for what is no answer of AWS'. */
function codeOf(error: Error): string {
  if (classOf(error.name) === "credentials") return error.name;
  const network = networkCode(error);
  if (network !== null) return network;
  // A time-out that came while the answer's body was read has the answer's status all the same.
  if (error.name === "TimeoutError") return error.name;
  // Without an answer only the source of the credentials was read: its page was none of JSON, or of dates.
  const isUnread = error instanceof SyntaxError || (error instanceof TypeError && /RFC-?\d{4}/i.test(error.message));
  if (isUnread && statusOf(error) === null) return "CredentialsProviderError";
  // AWS' own answers have a fault, the caller's or the server's; a proxy's page and a cut connection have none.
  const isReadable = "$fault" in error && !NO_CODES.includes(error.name);
  return statusOf(error) === null || isReadable ? error.name : UNREADABLE;
}

function statusOf(error: Error): number | null {
  return (error as AwsError).$metadata?.httpStatusCode ?? null;
}

/** Node's socket errors carry a code such as ECONNRESET, or ENOTFOUND for a host that does not resolve. */
function networkCode(error: Error): string | null {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && /^E[A-Z_]+$/.test(code) ? code : null;
}
