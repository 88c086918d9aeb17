import type { Image } from "../image/image.ts";

/** Why an image that is due is not acted on, and what a person can do about it. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
  readonly cure: string;
}

const RETRY = "then clean-amis retry";

const CURES: Readonly<Record<RefusalCode, string>> = {
  account: "correct consumer_config.ec2.account or the AWS credentials; an image of somebody else's stays for ever",
  state: `wait, or make it available in EC2, ${RETRY}`,
  name: "compare its name in EC2 with its compose; when the message was wrong, it stays for ever, as it should",
  "protecting-tag": `remove or change the tag in EC2 once nobody needs the image, ${RETRY}; somebody else's image stays for ever`,
  protection: `disable its deregistration protection in EC2, wait out the cooldown, or delete its recovery point in AWS Backup, ${RETRY}`,
  "snapshot-kept": `unlock the snapshot, delete its recovery point in AWS Backup, or disable its fast restore, ${RETRY}`,
  "in-use": `end the instance or change the launch template that uses it, ${RETRY}`,
  "guard-unusable": `grant the permission that the reason names, or set ec2.unusable_guards = "pass", ${RETRY}`,
  hidden: `allow the account's own images in the region's Allowed AMIs settings, ${RETRY}`,
  unseen:
    "see that EC2 works in the region, and that its Allowed AMIs settings allow the account's own images; it is looked at daily",
  "recently-launched": "wait; somebody launched it not long ago",
  unanswered: `see why the source that the reason names gives no answer (clean-amis doctor); it is asked again every hour, and at once by clean-amis retry`,
  "usage-unknown": `see that the credentials may use EC2's image usage reports (deploy/iam/usage.json), or set ec2.used_elsewhere = false, ${RETRY}`,
  age: `ask AWS why its CreationDate is missing, ${RETRY}`,
  "block-public-access": `switch Block Public Access for AMIs off in the region, ${RETRY}`,
  "no-private-at": "nothing, if the tag is only too young; else clean-amis restore, and let its clock run anew",
  "no-notice": "see that reports can be posted (clean-amis queue stats); it goes on by itself after the notice",
  "not-offered":
    "see that ec2.endpoint is EC2's own; else wait until the region offers the call, then clean-amis retry",
  limit: `make room, or have the quota raised in Service Quotas (public images: L-0E3CBAB9), ${RETRY}`,
  request: `read the reason, in the table of EC2's codes, too (docs/operating.md); if it is a bug, report it, ${RETRY}`,
  unreadable: `mend, or move away, the key in Redis that the reason or the log names; it is tried again every hour, and at once by clean-amis retry`,
  permission: `grant the permission that the reason names, ${RETRY}`,
};

/** Why an image is refused; null when it is not, but only waits, failed for now, or lacks the facts of its compose. */
export function refusalOf({ lastError }: Pick<Image, "lastError">): Refusal | null {
  const [code = "", ...why] = lastError.split(": ");
  if (!isRefusalCode(code)) return null;
  return { code, reason: why.join(": "), cure: CURES[code] };
}

/** Why an image of a compose that the policy keeps for a while waits. */
export const AMONG_NEWEST = "among the newest of its stream, which the policy keeps";

/** Whether the last look found a reason to leave an image alone that most often lasts: it is due again, and nothing is done. */
export function isLeftAlone(image: Pick<Image, "lastError">): boolean {
  return refusalOf(image) !== null || image.lastError === `waiting: ${AMONG_NEWEST}`;
}

/** Whether a word is a code by which we refuse. */
export function isRefusalCode(word: string): word is RefusalCode {
  return Object.hasOwn(CURES, word);
}

/** Why an act is refused; the first word of an image's `last_error`. */
export type RefusalCode =
  | "account"
  | "state"
  | "name"
  | "protecting-tag"
  | "protection"
  | "snapshot-kept"
  | "in-use"
  | "guard-unusable"
  | "hidden"
  | "unseen"
  | "recently-launched"
  | "age"
  | "unanswered"
  | "usage-unknown"
  | "block-public-access"
  | "no-private-at"
  | "no-notice"
  | "not-offered"
  | "limit"
  | "request"
  | "unreadable"
  | "permission";
