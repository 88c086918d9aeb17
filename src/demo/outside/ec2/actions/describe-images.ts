import type { Action, Call, Outcome } from "./call.ts";
import { renderTags } from "./tags.ts";
import { FILTER_PARAMETERS, PAGE_PARAMETERS, page, readFilters } from "../state/filters.ts";
import type { FilterFields } from "../state/filters.ts";
import { protectionText, secondsText } from "../state/records.ts";
import type { Device, ImageRecord } from "../state/records.ts";
import { isVisible } from "../state/region.ts";
import { Ec2Error, imagesNotFound, invalidValue } from "../wire/errors.ts";
import { checkImageId } from "../wire/parameters.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_DescribeImages, "Filter.N". */
const FIELDS: FilterFields<ImageRecord> = {
  architecture: (image) => [image.architecture],
  "block-device-mapping.device-name": (image) => image.devices.map((device) => device.deviceName),
  "block-device-mapping.snapshot-id": (image) =>
    image.devices.flatMap((device) => (device.kind === "ebs" ? [device.snapshotId] : [])),
  "block-device-mapping.volume-size": (image) =>
    image.devices.flatMap((device) => (device.kind === "ebs" ? [String(device.sizeGiB)] : [])),
  "creation-date": (image) => [new Date(image.createdAt).toISOString()],
  description: (image) => (image.description === null ? [] : [image.description]),
  "image-id": (image) => [image.id],
  "is-public": (image) => [String(image.permission.isPublic)],
  name: (image) => [image.name],
  "owner-id": (image) => [image.ownerId],
  "root-device-type": (image) => [rootDeviceType(image)],
  state: (image) => [image.state],
};

/** Filters of the same page that nothing here can answer. */
const UNSIMULATED = [
  "block-device-mapping.delete-on-termination",
  "block-device-mapping.volume-type",
  "block-device-mapping.encrypted",
  "boot-mode",
  "ena-support",
  "free-tier-eligible",
  "hypervisor",
  "image-allowed",
  "image-type",
  "kernel-id",
  "manifest-location",
  "owner-alias",
  "platform",
  "product-code",
  "product-code.type",
  "public-ssm-parameter-name",
  "ramdisk-id",
  "root-device-name",
  "source-image-id",
  "source-image-region",
  "source-instance-id",
  "sriov-net-support",
  "state-reason-code",
  "state-reason-message",
  "virtualization-type",
];

/** API_DescribeImages, "Owner.N". */
const OWNER_ALIASES = ["amazon", "aws-backup-vault", "aws-marketplace"];

export const describeImages: Action = {
  mutates: false,
  parameters: [
    "ImageId.#",
    "Owner.#",
    "ExecutableBy.#",
    "IncludeDeprecated",
    "IncludeDisabled",
    ...FILTER_PARAMETERS,
    ...PAGE_PARAMETERS,
  ],
  run: (call) => {
    const ids = call.parameters.list("ImageId").map(checkImageId);
    const passes = readFilters(call.parameters, FIELDS, UNSIMULATED, (image) => image.tags);
    const owners = call.parameters.list("Owner").map((owner) => readOwner(owner, call.account));
    const users = call.parameters.list("ExecutableBy").map((user) => readUser(user, call.account));

    const visible = call.region
      .describedImages(call.now)
      .filter((image) => isVisible(image, call.account) && !call.region.isForgotten(image, call.now));
    // A region that shows nothing says nothing of an id, either.
    const isBlind = call.region.settings.unseen === "all";
    const missing = isBlind ? [] : ids.filter((id) => !visible.some((image) => image.id === id));
    if (missing.length > 0) throw imagesNotFound(missing);

    const found = visible.filter(
      (image) =>
        isListed(image, call, ids) &&
        (ids.length === 0 || ids.includes(image.id)) &&
        (owners.length === 0 || owners.includes(image.ownerId)) &&
        (users.length === 0 || users.some((user) => isExecutableBy(image, user))) &&
        passes(image),
    );
    return answer(call, found);
  },
};

/** API_DescribeImages, "Response Elements". */
function answer(call: Call, found: readonly ImageRecord[]): Outcome {
  const { things, nextToken } = page(call.parameters, found, 1);
  return { answer: { imagesSet: things.map((image) => renderImage(image, call.now)), nextToken } };
}

/** What is left out by default: deregistered images, disabled ones, and others' deprecated ones unless asked for by id. */
function isListed(image: ImageRecord, call: Call, ids: readonly string[]): boolean {
  if (image.state === "deregistered") return false;
  if (image.state === "disabled") return call.parameters.flag("IncludeDisabled") && image.ownerId === call.account;
  const isDeprecated = image.deprecatedAt !== null && image.deprecatedAt <= call.now;
  const isAskedFor = call.parameters.flag("IncludeDeprecated") || ids.includes(image.id);
  return !isDeprecated || isAskedFor || image.ownerId === call.account;
}

function readOwner(owner: string, account: string): string {
  if (owner === "self") return account;
  if (!/^\d{12}$/.test(owner) && !OWNER_ALIASES.includes(owner))
    throw invalidValue("ownerId", owner, "Expected an account id, self or an owner alias.");
  return owner;
}

function readUser(user: string, account: string): string {
  if (user === "self") return account;
  if (user !== "all" && !/^\d{12}$/.test(user))
    throw new Ec2Error("InvalidUserID.Malformed", `Invalid user id: "${user}"`);
  return user;
}

function isExecutableBy(image: ImageRecord, user: string): boolean {
  return user === "all" ? image.permission.isPublic : image.permission.userIds.includes(user);
}

function rootDeviceType(image: ImageRecord): string {
  return image.devices.some((device) => device.kind === "ebs") ? "ebs" : "instance-store";
}

/** API_Image. */
function renderImage(image: ImageRecord, now: number): XmlElements {
  return {
    imageId: image.id,
    imageLocation: `${image.ownerId}/${image.name}`,
    imageState: image.state,
    imageOwnerId: image.ownerId,
    creationDate: new Date(image.createdAt).toISOString(),
    isPublic: image.permission.isPublic,
    architecture: image.architecture,
    imageType: "machine",
    name: image.name,
    description: image.description,
    rootDeviceType: rootDeviceType(image),
    rootDeviceName: image.devices[0]?.deviceName ?? null,
    blockDeviceMapping: image.devices.map(renderDevice),
    virtualizationType: "hvm",
    hypervisor: "xen",
    enaSupport: true,
    tagSet: renderTags(image.tags),
    deprecationTime: secondsText(image.deprecatedAt),
    lastLaunchedTime: secondsText(image.lastLaunchedAt),
    deregistrationProtection: protectionText(image, now),
  };
}

/** API_BlockDeviceMapping, API_EbsBlockDevice. */
function renderDevice(device: Device): XmlElements {
  const { deviceName } = device;
  if (device.kind === "ephemeral") return { deviceName, virtualName: device.virtualName };
  return {
    deviceName,
    ebs: {
      snapshotId: device.snapshotId,
      volumeSize: device.sizeGiB,
      deleteOnTermination: true,
      volumeType: "gp3",
      encrypted: false,
    },
  };
}
