import type { ComposeId } from "./compose.ts";

/** A kind of compose, and the products whose AMIs it builds, each as an AMI's name spells it. */
export interface Product {
  /** As the compose id begins, before the version. */
  readonly short: string;
  /** The release's type, as productmd has it. */
  readonly type: string;
  readonly images: readonly string[];
}

const CLOUD = ["Fedora-Cloud-Base-AmazonEC2", "Fedora-Cloud-Base"];
/** Until Fedora 27, and since. */
const ATOMIC = ["Fedora-Atomic", "Fedora-AtomicHost"];

/**
 * The composes of which AMIs are known; what is not here has none, and an image that is said to be of it is left alone.
 * Fedora_Docker, Fedora-Container and Fedora-Modular build no AMIs, and Fedora-IoT, CoreOS, CentOS and Copr are not ours.
 */
export const PRODUCTS: readonly Product[] = [
  // Rawhide, ELN and branched nightlies, Betas and releases. The image is called AmazonEC2's since 40.
  { short: "Fedora", type: "ga", images: CLOUD },
  // The nightlies of stable releases.
  { short: "Fedora-Cloud", type: "ga", images: CLOUD },
  // The two-week composes. Those of 2016 and 2017 built the Cloud's image beside their own (Fedora-Atomic-24-20160710.0).
  { short: "Fedora-Atomic", type: "ga", images: [...ATOMIC, "Fedora-Cloud-Base"] },
  // Since August 2018 two-week releases were cut from the updates' composes (Fedora-29-updates-20190820.0).
  { short: "Fedora", type: "updates", images: ATOMIC },
];

/** The product of a compose, or null when no AMI of such composes is known. */
export function productOf({ release, base }: Pick<ComposeId, "release" | "base">): Product | null {
  if (base !== null) return null;
  return PRODUCTS.find(({ short, type }) => short === release.short && type === release.type) ?? null;
}

/**
 * The products that may be deleted, as shipped: those whose AMIs are known, and those whose dated composes are no releases
 * either, though they build no AMIs. Rawhide, ELN and branched composes are Fedora's own. Not here: Fedora-IoT, whose releases
 * are dated; CentOS-Stream, Fedora-CoreOS, Fedora-EPEL, FedoraRespin and Copr, which are others' affair.
 */
export const SHIPPED_PRODUCTS: readonly string[] = [
  ...new Set(PRODUCTS.map(({ short }) => short)),
  ...["Fedora-Modular", "Fedora-Docker", "Fedora_Docker", "Fedora-Container"],
];
