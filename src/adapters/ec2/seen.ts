import type { Image, Tag } from "@aws-sdk/client-ec2";
import type { Seen } from "../../domain/plan/look.ts";
import type { Instant } from "../../domain/time.ts";

/** An image as EC2 describes it, in our words; what it leaves out is empty. */
export function seenOf(image: Image): Seen {
  const devices = image.BlockDeviceMappings ?? [];
  return {
    amiId: image.ImageId ?? "",
    name: image.Name ?? "",
    ownerId: image.OwnerId ?? "",
    state: image.State ?? "",
    isPublic: image.Public === true,
    createdAt: instantOf(image.CreationDate),
    lastLaunchedAt: instantOf(image.LastLaunchedTime),
    deprecatedAt: instantOf(image.DeprecationTime),
    snapshotIds: [...new Set(devices.map((device) => device.Ebs?.SnapshotId ?? "").filter((id) => id !== ""))],
    sizeGiB: devices.reduce((sum, device) => sum + (device.Ebs?.VolumeSize ?? 0), 0),
    tags: tagsOf(image.Tags),
    deregistrationProtection: image.DeregistrationProtection ?? null,
  };
}

function instantOf(text: string | undefined): Instant | null {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? null : at;
}

export function tagsOf(tags: readonly Tag[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}
