import { DONE } from "./call.ts";
import type { Action, Actions, Call, Outcome } from "./call.ts";
import { protectionText, secondsText } from "../state/records.ts";
import type { ImageRecord, LaunchPermission } from "../state/records.ts";
import { Ec2Error, imageUnavailable, invalidValue, missingParameter, notSimulated } from "../wire/errors.ts";
import { checkImageId } from "../wire/parameters.ts";
import { changedList, changedPublic, readPermissionChange, renderPermission } from "../wire/permissions.ts";
import type { PermissionChange } from "../wire/permissions.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_DescribeImageAttribute, "Attribute"; what nobody here asks for is refused loudly. */
const READABLE = [
  "description",
  "kernel",
  "ramdisk",
  "launchPermission",
  "productCodes",
  "blockDeviceMapping",
  "sriovNetSupport",
  "bootMode",
  "tpmSupport",
  "uefiData",
  "lastLaunchedTime",
  "imdsSupport",
  "deregistrationProtection",
] as const;

const describeImageAttribute: Action = {
  mutates: false,
  parameters: ["ImageId", "Attribute"],
  run: ({ parameters, region, account, now }) => {
    const id = checkImageId(parameters.required("ImageId"));
    parameters.required("Attribute");
    const attribute = parameters.oneOf("Attribute", READABLE);
    const image = region.visibleImage(id, account, now);
    // The page says that asking for the block devices is answered so; others' images are, too.
    if (image.ownerId !== account || attribute === "blockDeviceMapping")
      throw new Ec2Error("AuthFailure", "Unauthorized attempt to access restricted resource", 403);
    switch (attribute) {
      case "launchPermission":
        return { answer: { imageId: id, launchPermission: renderLaunchPermission(image.permission) } };
      case "description":
        return { answer: { imageId: id, description: { value: image.description } } };
      case "deregistrationProtection":
        return { answer: { imageId: id, deregistrationProtection: { value: protectionText(image, now) } } };
      case "lastLaunchedTime":
        return { answer: { imageId: id, lastLaunchedTime: { value: secondsText(image.lastLaunchedAt) } } };
      case null:
      case "kernel":
      case "ramdisk":
      case "productCodes":
      case "sriovNetSupport":
      case "bootMode":
      case "tpmSupport":
      case "uefiData":
      case "imdsSupport":
        throw notSimulated(`the image attribute ${String(attribute)}`);
    }
  },
};

/** API_LaunchPermission. */
function renderLaunchPermission(permission: LaunchPermission): XmlElements[] {
  return [
    ...renderPermission(permission.isPublic, permission.userIds),
    ...permission.organizationArns.map((organizationArn) => ({ organizationArn })),
    ...permission.organizationalUnitArns.map((organizationalUnitArn) => ({ organizationalUnitArn })),
  ];
}

const GRANTEES = ["Group", "UserId", "OrganizationArn", "OrganizationalUnitArn"];

const modifyImageAttribute: Action = {
  mutates: true,
  parameters: [
    "ImageId",
    "Attribute",
    "OperationType",
    "Value",
    "Description.Value",
    "ImdsSupport.Value",
    "UserGroup.#",
    "UserId.#",
    "OrganizationArn.#",
    "OrganizationalUnitArn.#",
    ...GRANTEES.flatMap((name) => [`LaunchPermission.Add.#.${name}`, `LaunchPermission.Remove.#.${name}`]),
  ],
  run: (call) => {
    const id = checkImageId(call.parameters.required("ImageId"));
    const attribute = call.parameters.oneOf("Attribute", ["description", "imdsSupport", "launchPermission"]);
    const change = readPermissionChange(call.parameters, "LaunchPermission", {
      Group: "UserGroup",
      UserId: "UserId",
      OrganizationArn: "OrganizationArn",
      OrganizationalUnitArn: "OrganizationalUnitArn",
    });
    const description = call.parameters.text("Description.Value");
    if (attribute === "imdsSupport" || call.parameters.has("ImdsSupport.Value")) throw notSimulated("imdsSupport");
    if (change !== null && (description !== null || attribute === "description"))
      throw new Ec2Error("InvalidParameterCombination", "You can specify only one attribute at a time");
    if (attribute === "launchPermission" && change === null) throw missingParameter("launchPermission");

    const image = call.region.ownImage(id, call.account, call.now);
    if (change !== null) return modifyPermission(call, image, change);
    const text = description ?? (attribute === "description" ? call.parameters.text("Value") : null);
    if (text === null) throw new Ec2Error("InvalidParameterCombination", "No attributes specified.");
    return modifyDescription(call, image, text);
  },
};

function modifyPermission(call: Call, image: ImageRecord, change: PermissionChange): Outcome {
  if (image.state !== "available") throw imageUnavailable(image.id);
  const isMadePublic = change.add.some((grant) => grant.to === "Group");
  // Refused even where the image is public already (block-public-access-to-amis).
  if (isMadePublic && call.region.settings.blockPublicAccess === "block-new-sharing")
    throw new Ec2Error(
      "OperationNotPermitted",
      "You can't publicly share this image: block public access for AMIs is enabled for this account in this Region.",
    );
  const permission: LaunchPermission = {
    isPublic: changedPublic(image.permission.isPublic, change),
    userIds: changedList(image.permission.userIds, "UserId", change),
    organizationArns: changedList(image.permission.organizationArns, "OrganizationArn", change),
    organizationalUnitArns: changedList(image.permission.organizationalUnitArns, "OrganizationalUnitArn", change),
  };
  if (JSON.stringify(permission) === JSON.stringify(image.permission)) return { answer: DONE };
  return {
    answer: DONE,
    change: {
      effect: { kind: "image-permission", imageId: image.id, isPublic: permission.isPublic },
      apply: () => {
        call.region.putImage({ ...image, permission }, call.now);
      },
    },
  };
}

function modifyDescription(call: Call, image: ImageRecord, description: string): Outcome {
  if (description.length > 255) throw invalidValue("description", description, "At most 255 characters.");
  return {
    answer: DONE,
    change: {
      effect: { kind: "image-description", imageId: image.id },
      apply: () => {
        call.region.putImage({ ...image, description }, call.now);
      },
    },
  };
}

export const imageAttributeActions: Actions = {
  DescribeImageAttribute: describeImageAttribute,
  ModifyImageAttribute: modifyImageAttribute,
};
