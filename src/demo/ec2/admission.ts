import type { Reading } from "./answer.ts";
import { requestLimitExceeded } from "./errors.ts";
import type { Ec2Error } from "./errors.ts";
import type { World } from "./world.ts";

/** Why a call is turned away before anybody looks at what it asks for; null lets it in. Every attempt costs a token. */
export function turnAway(world: World, reading: Reading, mutates: boolean, now: number): Ec2Error | null {
  const { caller, action, parameters } = reading;
  if (caller === null) return null;
  const region = world.region(caller.region);
  const charge = { account: caller.account.id, action, mutates, parameters };
  return !region.settings.throttling || region.buckets.take(charge, now) ? null : requestLimitExceeded();
}
