import type { Action, Actions, Call } from "./call.ts";
import { PAGE_PARAMETERS, page } from "../state/filters.ts";
import { INSTANCE_STATES } from "../state/records.ts";
import type { ImageRecord } from "../state/records.ts";
import { Ec2Error, invalidValue, missingParameter } from "../wire/errors.ts";
import { checkImageId } from "../wire/parameters.ts";
import type { Parameters } from "../wire/parameters.ts";

/** API_ResourceTypeRequest, "ResourceType". */
const RESOURCE_TYPES = [
  "ec2:Instance",
  "ec2:LaunchTemplate",
  "ssm:Parameter",
  "imagebuilder:ImageRecipe",
  "imagebuilder:ContainerRecipe",
] as const;
/** The guide on AMI references: 1 to 10 images in one request. */
const MAX_IMAGES = 10;
/** API_ResourceTypeOption, `version-depth`. */
const MAX_DEPTH = 10_000;
const DEFAULT_DEPTH = 10;

/** What a call asks for. */
interface Question {
  /** Null: every type. */
  readonly types: readonly string[] | null;
  readonly instanceStates: readonly string[];
  /** How many versions of a launch template are looked at, from the newest on. */
  readonly versionDepth: number;
}

/** API_DescribeImageReferences: what the images' records say, and the account's instances of them. */
const describeImageReferences: Action = {
  mutates: false,
  parameters: [
    "ImageId.#",
    "IncludeAllResourceTypes",
    "ResourceType.#.ResourceType",
    "ResourceType.#.ResourceTypeOption.#.OptionName",
    "ResourceType.#.ResourceTypeOption.#.OptionValue.#",
    ...PAGE_PARAMETERS,
  ],
  run: (call) => {
    const ids = call.parameters.list("ImageId").map(checkImageId);
    if (ids.length === 0) throw missingParameter("imageId");
    if (ids.length > MAX_IMAGES)
      throw new Ec2Error("InvalidParameterValue", `At most ${MAX_IMAGES} images in one request.`);
    const question = readQuestion(call.parameters);
    const references = ids.flatMap((imageId) =>
      referencesOf(call.region.ownImage(imageId, call.account, call.now), call, question).map(
        ({ resourceType, arn }) => ({ id: `${imageId}/${arn}`, imageId, resourceType, arn }),
      ),
    );
    const { things, nextToken } = page(call.parameters, references, 1);
    const imageReferenceSet = things.map(({ imageId, resourceType, arn }) => ({ imageId, resourceType, arn }));
    return { answer: { imageReferenceSet, nextToken } };
  },
};

function readQuestion(parameters: Parameters): Question {
  const requests = parameters.structures("ResourceType");
  const includesAll = parameters.flag("IncludeAllResourceTypes");
  if (!includesAll && requests.length === 0)
    throw new Ec2Error("MissingParameter", "Either IncludeAllResourceTypes or ResourceTypes must be specified.");
  const types = requests.map((request) => {
    request.required("ResourceType");
    return request.oneOf("ResourceType", RESOURCE_TYPES) ?? "";
  });
  const options = requests.flatMap((request, index) => readOptions(request, types[index] ?? ""));
  const valuesOf = (name: string): readonly string[] =>
    options.flatMap((option) => (option.name === name ? option.values : []));
  const states = valuesOf("state-name");
  return {
    types: includesAll ? null : types,
    instanceStates: states.length === 0 ? INSTANCE_STATES : states,
    versionDepth: Number(valuesOf("version-depth")[0] ?? DEFAULT_DEPTH),
  };
}

/** The options of a request for one type, checked. */
function readOptions(
  request: Parameters,
  type: string,
): readonly { readonly name: string; readonly values: readonly string[] }[] {
  return request.structures("ResourceTypeOption").map((option) => {
    const name = option.required("OptionName");
    const values = option.list("OptionValue");
    const isKnown =
      (name === "state-name" && type === "ec2:Instance") || (name === "version-depth" && type === "ec2:LaunchTemplate");
    if (!isKnown) throw invalidValue("optionName", name, `It is no option of ${type}.`);
    const isGood = (value: string): boolean =>
      name === "state-name"
        ? INSTANCE_STATES.some((state) => state === value)
        : /^[1-9]\d{0,4}$/.test(value) && Number(value) <= MAX_DEPTH;
    const bad = values.find((value) => !isGood(value));
    if (bad !== undefined) throw invalidValue("optionValue", bad, `It is no value of ${name}.`);
    return { name, values };
  });
}

function referencesOf(image: ImageRecord, call: Call, question: Question): ImageRecord["references"] {
  const instances = call.region
    .describedInstances(call.now)
    .filter(
      ({ ownerId, imageId, state }) =>
        ownerId === call.account && imageId === image.id && question.instanceStates.includes(state),
    )
    .map(({ id }) => ({
      resourceType: "ec2:Instance",
      arn: `arn:aws:ec2:${call.region.name}:${call.account}:instance/${id}`,
    }));
  const known = image.references.filter(({ depth }) => (depth ?? 1) <= question.versionDepth);
  return [...known, ...instances].filter(({ resourceType }) => question.types?.includes(resourceType) !== false);
}

export const imageReferenceActions: Actions = { DescribeImageReferences: describeImageReferences };
