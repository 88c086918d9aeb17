import { DONE } from "./call.ts";
import type { Actions, Call, Outcome } from "./call.ts";
import type { ImageRecord, SnapshotRecord, Tags } from "../state/records.ts";
import { Ec2Error, invalidValue, missingParameter } from "../wire/errors.ts";
import { checkImageId, checkSnapshotId } from "../wire/parameters.ts";
import type { XmlElements } from "../wire/xml.ts";

/** "Tag your Amazon EC2 resources", restrictions. */
const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;
/** API_CreateTags, API_DeleteTags. */
const MAX_RESOURCES = 1000;

const PARAMETERS = ["ResourceId.#", "Tag.#.Key", "Tag.#.Value"];

/** API_Tag. */
export function renderTags(tags: Tags): XmlElements[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

type Resource =
  | { readonly kind: "image"; readonly record: ImageRecord }
  | { readonly kind: "snapshot"; readonly record: SnapshotRecord };

/** API_CreateTags. */
function createTags(call: Call): Outcome {
  const added = readTags(call).map(({ key, value }) => [key, value ?? ""] as const);
  if (added.length === 0) throw missingParameter("tagSet");
  return change(call, readResources(call), (tags) => {
    const wanted = { ...tags, ...Object.fromEntries(added) };
    if (Object.keys(wanted).length > MAX_TAGS)
      throw new Ec2Error("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
    return wanted;
  });
}

/** API_DeleteTags: a key with a value goes only when that is its value; without any tag named, all go. */
function deleteTags(call: Call): Outcome {
  const doomed = readTags(call);
  return change(call, readResources(call), (tags) => {
    const isDoomed = (key: string, value: string): boolean =>
      doomed.length === 0 || doomed.some((tag) => tag.key === key && (tag.value ?? value) === value);
    return Object.fromEntries(Object.entries(tags).filter(([key, value]) => !isDoomed(key, value)));
  });
}

function readTags(call: Call): readonly { readonly key: string; readonly value: string | null }[] {
  const tags = call.parameters.structures("Tag").map((tag) => ({ key: tag.text("Key"), value: tag.text("Value") }));
  const seen = new Set<string>();
  return tags.map(({ key, value }) => {
    if (key === null || key === "") throw invalidValue("tag key", "", "Tag key can't be empty.");
    if (key.length > MAX_KEY_LENGTH) throw invalidValue("tag key", key, `At most ${MAX_KEY_LENGTH} characters.`);
    if (/^aws:/i.test(key)) throw invalidValue("tag key", key, "Tag keys starting with 'aws:' are reserved.");
    if (value !== null && value.length > MAX_VALUE_LENGTH)
      throw invalidValue("tag value", value, `At most ${MAX_VALUE_LENGTH} characters.`);
    if (seen.has(key)) throw invalidValue("tag key", key, "The key is there twice.");
    seen.add(key);
    return { key, value };
  });
}

function readResources(call: Call): readonly Resource[] {
  const ids = [...new Set(call.parameters.list("ResourceId"))];
  if (ids.length === 0) throw missingParameter("resourceIdSet");
  if (ids.length > MAX_RESOURCES) throw invalidValue("resourceIdSet", "…", `At most ${MAX_RESOURCES} resources.`);
  return ids.map((id): Resource => {
    if (id.startsWith("ami-"))
      return { kind: "image", record: call.region.ownImage(checkImageId(id), call.account, call.now) };
    if (id.startsWith("snap-"))
      return { kind: "snapshot", record: call.region.ownSnapshot(checkSnapshotId(id), call.account) };
    throw new Ec2Error("InvalidID", `The ID '${id}' is not valid`);
  });
}

/** Works out every resource's new tags before the first is written. */
function change(call: Call, resources: readonly Resource[], next: (tags: Tags) => Tags): Outcome {
  const changed = resources
    .map((resource) => ({ resource, tags: next(resource.record.tags) }))
    .filter(({ resource, tags }) => keysThatDiffer(resource.record.tags, tags).length > 0);
  if (changed.length === 0) return { answer: DONE };
  const keys = changed.flatMap(({ resource, tags }) => keysThatDiffer(resource.record.tags, tags));
  return {
    answer: DONE,
    change: {
      effect: {
        kind: "tags",
        resourceIds: changed.map(({ resource }) => resource.record.id),
        keys: [...new Set(keys)],
      },
      apply: () => {
        for (const { resource, tags } of changed)
          if (resource.kind === "image") call.region.putImage({ ...resource.record, tags }, call.now);
          else call.region.putSnapshot({ ...resource.record, tags });
      },
    },
  };
}

function keysThatDiffer(one: Tags, other: Tags): string[] {
  return Object.keys({ ...one, ...other }).filter((key) => one[key] !== other[key]);
}

export const tagActions: Actions = {
  CreateTags: { mutates: true, parameters: PARAMETERS, run: createTags },
  DeleteTags: { mutates: true, parameters: PARAMETERS, run: deleteTags },
};
