import { DONE } from "./call.ts";
import type { Action, Actions } from "./call.ts";
import { renderTags } from "./tags.ts";
import { FILTER_PARAMETERS, PAGE_PARAMETERS, page, readFilters } from "../state/filters.ts";
import type { FilterFields } from "../state/filters.ts";
import type { SnapshotRecord } from "../state/records.ts";
import { isVisible } from "../state/region.ts";
import { Ec2Error, invalidValue, notSimulated, snapshotInUse, snapshotKept, snapshotNotFound } from "../wire/errors.ts";
import { checkSnapshotId } from "../wire/parameters.ts";
import { changedList, changedPublic, readPermissionChange, renderPermission } from "../wire/permissions.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_DescribeSnapshots, "Filter.N". */
const FIELDS: FilterFields<SnapshotRecord> = {
  description: (snapshot) => [snapshot.description],
  "owner-id": (snapshot) => [snapshot.ownerId],
  "snapshot-id": (snapshot) => [snapshot.id],
  "start-time": (snapshot) => [new Date(snapshot.startedAt).toISOString()],
  status: (snapshot) => [snapshot.state],
  "volume-size": (snapshot) => [String(snapshot.sizeGiB)],
};
const UNSIMULATED = ["encrypted", "owner-alias", "progress", "storage-tier", "transfer-type", "volume-id"];

/** API_DescribeSnapshots, as its "MaxResults" had it for years: between 5 and 1,000. */
const LEAST_PAGE = 5;
/** API_ModifySnapshotAttribute. */
const MAX_CHANGES = 500;

const describeSnapshots: Action = {
  mutates: false,
  parameters: ["SnapshotId.#", "Owner.#", "RestorableBy.#", ...FILTER_PARAMETERS, ...PAGE_PARAMETERS],
  run: ({ parameters, region, account }) => {
    const ids = parameters.list("SnapshotId").map(checkSnapshotId);
    const passes = readFilters(parameters, FIELDS, UNSIMULATED, (snapshot) => snapshot.tags);
    const owners = parameters.list("Owner").map((owner) => (owner === "self" ? account : owner));
    const strange = owners.find((owner) => owner !== "amazon" && !/^\d{12}$/.test(owner));
    if (strange !== undefined) throw invalidValue("ownerId", strange, "Expected an account id, self or amazon.");
    if (parameters.list("RestorableBy").length > 0) throw notSimulated("the parameter RestorableBy");

    // So answers the live service; AWS's own command line never sends both.
    if (ids.length > 0 && parameters.has("MaxResults"))
      throw new Ec2Error("InvalidParameterCombination", "snapshotSet cannot be used with the parameter maxResults.");
    // An id that does not exist is an error; one that is not for us is just left out.
    const unknown = ids.find((id) => region.snapshot(id) === null);
    if (unknown !== undefined) throw snapshotNotFound(unknown);
    const found = region
      .snapshots()
      .filter(
        (snapshot) =>
          isVisible(snapshot, account) &&
          (ids.length === 0 || ids.includes(snapshot.id)) &&
          (owners.length === 0 || owners.includes(snapshot.ownerId)) &&
          passes(snapshot),
      );
    const { things, nextToken } = page(parameters, found, LEAST_PAGE);
    return { answer: { snapshotSet: things.map(renderSnapshot), nextToken } };
  },
};

/** API_Snapshot. */
function renderSnapshot(snapshot: SnapshotRecord): XmlElements {
  return {
    snapshotId: snapshot.id,
    // A copied snapshot's volume is an arbitrary id, says the page.
    volumeId: "vol-ffffffff",
    status: snapshot.state,
    startTime: new Date(snapshot.startedAt).toISOString(),
    progress: snapshot.state === "completed" ? "100%" : "0%",
    ownerId: snapshot.ownerId,
    volumeSize: snapshot.sizeGiB,
    description: snapshot.description,
    encrypted: false,
    storageTier: "standard",
    tagSet: renderTags(snapshot.tags),
  };
}

/** API_DescribeSnapshotAttribute. */
const describeSnapshotAttribute: Action = {
  mutates: false,
  parameters: ["SnapshotId", "Attribute"],
  run: ({ parameters, region, account }) => {
    const id = checkSnapshotId(parameters.required("SnapshotId"));
    parameters.required("Attribute");
    const attribute = parameters.oneOf("Attribute", ["createVolumePermission", "productCodes"]);
    const { permission } = region.ownSnapshot(id, account);
    if (attribute === "productCodes") return { answer: { snapshotId: id, productCodes: [] } };
    const createVolumePermission = renderPermission(permission.isPublic, permission.userIds);
    return { answer: { snapshotId: id, createVolumePermission } };
  },
};

/** API_ModifySnapshotAttribute. */
const modifySnapshotAttribute: Action = {
  mutates: true,
  parameters: [
    "SnapshotId",
    "Attribute",
    "OperationType",
    "UserGroup.#",
    "UserId.#",
    ...["Add", "Remove"].flatMap((operation) => [
      `CreateVolumePermission.${operation}.#.Group`,
      `CreateVolumePermission.${operation}.#.UserId`,
    ]),
  ],
  run: ({ parameters, region, account }) => {
    const id = checkSnapshotId(parameters.required("SnapshotId"));
    if (parameters.oneOf("Attribute", ["createVolumePermission", "productCodes"]) === "productCodes")
      throw invalidValue("attribute", "productCodes", "Only volume creation permissions can be modified.");
    const flatLists = { Group: "UserGroup", UserId: "UserId" };
    const change = readPermissionChange(parameters, "CreateVolumePermission", flatLists);
    if (change === null) throw new Ec2Error("InvalidParameterCombination", "No create volume permissions specified.");
    if (change.add.length > 0 && change.remove.length > 0)
      throw new Ec2Error("InvalidParameterCombination", "You can't add and remove permissions in one request.");
    if (change.add.length + change.remove.length > MAX_CHANGES)
      throw invalidValue("createVolumePermission", "…", `At most ${MAX_CHANGES} modifications in one request.`);

    const snapshot = region.ownSnapshot(id, account);
    const permission = {
      isPublic: changedPublic(snapshot.permission.isPublic, change),
      userIds: changedList(snapshot.permission.userIds, "UserId", change),
    };
    if (JSON.stringify(permission) === JSON.stringify(snapshot.permission)) return { answer: DONE };
    return {
      answer: DONE,
      change: {
        effect: { kind: "snapshot-permission", snapshotId: id, isPublic: permission.isPublic },
        apply: () => {
          region.putSnapshot({ ...snapshot, permission });
        },
      },
    };
  },
};

/** API_DeleteSnapshot. */
const deleteSnapshot: Action = {
  mutates: true,
  parameters: ["SnapshotId"],
  run: ({ parameters, region, account, now }) => {
    const { id, keptBy } = region.ownSnapshot(checkSnapshotId(parameters.required("SnapshotId")), account);
    const user = region.userOf(id, now);
    if (user !== null) throw snapshotInUse(id, user.id);
    if (keptBy !== null) throw snapshotKept(id, keptBy);
    return {
      answer: DONE,
      change: {
        effect: { kind: "snapshot-deleted", snapshotId: id },
        apply: () => {
          region.removeSnapshot(id);
        },
      },
    };
  },
};

export const snapshotActions: Actions = {
  DescribeSnapshots: describeSnapshots,
  DescribeSnapshotAttribute: describeSnapshotAttribute,
  ModifySnapshotAttribute: modifySnapshotAttribute,
  DeleteSnapshot: deleteSnapshot,
};
