import type { Guards } from "../domain/plan/plan.ts";
import { MINUTE_MS, SECOND_MS, type Instant } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Images, Schedule } from "../ports/index.ts";

const LARGEST_SKEW_MS = MINUTE_MS;

/** Now, unless the clocks disagree so much that nobody knows what is due. Throws `UpstreamError` then. */
export async function safeNow({ schedule }: { readonly schedule: Pick<Schedule, "now"> }): Promise<Instant> {
  const { at, skewMs } = await schedule.now();
  if (skewMs <= LARGEST_SKEW_MS) return at;
  const apart = `this machine's clock and redis' are ${Math.round(skewMs / SECOND_MS)} s apart`;
  throw new UpstreamError("redis", "clock-skew", `${apart}: nothing is acted on until they agree`);
}

/** Other credentials than ours would find every image missing, or somebody else's. Throws `UpstreamError` then. */
export async function checkAccount({
  images,
  guards,
}: {
  readonly images: Pick<Images, "account">;
  readonly guards: Pick<Guards, "account">;
}): Promise<void> {
  const account = await images.account();
  if (account === guards.account) return;
  throw wrongAccount(account, guards.account);
}

/** What is said of credentials that are none of ours. */
export function wrongAccount(account: string, ours: string): UpstreamError {
  return new UpstreamError(
    "ec2",
    "wrong-account",
    `the AWS credentials belong to account ${account}, not to ${ours}: nothing is acted on; mend them, or consumer_config.ec2.account`,
    { scope: "account" },
  );
}
