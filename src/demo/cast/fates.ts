/**
 * The demo's cast, and the fate that each of them must meet, written by hand from Fedora's rules. It imports nothing of the
 * service's own, so that the service cannot agree with itself by mistake. In the demo a second stands for a day.
 */
export type Fate =
  /** Made private, told, and ten days later deleted with every snapshot of its own. */
  | "deleted"
  /** Never touched by any changing call. */
  | "kept"
  /** Made private, then given back exactly as it was, because its compose turned out to be released. */
  | "restored"
  /** Made private, then held for good, because somebody objected in a comment on the report. */
  | "held"
  /** Due, but a guard says no: never touched, and told with the reason. */
  | "refused"
  /** Not in EC2 at all: nothing to act on, and not forgotten yet. */
  | "missing";

export type Arch = "x86_64" | "aarch64";

/** The regions that Fedora uploads to. */
const REGIONS = [
  ...["af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1"],
  ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ca-central-1", "eu-central-1", "eu-north-1"],
  ...["eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1"],
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
] as const;

export interface CastCompose {
  readonly composeId: string;
  /** The images' name in EC2, with `ARCH` in the architecture's place. */
  readonly imageName: string;
  readonly arches: readonly Arch[];
  readonly regions: readonly string[];
  /** The uploader sends one message for all regions; fedimg sent `upload`, `copy` and `publish` for each. */
  readonly announcedBy: "uploader" | "old-uploader" | "fedimg";
  /** The words between `aws.` and the end of the uploader's topic. */
  readonly channel: string;
  /** What pungi says of the compose; null: nothing is ever heard of it. */
  readonly pungi: { readonly type: string; readonly label: string | null; readonly when: "before" | "later" } | null;
  /** What composeinfo.json says, and where it lies; null: the compose host has it no more. */
  readonly metadata: { readonly type: string; readonly label?: string; readonly place: string } | null;
  /** Whether its messages come over the bus, or were sent before the service began, and only the archive has them. */
  readonly heardFrom: "bus" | "archive";
  /** When it is announced as a released two-week compose. */
  readonly released: "never" | "before" | "when-private";
  readonly fate: Fate;
  readonly because: string;
}

const BOTH: readonly Arch[] = ["x86_64", "aarch64"];
const base = {
  arches: BOTH,
  regions: REGIONS,
  announcedBy: "uploader",
  pungi: null,
  released: "never",
  metadata: null,
  heardFrom: "bus",
} as const;

export const COMPOSES: readonly CastCompose[] = [
  {
    ...base,
    composeId: "Fedora-Rawhide-20261118.n.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-Rawhide-20261118.0",
    channel: "rawhide.Cloud_Base",
    pungi: { type: "nightly", label: null, when: "before" },
    fate: "deleted",
    because: "a Rawhide nightly",
  },
  {
    ...base,
    composeId: "Fedora-Rawhide-20261119.n.1",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-Rawhide-20261119.1",
    channel: "rawhide.Cloud_Base",
    fate: "deleted",
    because: "a nightly by its id alone, nobody has to be asked",
  },
  {
    ...base,
    composeId: "Fedora-eln-20261120.n.3",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-ELN-20261120.3",
    channel: "nightly.Cloud_Base",
    heardFrom: "archive",
    fate: "deleted",
    because: "an ELN nightly that was uploaded before the service began: only the archive has the message",
  },
  {
    ...base,
    composeId: "Fedora-44-20261119.n.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-44-Prerelease-20261119.0",
    arches: ["x86_64"],
    regions: ["us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1"],
    channel: "nightly.Cloud_Base",
    fate: "deleted",
    because: "a branched nightly, which the uploader calls a prerelease as it does a Beta",
  },
  {
    ...base,
    composeId: "Fedora-Cloud-43-20261118.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-43-20261118.0",
    channel: "nightly.Cloud_Base",
    pungi: { type: "production", label: "RC-20261118.0", when: "before" },
    metadata: { type: "production", label: "RC-20261118.0", place: "cloud" },
    fate: "deleted",
    because: "a dated cloud compose: its label's version is a date",
  },
  {
    ...base,
    composeId: "Fedora-Cloud-42-20261117.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-42-20261117.0",
    arches: ["x86_64"],
    channel: "nightly.Cloud_Base",
    pungi: { type: "production", label: "RC-20261117.0", when: "later" },
    fate: "deleted",
    because: "a dated cloud compose whose label is learnt only later",
  },
  {
    ...base,
    composeId: "Fedora-Cloud-30-20190611.0",
    imageName: "Fedora-Cloud-Base-30-20190611.0.ARCH",
    arches: ["x86_64"],
    regions: ["us-east-1", "us-west-2", "eu-west-1", "ap-south-1"],
    announcedBy: "fedimg",
    channel: "",
    pungi: { type: "production", label: "RC-20190611.0", when: "before" },
    fate: "deleted",
    because: "a dated compose of fedimg's days, announced three times over",
  },
  {
    ...base,
    composeId: "Fedora-Cloud-40-20261115.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-40-20261115.0",
    arches: ["x86_64"],
    channel: "nightly.Cloud_Base",
    pungi: { type: "production", label: "RC-20261115.0", when: "before" },
    metadata: { type: "production", label: "RC-1.4", place: "cloud" },
    fate: "kept",
    because: "the bus says a date, its own metadata says a release: nobody knows which is true",
  },
  {
    ...base,
    composeId: "Fedora-43-20261020.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-43-1.6",
    channel: "rc.Cloud_Base",
    pungi: { type: "production", label: "RC-1.6", when: "before" },
    fate: "kept",
    because: "a release",
  },
  {
    ...base,
    composeId: "Fedora-44-20260910.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-44-Prerelease-1.2",
    arches: ["x86_64"],
    announcedBy: "old-uploader",
    channel: "Cloud_Base.44",
    pungi: { type: "production", label: "Beta-1.2", when: "before" },
    fate: "kept",
    because: "a Beta",
  },
  {
    ...base,
    composeId: "Fedora-Atomic-28-20180515.1",
    imageName: "Fedora-AtomicHost-28-20180515.1.ARCH",
    arches: ["x86_64"],
    regions: ["us-east-1", "eu-central-1", "sa-east-1"],
    announcedBy: "fedimg",
    channel: "",
    pungi: { type: "production", label: "RC-20180515.1", when: "before" },
    released: "before",
    fate: "kept",
    because: "released as a two-week compose, though its label looks like a nightly's",
  },
  {
    ...base,
    composeId: "Fedora-Atomic-27-20180507.0",
    imageName: "Fedora-Atomic-27-20180507.0.ARCH",
    arches: ["x86_64"],
    regions: ["us-east-1", "eu-west-2", "us-west-2"],
    announcedBy: "fedimg",
    channel: "",
    pungi: { type: "production", label: "RC-20180507.0", when: "before" },
    released: "when-private",
    fate: "restored",
    because: "announced as released only after its images were made private",
  },
  {
    ...base,
    composeId: "Fedora-Cloud-41-20261116.0",
    imageName: "Fedora-Cloud-Base-AmazonEC2.ARCH-41-20261116.0",
    arches: ["x86_64"],
    channel: "nightly.Cloud_Base",
    fate: "kept",
    because: "no label was ever heard: after fourteen days it is kept for a person",
  },
];
