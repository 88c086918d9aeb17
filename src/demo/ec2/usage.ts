import type { Action, Actions } from "./call.ts";
import { Ec2Error, missingParameter, notSimulated } from "./errors.ts";
import { FILTER_PARAMETERS, PAGE_PARAMETERS, page } from "./filters.ts";
import { checkImageId } from "./parameters.ts";

/** API_DescribeInstances: nobody runs anything here. */
const describeInstances: Action = {
  mutates: false,
  parameters: ["InstanceId.#", ...FILTER_PARAMETERS, ...PAGE_PARAMETERS],
  run: ({ parameters }) => {
    const [id] = parameters.list("InstanceId");
    if (id !== undefined) throw new Ec2Error("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
    return { answer: { reservationSet: [] } };
  },
};

/** The guide on AMI references: 1 to 10 images in one request. */
const MAX_IMAGES = 10;

/** API_DescribeImageReferences: what the images' records say. */
const describeImageReferences: Action = {
  mutates: false,
  parameters: ["ImageId.#", "IncludeAllResourceTypes", "ResourceType.#.ResourceType", ...PAGE_PARAMETERS],
  run: ({ parameters, region, account, now }) => {
    const ids = parameters.list("ImageId").map(checkImageId);
    if (ids.length === 0) throw missingParameter("imageId");
    if (ids.length > MAX_IMAGES)
      throw new Ec2Error("InvalidParameterValue", `At most ${MAX_IMAGES} images in one request.`);
    if (parameters.structures("ResourceType").length > 0) throw notSimulated("the parameter ResourceType");
    if (!parameters.flag("IncludeAllResourceTypes"))
      throw new Ec2Error("MissingParameter", "Either IncludeAllResourceTypes or ResourceTypes must be specified.");
    const references = ids.flatMap((imageId) =>
      region
        .ownImage(imageId, account, now)
        .references.map((reference) => ({ id: `${imageId}/${reference.arn}`, imageId, ...reference })),
    );
    const { things, nextToken } = page(parameters, references, 1);
    const imageReferenceSet = things.map(({ imageId, resourceType, arn }) => ({ imageId, resourceType, arn }));
    return { answer: { imageReferenceSet, nextToken } };
  },
};

export const usageActions: Actions = {
  DescribeInstances: describeInstances,
  DescribeImageReferences: describeImageReferences,
};
