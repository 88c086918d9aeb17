import { describeError, RefusedError, UpstreamError } from "../../errors.ts";

/**
 * Codes that say "later", beside every 5xx (AWS's list of EC2 error codes). The SDK has repeated the call already by its own
 * rules when one of these arrives here.
 */
const LATER = new Set([
  "InternalError",
  "InternalFailure",
  "Unavailable",
  "ServiceUnavailable",
  "RequestTimeout",
  "RequestExpired",
  "TimeoutError",
]);

/** EC2's token bucket is empty. */
const THROTTLED = new Set(["RequestLimitExceeded", "Throttling", "ThrottlingException"]);

/** The aim is reached: what was to go is not there any more. */
const GONE = new Set(["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.NotFound"]);

/** The region, or the endpoint, does not know this call. */
const NOT_OFFERED = new Set(["InvalidAction", "UnsupportedOperation"]);

interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export function isThrottled(error: unknown): boolean {
  return error instanceof Error && (THROTTLED.has(error.name) || (error as AwsError).$metadata?.httpStatusCode === 429);
}

export function isGone(error: unknown): boolean {
  return error instanceof Error && GONE.has(error.name);
}

/** The credentials may not make this call. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name === "UnauthorizedOperation";
}

export function isNotOffered(error: unknown): boolean {
  return error instanceof Error && NOT_OFFERED.has(error.name);
}

export function isInUse(error: unknown): boolean {
  return error instanceof Error && error.name === "InvalidSnapshot.InUse";
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

/** EC2's failures as `UpstreamError` (again later) and `RefusedError` (a person has to act); anything else as it is. */
export function translateEc2(error: unknown, method: string, args: readonly unknown[]): unknown {
  // What a caller's own question threw, right before the call, is no failure of EC2's.
  if (!(error instanceof Error) || error instanceof UpstreamError) return error;
  const { name, $metadata } = error as AwsError;
  const status = $metadata?.httpStatusCode;
  const code = networkCode(error) ?? name;
  const call = `ec2: ${describeCall(method, args)}`;
  const says = `${call}: ${name}: ${describeError(error)}`;
  if (isThrottled(error))
    return new UpstreamError("ec2", name, `${says}: too many calls: lower ec2.share if that lasts`, { cause: error });
  // EC2's own answers have a fault, the caller's or the server's; a proxy's page and a cut connection have none.
  const isReadable = "$fault" in error;
  const isFailing = isReadable && status !== undefined && status >= 500;
  if (isFailing) return new UpstreamError("ec2", code, `${says}: EC2 itself fails there: it passes`, { cause: error });
  const isLater = LATER.has(name) || code !== name || name === "AbortError";
  if (isLater) return new UpstreamError("ec2", code, says, { cause: error });
  if (status !== undefined && !isReadable) {
    const means = `HTTP ${status} and no answer of EC2's: look what answers there (a proxy?)`;
    return new UpstreamError("ec2", "unreadable-answer", `${call}: unreadable-answer: ${means}`, { cause: error });
  }
  const refused = refusalOf(name, method);
  if (refused !== null) return new RefusedError("ec2", refused.code, `${says}: ${refused.means}`, { cause: error });
  if (status !== undefined) return new RefusedError("ec2", name, says, { cause: error });
  if (name === "CredentialsProviderError")
    return new RefusedError("ec2", name, `${says}: give AWS credentials, or AWS_ACCESS_KEY and AWS_SECRET_ACCESS_KEY`, {
      cause: error,
    });
  return error;
}

/** EC2's refusals that need another cure than a permission, by our own codes (domain/plan/refusal.ts). */
function refusalOf(name: string, method: string): { readonly code: string; readonly means: string } | null {
  if (NOT_OFFERED.has(name)) return { code: "not-offered", means: "the endpoint does not know this call" };
  // EC2 says the same of deregistration protection.
  if (name === "OperationNotPermitted" && method === "openImage")
    return { code: "block-public-access", means: "Block Public Access is on in the region: switch it off" };
  return null;
}

/** Node's socket errors carry a code such as ECONNRESET, or ENOTFOUND for a host that does not resolve. */
function networkCode(error: Error): string | null {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" && /^E[A-Z_]+$/.test(code) ? code : null;
}
