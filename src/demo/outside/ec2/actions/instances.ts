import type { Action, Actions } from "./call.ts";
import { renderTags } from "./tags.ts";
import { FILTER_PARAMETERS, PAGE_PARAMETERS, page, readFilters } from "../state/filters.ts";
import type { FilterFields } from "../state/filters.ts";
import type { InstanceRecord } from "../state/records.ts";
import { Ec2Error } from "../wire/errors.ts";
import { checkInstanceId } from "../wire/parameters.ts";
import type { XmlElements } from "../wire/xml.ts";

/** API_InstanceState, "code". */
const STATE_CODES: Readonly<Record<InstanceRecord["state"], number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** API_DescribeInstances, "Filter.N". */
const FIELDS: FilterFields<InstanceRecord> = {
  "image-id": (instance) => [instance.imageId],
  "instance-id": (instance) => [instance.id],
  "instance-state-code": (instance) => [String(STATE_CODES[instance.state])],
  "instance-state-name": (instance) => [instance.state],
  "instance-type": () => [TYPE],
  "launch-time": (instance) => [new Date(instance.launchedAt).toISOString()],
  "owner-id": (instance) => [instance.ownerId],
  "reservation-id": (instance) => [reservationId(instance)],
};
/** Those of the same page that somebody who looks after images may think of; the others are refused as unknown. */
const UNSIMULATED = [
  "architecture",
  "availability-zone",
  "block-device-mapping.snapshot-id",
  "iam-instance-profile.arn",
  "instance-lifecycle",
  "key-name",
  "private-dns-name",
  "private-ip-address",
  "root-device-type",
  "subnet-id",
  "vpc-id",
];

const TYPE = "t3.micro";
/** API_DescribeInstances, "MaxResults": between 5 and 1,000. */
const LEAST_PAGE = 5;

/** API_DescribeInstances: the account's own. */
const describeInstances: Action = {
  mutates: false,
  parameters: ["InstanceId.#", ...FILTER_PARAMETERS, ...PAGE_PARAMETERS],
  run: ({ parameters, region, account, now }) => {
    const ids = parameters.list("InstanceId").map(checkInstanceId);
    const passes = readFilters(parameters, FIELDS, UNSIMULATED, (instance) => instance.tags);
    if (ids.length > 0 && parameters.has("MaxResults"))
      throw new Ec2Error("InvalidParameterCombination", "instancesSet cannot be used with the parameter maxResults.");
    const own = region.describedInstances(now).filter((instance) => instance.ownerId === account);
    const unknown = ids.find((id) => !own.some((instance) => instance.id === id));
    if (unknown !== undefined)
      throw new Ec2Error("InvalidInstanceID.NotFound", `The instance ID '${unknown}' does not exist`);
    const found = own.filter((instance) => (ids.length === 0 || ids.includes(instance.id)) && passes(instance));
    const { things, nextToken } = page(parameters, found, LEAST_PAGE);
    return { answer: { reservationSet: things.map(renderReservation), nextToken } };
  },
};

/** API_Reservation: each instance was launched by itself. */
function renderReservation(instance: InstanceRecord): XmlElements {
  return {
    reservationId: reservationId(instance),
    ownerId: instance.ownerId,
    groupSet: [],
    instancesSet: [renderInstance(instance)],
  };
}

function reservationId(instance: InstanceRecord): string {
  return instance.id.replace(/^i-/, "r-");
}

/** API_Instance. */
function renderInstance(instance: InstanceRecord): XmlElements {
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: { code: STATE_CODES[instance.state], name: instance.state },
    instanceType: TYPE,
    launchTime: new Date(instance.launchedAt).toISOString(),
    tagSet: renderTags(instance.tags),
  };
}

export const instanceActions: Actions = { DescribeInstances: describeInstances };
