/** Who may use a thing besides its owner. */
interface Permission {
  /** The group `all`. */
  readonly isPublic: boolean;
  readonly userIds: readonly string[];
}

export interface LaunchPermission extends Permission {
  readonly organizationArns: readonly string[];
  readonly organizationalUnitArns: readonly string[];
}

/** API_Image, `imageState`. */
export type ImageState =
  "pending" | "available" | "invalid" | "deregistered" | "transient" | "failed" | "error" | "disabled";

/** API_BlockDeviceMapping: a volume from a snapshot, or a disk of the host. */
export type Device =
  | { readonly kind: "ebs"; readonly deviceName: string; readonly snapshotId: string; readonly sizeGiB: number }
  | { readonly kind: "ephemeral"; readonly deviceName: string; readonly virtualName: string };

export type Tags = Readonly<Record<string, string>>;

export interface ImageRecord {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly ownerId: string;
  readonly state: ImageState;
  /** Epoch milliseconds, as every other instant here. */
  readonly createdAt: number;
  readonly architecture: string;
  readonly permission: LaunchPermission;
  readonly tags: Tags;
  readonly devices: readonly Device[];
  readonly deprecatedAt: number | null;
  /** Null: never, or not within EC2's memory. EC2 tells of a launch 24 hours later; here it stands as it was put in. */
  readonly lastLaunchedAt: number | null;
  /** `disabled`, `enabled-with-cooldown` or `enabled-without-cooldown`. */
  readonly deregistrationProtection: string;
  /** End of the cool-down after protection was switched off. */
  readonly protectedUntil: number | null;
  readonly deregisteredAt: number | null;
  /** What uses the image (API_ImageReference). */
  readonly references: readonly Reference[];
  /** Who uses it, in any account (API_ImageUsageReportEntry). */
  readonly usedBy: readonly Use[];
}

interface Use {
  readonly accountId: string;
  readonly resourceType: "ec2:Instance" | "ec2:LaunchTemplate";
  readonly count: number;
}

/** A report on who uses an image. */
export interface UsageReportRecord {
  readonly id: string;
  readonly imageId: string;
  /** Empty: none was given. */
  readonly token: string;
  readonly types: readonly string[];
  readonly createdAt: number;
  readonly isRemoved: boolean;
}

interface Reference {
  readonly resourceType: string;
  readonly arn: string;
  /** How many versions back a launch template names the image: 1, the default, is the newest. */
  readonly depth?: number;
}

/** What keeps a snapshot from being deleted, besides the images on it. */
export type Keeper = "lock" | "backup" | "fast-restore";

export interface SnapshotRecord {
  readonly id: string;
  readonly ownerId: string;
  readonly description: string;
  readonly state: "pending" | "completed" | "error";
  readonly startedAt: number;
  readonly sizeGiB: number;
  readonly permission: Permission;
  readonly tags: Tags;
  readonly keptBy: Keeper | null;
}

/** API_InstanceState, "name". */
export const INSTANCE_STATES = ["pending", "running", "shutting-down", "terminated", "stopping", "stopped"] as const;

export interface InstanceRecord {
  readonly id: string;
  readonly imageId: string;
  readonly ownerId: string;
  readonly state: (typeof INSTANCE_STATES)[number];
  readonly launchedAt: number;
  readonly terminatedAt: number | null;
  readonly tags: Tags;
}

/** How a region behaves. */
export interface RegionSettings {
  /** Default `unblocked`. */
  readonly blockPublicAccess: "unblocked" | "block-new-sharing";
  /** DescribeImages shows what was true so many milliseconds ago (eventual consistency). Default 0. */
  readonly describeImagesStaleMs: number;
  /**
   * Images that DescribeImages does not show, as those that EC2's many places have lost for a while; `all`: it shows none.
   * Default: none.
   */
  readonly unseen: readonly string[] | "all";
  /** A deregistered image is `InvalidAMIID.Unavailable` for so long, then `InvalidAMIID.NotFound`. Default one hour. */
  readonly forgetAfterMs: number;
  /** A snapshot stays `InvalidSnapshot.InUse` for so long after its last image was deregistered. Default 0. */
  readonly snapshotReleaseMs: number;
  /** How long a report on who uses an image takes; `error`: none is made. Default one minute. */
  readonly usageReportMs: number | "error";
  /** EC2's token buckets: a call that finds its own empty is answered `RequestLimitExceeded`. Default false. */
  readonly throttling: boolean;
  /** API_Region, `optInStatus`. Every call to a region that is `not-opted-in` is refused. Default `opted-in`. */
  readonly optIn: "opt-in-not-required" | "opted-in" | "not-opted-in";
  /** With which code; EC2 has been seen to give either, both with HTTP 401. Default `OptInRequired`. */
  readonly closedAs: "OptInRequired" | "AuthFailure";
}

/** A snapshot to be put into a region past the API. */
export interface NewSnapshot {
  readonly id?: string;
  /** Default: the first account. */
  readonly ownerId?: string;
  readonly description?: string;
  /** Default `completed`. */
  readonly state?: SnapshotRecord["state"];
  /** Default: now. */
  readonly startedAt?: number;
  /** Default 5. */
  readonly sizeGiB?: number;
  /** Default false. */
  readonly isPublic?: boolean;
  readonly userIds?: readonly string[];
  readonly tags?: Tags;
  /** Default: nothing. */
  readonly keptBy?: Keeper | null;
}

/** An image to be put into a region past the API. */
export interface NewImage {
  readonly id?: string;
  /** Default: the id. */
  readonly name?: string;
  readonly description?: string;
  /** Default: the first account. */
  readonly ownerId?: string;
  /** Default `available`. */
  readonly state?: ImageState;
  /** Default: now. */
  readonly createdAt?: number;
  /** Default `x86_64`. */
  readonly architecture?: string;
  /** Default true. */
  readonly isPublic?: boolean;
  readonly userIds?: readonly string[];
  readonly organizationArns?: readonly string[];
  readonly organizationalUnitArns?: readonly string[];
  readonly tags?: Tags;
  /** One EBS device for each; a string names a snapshot that is there. Default: one new snapshot, as public as the image. */
  readonly snapshots?: readonly (string | NewSnapshot)[];
  /** How many ephemeral devices stand beside them. Default 0. */
  readonly ephemeralDevices?: number;
  readonly deprecatedAt?: number;
  readonly lastLaunchedAt?: number;
  readonly deregistrationProtection?: string;
  readonly references?: ImageRecord["references"];
  /** Default: nobody. */
  readonly usedBy?: ImageRecord["usedBy"];
}

/** An instance to be put into a region past the API. */
export interface NewInstance {
  readonly id?: string;
  /** Need not be there: an instance may outlive its image. */
  readonly imageId: string;
  /** Default: the first account. */
  readonly ownerId?: string;
  /** Default `running`. */
  readonly state?: InstanceRecord["state"];
  /** Default: now. */
  readonly launchedAt?: number;
  readonly tags?: Tags;
}

/** The snapshots under an image, each once. */
export function snapshotIdsOf(image: ImageRecord): readonly string[] {
  return [...new Set(image.devices.flatMap((device) => (device.kind === "ebs" ? [device.snapshotId] : [])))];
}

/** An instant as the pages show it where they leave out the milliseconds. */
export function secondsText(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}

/** API_Image, `deregistrationProtection`; the time of a cool-down stands in the text. */
export function protectionText(image: ImageRecord, now: number): string {
  if (image.protectedUntil === null || now >= image.protectedUntil) return image.deregistrationProtection;
  return `disabled after ${new Date(image.protectedUntil).toISOString()}`;
}

/** API_EnableImageDeregistrationProtection; a cool-down protects as well. */
export function isProtected(image: ImageRecord, now: number): boolean {
  return image.deregistrationProtection.startsWith("enabled") || protectionText(image, now) !== "disabled";
}
