import { FACT_SOURCES } from "../compose/facts.ts";
import { refusalOf, type RefusalCode } from "./refusal.ts";

/** Why something is not done, in words that anybody may read: our own sentence and a code, never a service's text. */
export interface PublicReason {
  readonly why: string;
  /** Who has to do something about it. */
  readonly who: string;
}

const OPERATORS = "the people who run this service";
const NOBODY = "nobody: it is tried again by itself";

const REASONS: Readonly<Record<RefusalCode, PublicReason>> = {
  account: { why: "it is not an image of the account that this service works in", who: OPERATORS },
  state: { why: "Amazon EC2 does not show it as available", who: OPERATORS },
  name: { why: "its name in EC2 is not one of its compose", who: OPERATORS },
  "protecting-tag": { why: "a tag in EC2 protects it", who: "whoever set the tag" },
  protection: { why: "it is protected against deregistration in EC2", who: "whoever protected it" },
  "snapshot-kept": {
    why: "a lock, AWS Backup or fast restore keeps a snapshot of it in EC2",
    who: "whoever keeps the snapshot",
  },
  "in-use": { why: "an instance or a launch template uses it", who: "whoever uses it" },
  "guard-unusable": { why: "this service may not ask whether the image is in use", who: OPERATORS },
  hidden: { why: "Amazon EC2 knows it, and does not list it", who: OPERATORS },
  unseen: { why: "Amazon EC2 shows neither it nor anything else in its region", who: OPERATORS },
  "recently-launched": { why: "somebody launched it not long ago", who: NOBODY },
  age: { why: "Amazon EC2 does not tell when it was created", who: OPERATORS },
  "usage-unknown": { why: "Amazon EC2 does not tell yet who uses it in other accounts", who: OPERATORS },
  unanswered: { why: "its label is not confirmed", who: OPERATORS },
  "block-public-access": {
    why: "the region does not let images be made public again (Block Public Access)",
    who: OPERATORS,
  },
  "no-private-at": { why: "its mark in EC2 does not say that it was private for long enough", who: OPERATORS },
  "no-notice": { why: "the public was not told, or its days are not over", who: NOBODY },
  "not-offered": { why: "Amazon EC2 does not offer there what was asked", who: OPERATORS },
  limit: { why: "a quota of Amazon EC2 is used up there", who: OPERATORS },
  request: { why: "Amazon EC2 refused", who: OPERATORS },
  unreadable: { why: "something that this service remembers of it cannot be read", who: OPERATORS },
  permission: { why: "Amazon EC2 refused", who: OPERATORS },
};

/** The word that a call of ours to EC2 is known by in errors, and EC2's own code. */
export interface FailedCall {
  readonly step: string;
  readonly code: string | null;
}

/** The permission that each of our calls needs, as IAM names it. */
const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["look", "ec2:DescribeImages"],
  ["tag", "ec2:CreateTags"],
  ["untag", "ec2:DeleteTags"],
  ["closeImage", "ec2:ModifyImageAttribute"],
  ["openImage", "ec2:ModifyImageAttribute"],
  ["closeSnapshot", "ec2:ModifySnapshotAttribute"],
  ["openSnapshot", "ec2:ModifySnapshotAttribute"],
  ["deregister", "ec2:DeregisterImage"],
  ["deleteSnapshot", "ec2:DeleteSnapshot"],
]);

/** The call that a `last_error` tells of; null: it tells of none. Nothing else of the text is used. */
export function failedCall(lastError: string): FailedCall | null {
  const call =
    /^(?:permission|request|account|protection|snapshot-kept|limit|not-offered|block-public-access|failed): ec2: (?<step>[A-Za-z]{1,40})(?: [^:]*)?: (?<code>[^:\s]*)(?::|$)/.exec(
      lastError,
    );
  if (call?.groups === undefined) return null;
  const { step = "", code = "" } = call.groups;
  return { step, code: isEc2Code(code) ? code : null };
}

/** A code of EC2's form can hold no number, host name or address: `UnauthorizedOperation`, `InvalidSnapshot.InUse`. */
function isEc2Code(text: string): boolean {
  return /^(?:[A-Z][A-Za-z]{2,59}|E[A-Z_]{3,20}|Invalid[A-Za-z]{1,40}\.[A-Z][A-Za-z]{1,40})$/.test(text);
}

/** The reason in a `last_error`, or in an event's code and words, for the public. Total. */
export function publicReason(lastError: string): PublicReason {
  const call = failedCall(lastError);
  const code = call?.code == null ? "" : ` (${call.code})`;
  const what = ACTIONS.get(call?.step ?? "") ?? "what was asked";
  const refusal = refusalOf({ lastError });
  if (refusal !== null) {
    const { why, who } = REASONS[refusal.code];
    if (refusal.code === "permission" || refusal.code === "request") return { why: `${why} ${what}${code}`, who };
    return { why: refusal.code === "unanswered" ? `${why}${sourcesIn(refusal.reason)}` : why, who };
  }
  if (call !== null) return { why: `Amazon EC2 did not do ${what}${code}`, who: NOBODY };
  if (lastError.startsWith("failed:")) return { why: "it did not work, as the service's log tells", who: NOBODY };
  if (lastError.startsWith("missing:")) return { why: "Amazon EC2 does not show it", who: NOBODY };
  if (lastError.startsWith("waiting:")) return { why: "it waits for its turn", who: NOBODY };
  if (lastError === "") return { why: "it was interrupted", who: NOBODY };
  return { why: "a check refused it", who: OPERATORS };
}

/** The sources that a reason names, of those that we know. */
function sourcesIn(reason: string): string {
  const named = FACT_SOURCES.filter((source) => new RegExp(`\\b${source}\\b`).test(reason));
  return named.length === 0 ? "" : `: no answer came from ${named.join(", ")}`;
}
