import { mutates } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { World } from "./state/world.ts";
import { authFailure, optInRequired, requestLimitExceeded } from "./wire/errors.ts";
import type { Ec2Error } from "./wire/errors.ts";

/**
 * Why a call is turned away before anybody looks at what it asks for; null lets it in. A region that does not exist has
 * no host name at EC2; here it refuses as one whose credentials cannot be validated. Every attempt costs a token.
 */
export function turnAway(world: World, reading: Reading, now: number): Ec2Error | null {
  const { caller, action, parameters, service } = reading;
  if (caller === null || service !== "ec2") return null;
  if (!world.hasRegion(caller.region)) return authFailure();
  const region = world.region(caller.region);
  if (region.settings.optIn === "not-opted-in")
    // The other code: turbot/steampipe-plugin-aws issue 75.
    return region.settings.closedAs === "AuthFailure" ? authFailure() : optInRequired();
  const charge = { account: caller.account.id, action, mutates: mutates(reading), parameters };
  return !region.settings.throttling || region.buckets.take(charge, now) ? null : requestLimitExceeded();
}
