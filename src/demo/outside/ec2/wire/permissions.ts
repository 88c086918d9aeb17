import { Ec2Error, missingParameter } from "./errors.ts";
import type { Parameters } from "./parameters.ts";
import type { XmlElements } from "./xml.ts";

/** Who a permission names; the words of the API's parameters. */
type Grantee = "Group" | "UserId" | "OrganizationArn" | "OrganizationalUnitArn";

/** One entry of a permission. */
interface Grant {
  readonly to: Grantee;
  readonly value: string;
}

export interface PermissionChange {
  readonly add: readonly Grant[];
  readonly remove: readonly Grant[];
}

/**
 * What is to be added and removed, in both forms of the pages API_ModifyImageAttribute and API_ModifySnapshotAttribute:
 * the structure (`LaunchPermission.Add.1.Group`), or `OperationType` with flat lists (`UserGroup.1`). Null: neither is there.
 */
export function readPermissionChange(
  parameters: Parameters,
  structure: string,
  flatLists: Readonly<Partial<Record<Grantee, string>>>,
): PermissionChange | null {
  const grantees = Object.entries(flatLists) as [Grantee, string][];
  const nested = (operation: "Add" | "Remove"): Grant[] =>
    parameters
      .structures(`${structure}.${operation}`)
      .flatMap((item) => grantees.flatMap(([to]) => (item.has(to) ? [checked({ to, value: item.required(to) })] : [])));
  const flat = grantees.flatMap(([to, list]) => parameters.list(list).map((value) => checked({ to, value })));
  const change = { add: nested("Add"), remove: nested("Remove") };
  const hasStructure = change.add.length + change.remove.length > 0;

  const operation = parameters.oneOf("OperationType", ["add", "remove"]);
  if (operation === null && flat.length > 0) throw missingParameter("operationType");
  if (operation === null) return hasStructure ? change : null;
  if (hasStructure || flat.length === 0)
    throw new Ec2Error("InvalidParameterCombination", `OperationType goes with flat lists, not with ${structure}.`);
  return operation === "add" ? { add: flat, remove: [] } : { add: [], remove: flat };
}

/** The code is for images and snapshots alike (errors-overview, InvalidAMIAttributeItemValue). */
function checked(grant: Grant): Grant {
  const isGood = {
    Group: () => grant.value === "all",
    UserId: () => /^\d{12}$/.test(grant.value),
    OrganizationArn: () => /^arn:[\w-]+:organizations::\d{12}:organization\/o-\w+$/.test(grant.value),
    OrganizationalUnitArn: () => /^arn:[\w-]+:organizations::\d{12}:ou\/o-\w+\/ou-[\w-]+$/.test(grant.value),
  }[grant.to];
  if (!isGood())
    throw new Ec2Error(
      "InvalidAMIAttributeItemValue",
      `Invalid attribute item value "${grant.value}" for ${grant.to}.`,
    );
  return grant;
}

/** The list after the change: adding what is there and removing what is not are no errors. */
export function changedList(current: readonly string[], to: Grantee, change: PermissionChange): readonly string[] {
  const values = (grants: readonly Grant[]): string[] =>
    grants.filter((grant) => grant.to === to).map((grant) => grant.value);
  const removed = values(change.remove);
  return [...new Set([...current, ...values(change.add)])].filter((value) => !removed.includes(value));
}

/** The group, of which there is one. */
export function changedPublic(isPublic: boolean, change: PermissionChange): boolean {
  return changedList(isPublic ? ["all"] : [], "Group", change).length > 0;
}

/** API_LaunchPermission, API_CreateVolumePermission: one item for each, the group first. */
export function renderPermission(isPublic: boolean, userIds: readonly string[]): XmlElements[] {
  return [...(isPublic ? [{ group: "all" }] : []), ...userIds.map((userId) => ({ userId }))];
}
