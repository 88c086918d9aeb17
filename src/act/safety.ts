import { agreed } from "../domain/limits/clocks.ts";
import type { Guards } from "../domain/plan/plan.ts";
import type { Instant } from "../domain/time.ts";
import { orUnreadable, UpstreamError } from "../errors.ts";
import type { Images, Log, Orders, Schedule } from "../ports/index.ts";

/** Now, unless the clocks disagree so much that nobody knows what is due. Throws `UpstreamError` then. */
export async function safeNow({ schedule }: { readonly schedule: Pick<Schedule, "now"> }): Promise<Instant> {
  return agreed(await schedule.now());
}

/**
 * Whether a person's order waits to be carried out: what it keeps nobody knows before. A queue that cannot be read holds none,
 * since nobody can place one there. Throws `UpstreamError`.
 */
export async function isOrderWaiting({
  orders,
  log,
}: {
  readonly orders: Pick<Orders, "count">;
  readonly log: Pick<Log, "debug">;
}): Promise<boolean> {
  return (await orUnreadable(() => orders.count(), 0, { log })) > 0;
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
