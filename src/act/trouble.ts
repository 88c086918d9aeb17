import { wrongAccount } from "./safety.ts";
import { EVERY_REGION, type Trouble } from "../domain/limits/breaker.ts";
import { RefusedError, UpstreamError } from "../errors.ts";
import type { Images } from "../ports/index.ts";

/** Where what is wrong, and the failure that says so. */
export interface Found {
  readonly place: string;
  readonly trouble: Trouble;
  readonly found: UpstreamError | RefusedError;
}

/** "Error codes for the Amazon EC2 API": a region that is not enabled has either; one that does not exist has no host name. */
const MAYBE_SHUT = ["OptInRequired", "AuthFailure", "ENOTFOUND"];

/**
 * Credentials that a region does not take, and a host without a name, may be the account's affair, the region's, or a hiccup:
 * STS tells whose they are, and the account's own list of regions whether there is such a one.
 */
export async function troubleOf(
  region: string,
  error: UpstreamError | RefusedError,
  images: Pick<Images, "account" | "regions">,
  account: string,
): Promise<Found> {
  const scope = error instanceof UpstreamError ? error.scope : "region";
  const failing: Found = { place: region, trouble: "failing", found: error };
  if (scope === "account") {
    // One region's word alone stops no other one.
    const elsewhere = await answerOf(() => images.regions());
    return elsewhere instanceof Error && isOfAccount(elsewhere)
      ? { place: EVERY_REGION, trouble: "account", found: error }
      : failing;
  }
  if (scope !== "credentials" && !MAYBE_SHUT.includes(error.code)) return failing;
  const whose = await answerOf(() => images.account(true));
  if (typeof whose !== "string")
    return isOfAccount(whose) ? { place: EVERY_REGION, trouble: "account", found: whose } : failing;
  if (whose !== account) return { place: EVERY_REGION, trouble: "account", found: wrongAccount(whose, account) };
  if (!MAYBE_SHUT.includes(error.code)) return failing;
  const listed = await answerOf(() => images.regions());
  const isShut = Array.isArray(listed) ? !listed.includes(region) : error.code === "OptInRequired";
  return isShut ? { ...failing, trouble: "shut" } : failing;
}

/** Whether what STS says of the account is no mere trouble on the way to it. */
function isOfAccount(error: UpstreamError | RefusedError): boolean {
  return error instanceof RefusedError || error.scope === "account" || error.scope === "credentials";
}

async function answerOf<T>(ask: () => Promise<T>): Promise<T | UpstreamError | RefusedError> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UpstreamError || error instanceof RefusedError) return error;
    throw error;
  }
}
