import { agreed } from "../domain/limits/clocks.ts";
import type { Guards } from "../domain/plan/plan.ts";
import type { Instant } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Images, Schedule } from "../ports/index.ts";

/** Now, unless the clocks disagree so much that nobody knows what is due. Throws `UpstreamError` then. */
export async function safeNow({ schedule }: { readonly schedule: Pick<Schedule, "now"> }): Promise<Instant> {
  return agreed(await schedule.now());
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
  throw new UpstreamError(
    "ec2",
    "wrong-account",
    `the AWS credentials belong to account ${account}, not to ${guards.account}: nothing is acted on; mend them, or consumer_config.ec2.account`,
  );
}
