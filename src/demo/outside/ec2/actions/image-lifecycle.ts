import { DONE } from "./call.ts";
import type { Action, Actions, Call, Outcome } from "./call.ts";
import { isProtected, snapshotIdsOf } from "../state/records.ts";
import type { ImageRecord } from "../state/records.ts";
import { Ec2Error } from "../wire/errors.ts";
import { checkImageId } from "../wire/parameters.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_EnableImageDeregistrationProtection, "WithCooldown". */
const COOLDOWN_MS = 24 * 60 * 60 * 1000;
const NOBODY = { isPublic: false, userIds: [], organizationArns: [], organizationalUnitArns: [] };

/** API_DeregisterImage. */
const deregisterImage: Action = {
  mutates: true,
  parameters: ["ImageId", "DeleteAssociatedSnapshots"],
  run: (call) => {
    const image = ownImage(call);
    if (isProtected(image, call.now))
      throw new Ec2Error("OperationNotPermitted", `The image ${image.id} has deregistration protection.`);
    const withSnapshots = call.parameters.flag("DeleteAssociatedSnapshots");
    const results = withSnapshots ? snapshotIdsOf(image).map((id) => deletion(call, image, id)) : [];
    const deletedSnapshotIds = results.filter((result) => result.code === "success").map((result) => result.id);
    return {
      answer: { ...DONE, deleteSnapshotResultSet: withSnapshots ? results.map(renderDeletion) : null },
      change: {
        effect: { kind: "image-deregistered", imageId: image.id, deletedSnapshotIds },
        apply: () => {
          call.region.putImage({ ...image, state: "deregistered", deregisteredAt: call.now }, call.now);
          for (const id of deletedSnapshotIds) call.region.removeSnapshot(id);
        },
      },
    };
  },
};

interface Deletion {
  readonly id: string;
  /** API_DeleteSnapshotReturnCode. */
  readonly code: "success" | "skipped" | "missing-permissions" | "client-error";
}

function deletion(call: Call, image: ImageRecord, id: string): Deletion {
  const isShared = call.region
    .images()
    .some((other) => other.id !== image.id && other.state !== "deregistered" && snapshotIdsOf(other).includes(id));
  if (isShared) return { id, code: "skipped" };
  if (call.isDenied("DeleteSnapshot")) return { id, code: "missing-permissions" };
  const snapshot = call.region.snapshot(id);
  const isFree = snapshot?.ownerId === call.account && snapshot.keptBy === null;
  return { id, code: isFree ? "success" : "client-error" };
}

/** API_DeleteSnapshotReturnCode. */
function renderDeletion(result: Deletion): XmlElements {
  return { snapshotId: result.id, returnCode: result.code };
}

/** API_DisableImage: the state, and nobody but the owner sees it any more. */
const disableImage: Action = {
  mutates: true,
  parameters: ["ImageId"],
  run: (call) => {
    const image = ownImage(call);
    if (image.state === "disabled") return { answer: DONE };
    return changed(call, { ...image, state: "disabled", permission: NOBODY });
  },
};

/** API_EnableImage: shares that were lost do not come back. */
const enableImage: Action = {
  mutates: true,
  parameters: ["ImageId"],
  run: (call) => {
    const image = ownImage(call);
    return image.state === "disabled" ? changed(call, { ...image, state: "available" }) : { answer: DONE };
  },
};

/** API_EnableImageDeregistrationProtection. */
const enableProtection: Action = {
  mutates: true,
  parameters: ["ImageId", "WithCooldown"],
  run: (call) => {
    const cooldown = call.parameters.flag("WithCooldown") ? "with" : "without";
    const deregistrationProtection = `enabled-${cooldown}-cooldown`;
    return protection(call, { ...ownImage(call), deregistrationProtection, protectedUntil: null });
  },
};

/** API_DisableImageDeregistrationProtection: a cool-down begins now. */
const disableProtection: Action = {
  mutates: true,
  parameters: ["ImageId"],
  run: (call) => {
    const image = ownImage(call);
    const hasCooldown = image.deregistrationProtection === "enabled-with-cooldown";
    const protectedUntil = hasCooldown ? call.now + COOLDOWN_MS : image.protectedUntil;
    return protection(call, { ...image, deregistrationProtection: "disabled", protectedUntil });
  },
};

function ownImage(call: Call): ImageRecord {
  return call.region.ownImage(checkImageId(call.parameters.required("ImageId")), call.account, call.now);
}

function changed(call: Call, image: ImageRecord): Outcome {
  return {
    answer: DONE,
    change: {
      effect: { kind: "image-state", imageId: image.id, state: image.state },
      apply: () => {
        call.region.putImage(image, call.now);
      },
    },
  };
}

function protection(call: Call, image: ImageRecord): Outcome {
  return {
    // The two pages give `return` as a string; on the wire that is the same.
    answer: DONE,
    change: {
      effect: { kind: "image-protection", imageId: image.id, protection: image.deregistrationProtection },
      apply: () => {
        call.region.putImage(image, call.now);
      },
    },
  };
}

export const imageLifecycleActions: Actions = {
  DeregisterImage: deregisterImage,
  DisableImage: disableImage,
  EnableImage: enableImage,
  EnableImageDeregistrationProtection: enableProtection,
  DisableImageDeregistrationProtection: disableProtection,
};
