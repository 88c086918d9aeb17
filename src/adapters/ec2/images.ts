import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeleteTagsCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotAttributeCommand,
  EC2Client,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  type DescribeImagesCommandInput,
  type Image as Ec2Image,
} from "@aws-sdk/client-ec2";
import type { Seen } from "../../domain/look.ts";
import { SECOND_MS } from "../../domain/time.ts";
import type { Images } from "../../ports.ts";
import { isGone, isInUse, translateEc2 } from "./errors.ts";
import { translateErrors } from "../translate.ts";

export interface Ec2Options {
  /** Null: EC2's own addresses. */
  readonly endpoint: string | null;
  /** Null: AWS's own chain of environment, profile and instance role. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
}

const CONNECT_TIMEOUT_MS = 5 * SECOND_MS;
const REQUEST_TIMEOUT_MS = 20 * SECOND_MS;
/** DescribeImages takes at most 200 values in a filter (API_DescribeImages); pages are kept as large. */
const BATCH = 200;
/** Group `all`: everybody. */
const EVERYBODY = [{ Group: "all" as const }];

/** The real EC2, one client a region. Calls are repeated by the SDK's own rules; what still fails is translated. */
export function openImages(options: Ec2Options): Images & { close(): void } {
  const images = new Ec2Images(options);
  return Object.assign(translateErrors<Images>(images, translateEc2), {
    close: () => {
      images.destroy();
    },
  });
}

class Ec2Images implements Images {
  readonly #options: Ec2Options;
  readonly #clients = new Map<string, EC2Client>();

  constructor(options: Ec2Options) {
    this.#options = options;
  }

  destroy(): void {
    for (const client of this.#clients.values()) client.destroy();
  }

  async look(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, Seen>> {
    const seen = new Map<string, Seen>();
    for (let start = 0; start < amiIds.length; start += BATCH)
      for (const image of await this.#describe(region, "image-id", amiIds.slice(start, start + BATCH)))
        seen.set(image.ImageId ?? "", seenOf(image));
    return seen;
  }

  async publicSnapshots(region: string, snapshotIds: readonly string[]): Promise<readonly string[]> {
    const open: string[] = [];
    for (const snapshotId of snapshotIds) if (await this.#isPublicSnapshot(region, snapshotId)) open.push(snapshotId);
    return open;
  }

  async isWayBackOpen(region: string): Promise<boolean> {
    const answer = await this.#client(region).send(new GetImageBlockPublicAccessStateCommand({}));
    return answer.ImageBlockPublicAccessState === "unblocked";
  }

  async tag(region: string, resourceIds: readonly string[], tags: Readonly<Record<string, string>>): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.#client(region).send(new CreateTagsCommand({ Resources: [...resourceIds], Tags }));
  }

  async untag(region: string, resourceIds: readonly string[], keys: readonly string[]): Promise<void> {
    const Tags = keys.map((Key) => ({ Key }));
    await this.#client(region).send(new DeleteTagsCommand({ Resources: [...resourceIds], Tags }));
  }

  closeImage(region: string, amiId: string): Promise<void> {
    return this.#modifyImage(region, amiId, "Remove");
  }

  openImage(region: string, amiId: string): Promise<void> {
    return this.#modifyImage(region, amiId, "Add");
  }

  closeSnapshot(region: string, snapshotId: string): Promise<void> {
    return this.#modifySnapshot(region, snapshotId, "Remove");
  }

  openSnapshot(region: string, snapshotId: string): Promise<void> {
    return this.#modifySnapshot(region, snapshotId, "Add");
  }

  async deregister(region: string, amiId: string): Promise<"deregistered" | "gone"> {
    try {
      await this.#client(region).send(new DeregisterImageCommand({ ImageId: amiId }));
      return "deregistered";
    } catch (error) {
      if (isGone(error)) return "gone";
      throw error;
    }
  }

  async deleteSnapshot(region: string, snapshotId: string): Promise<"deleted" | "gone" | "in-use"> {
    try {
      await this.#client(region).send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
      return "deleted";
    } catch (error) {
      if (isGone(error)) return "gone";
      if (isInUse(error)) return "in-use";
      throw error;
    }
  }

  async imagesOnSnapshot(region: string, snapshotId: string, amiId: string): Promise<readonly string[]> {
    const images = await this.#describe(region, "block-device-mapping.snapshot-id", [snapshotId]);
    return images.map((image) => image.ImageId ?? "").filter((id) => id !== amiId && id !== "");
  }

  #client(region: string): EC2Client {
    const known = this.#clients.get(region);
    if (known !== undefined) return known;
    const { endpoint, credentials } = this.#options;
    const client = new EC2Client({
      region,
      maxAttempts: 3,
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
      ...(endpoint === null ? {} : { endpoint }),
      ...(credentials === null ? {} : { credentials }),
    });
    this.#clients.set(region, client);
    return client;
  }

  /** All pages of images of a filter; disabled and deprecated ones too, for to us they exist. */
  async #describe(region: string, name: string, values: readonly string[]): Promise<Ec2Image[]> {
    const found: Ec2Image[] = [];
    let page: Pick<DescribeImagesCommandInput, "NextToken"> = {};
    do {
      const answer = await this.#client(region).send(
        new DescribeImagesCommand({
          Filters: [{ Name: name, Values: [...values] }],
          IncludeDisabled: true,
          IncludeDeprecated: true,
          MaxResults: BATCH,
          ...page,
        }),
      );
      found.push(...(answer.Images ?? []));
      page = answer.NextToken ? { NextToken: answer.NextToken } : {};
    } while (page.NextToken !== undefined);
    return found;
  }

  async #isPublicSnapshot(region: string, snapshotId: string): Promise<boolean> {
    try {
      const answer = await this.#client(region).send(
        new DescribeSnapshotAttributeCommand({ SnapshotId: snapshotId, Attribute: "createVolumePermission" }),
      );
      return (answer.CreateVolumePermissions ?? []).some((permission) => permission.Group === "all");
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async #modifyImage(region: string, amiId: string, change: "Add" | "Remove"): Promise<void> {
    await this.#client(region).send(
      new ModifyImageAttributeCommand({ ImageId: amiId, LaunchPermission: { [change]: EVERYBODY } }),
    );
  }

  async #modifySnapshot(region: string, snapshotId: string, change: "Add" | "Remove"): Promise<void> {
    await this.#client(region).send(
      new ModifySnapshotAttributeCommand({
        SnapshotId: snapshotId,
        Attribute: "createVolumePermission",
        CreateVolumePermission: { [change]: EVERYBODY },
      }),
    );
  }
}

function seenOf(image: Ec2Image): Seen {
  const devices = image.BlockDeviceMappings ?? [];
  const createdAt = Date.parse(image.CreationDate ?? "");
  return {
    amiId: image.ImageId ?? "",
    name: image.Name ?? "",
    ownerId: image.OwnerId ?? "",
    state: image.State ?? "",
    isPublic: image.Public === true,
    createdAt: Number.isNaN(createdAt) ? null : createdAt,
    snapshotIds: [...new Set(devices.map((device) => device.Ebs?.SnapshotId ?? "").filter((id) => id !== ""))],
    sizeGiB: devices.reduce((sum, device) => sum + (device.Ebs?.VolumeSize ?? 0), 0),
    tags: Object.fromEntries((image.Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""])),
    deregistrationProtection: image.DeregistrationProtection ?? null,
  };
}
