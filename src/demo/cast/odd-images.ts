import type { Fate } from "./fates.ts";

/** One image with something odd about it. */
export interface OddImage {
  readonly region: string;
  /** What the message says. */
  readonly composeId: string;
  readonly announcedName: string;
  /** What EC2 says; null: EC2 knows no such image. */
  readonly ec2Name: string | null;
  readonly oddity:
    | "none"
    | "foreign-account"
    | "deregistration-protection"
    | "already-private"
    | "protecting-tag"
    | "two-composes"
    | "shared-snapshot"
    | "ephemeral-first"
    | "explicit-share";
  readonly fate: Fate;
  readonly because: string;
}

const nightly = {
  composeId: "Fedora-Rawhide-20261119.n.2",
  announcedName: "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261119.2",
  ec2Name: "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261119.2",
  region: "us-east-1",
} as const;
const RELEASE_NAME = "Fedora-Cloud-Base-AmazonEC2.x86_64-42-1.1";

export const ODD_IMAGES: readonly OddImage[] = [
  {
    ...nightly,
    announcedName: RELEASE_NAME,
    ec2Name: RELEASE_NAME,
    oddity: "none",
    fate: "refused",
    because: "a message names a release's image under a nightly's compose",
  },
  {
    ...nightly,
    ec2Name: RELEASE_NAME,
    oddity: "none",
    fate: "refused",
    because: "the same, and the message lies about the name as well",
  },
  {
    ...nightly,
    ec2Name: "CentOS-Stream-9-20261119.2.x86_64-aba856bc-78bf-441c-b25c-980bec33a53f",
    oddity: "none",
    fate: "refused",
    because: "it is CentOS', who share the account, and its name has a stamp that could be the nightly's",
  },
  { ...nightly, oddity: "foreign-account", fate: "refused", because: "it belongs to another account" },
  {
    ...nightly,
    oddity: "deregistration-protection",
    fate: "refused",
    because: "it is protected against deregistration",
  },
  { ...nightly, oddity: "protecting-tag", fate: "refused", because: "somebody tagged it do-not-delete" },
  { ...nightly, oddity: "already-private", fate: "kept", because: "it was private before we ever looked" },
  { ...nightly, oddity: "two-composes", fate: "kept", because: "two messages name two composes for it" },
  { ...nightly, ec2Name: null, oddity: "none", fate: "missing", because: "EC2 does not know it" },
  { ...nightly, oddity: "none", fate: "held", because: "somebody objected in a comment on the report" },
  {
    ...nightly,
    oddity: "shared-snapshot",
    fate: "deleted",
    because: "one of its snapshots carries another image too, and stays",
  },
  {
    ...nightly,
    oddity: "ephemeral-first",
    fate: "deleted",
    because: "its first device is ephemeral, three others have snapshots",
  },
  { ...nightly, oddity: "explicit-share", fate: "deleted", because: "it is also shared with one account by name" },
];
