import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeleteTagsCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeRegionsCommand,
  DescribeSnapshotAttributeCommand,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  paginateDescribeImages,
  paginateDescribeSnapshots,
  type DescribeImagesCommandInput,
  type EC2Client,
  type Image as Ec2Image,
} from "@aws-sdk/client-ec2";
import { Ec2Clients, type Ec2Options } from "./clients.ts";
import { isGone, isInUse, translateEc2 } from "./errors.ts";
import { gated } from "./pace.ts";
import { seenOf, tagsOf } from "./seen.ts";
import { Usage } from "./usage.ts";
import { translateErrors } from "../translate.ts";
import type { Seen, SeenSnapshot } from "../../domain/plan/look.ts";
import { IMAGE_TAG } from "../../domain/plan/tags.ts";
import type { Images, MayCall } from "../../ports/index.ts";

/** Knows the names of all regions, and needs no opting in. */
const HOME_REGION = "us-east-1";
/** DescribeImages takes at most 200 values in a filter (API_DescribeImages); pages are kept as large. */
const BATCH = 200;
const PAGES = { pageSize: BATCH, stopOnSameToken: true };
/** To us an image exists when it is disabled or deprecated, too. */
const ALL_IMAGES = { IncludeDisabled: true, IncludeDeprecated: true };
type Tags = Readonly<Record<string, string>>;
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
  readonly #clients: Ec2Clients;
  readonly #usage: Usage;

  constructor(options: Ec2Options) {
    this.#clients = new Ec2Clients(options);
    this.#usage = new Usage(options.clock, options.log);
  }

  destroy(): void {
    this.#clients.close();
  }

  account(isFresh = false): Promise<string> {
    return this.#clients.account({ isFresh });
  }

  async regions(): Promise<readonly string[]> {
    const { Regions = [] } = await this.#client(HOME_REGION).send(new DescribeRegionsCommand({}));
    return Regions.map(({ RegionName = "" }) => RegionName).filter((name) => name !== "");
  }

  async look(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, Seen>> {
    const seen = new Map<string, Seen>();
    for (let start = 0; start < amiIds.length; start += BATCH)
      for await (const image of this.#describe(region, only("image-id", amiIds.slice(start, start + BATCH))))
        seen.set(image.ImageId ?? "", seenOf(image));
    return seen;
  }

  async isKnown(region: string, amiId: string): Promise<boolean> {
    try {
      const answer = await this.#client(region).send(new DescribeImagesCommand({ ImageIds: [amiId], ...ALL_IMAGES }));
      return (answer.Images ?? []).some(({ State }) => State !== "deregistered");
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async *tagged(region: string, tagKeys: readonly string[]): AsyncGenerator<Seen> {
    for await (const image of this.#describe(region, { Owners: ["self"], ...only("tag-key", tagKeys) }))
      yield seenOf(image);
  }

  taggedSnapshots(region: string, tagKeys: readonly string[]): AsyncGenerator<SeenSnapshot> {
    return this.#snapshots(region, only("tag-key", tagKeys));
  }

  async snapshotsOf(region: string, amiId: string): Promise<readonly SeenSnapshot[]> {
    const found: SeenSnapshot[] = [];
    for await (const snapshot of this.#snapshots(region, only(`tag:${IMAGE_TAG}`, [amiId]))) found.push(snapshot);
    return found;
  }

  usersOf(region: string, amiIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#usage.usersOf(region, this.#client(region), amiIds);
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

  async tag(region: string, resourceIds: readonly string[], tags: Tags, mayCall?: MayCall): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.#client(region).send(gated(new CreateTagsCommand({ Resources: [...resourceIds], Tags }), mayCall));
  }

  async untag(
    region: string,
    resourceIds: readonly string[],
    keys: readonly string[],
    mayCall?: MayCall,
  ): Promise<void> {
    const Tags = keys.map((Key) => ({ Key }));
    await this.#client(region).send(gated(new DeleteTagsCommand({ Resources: [...resourceIds], Tags }), mayCall));
  }

  closeImage(region: string, amiId: string, mayCall?: MayCall): Promise<void> {
    return this.#modifyImage(region, amiId, "Remove", mayCall);
  }

  openImage(region: string, amiId: string, mayCall?: MayCall): Promise<void> {
    return this.#modifyImage(region, amiId, "Add", mayCall);
  }

  closeSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<void> {
    return this.#modifySnapshot(region, snapshotId, "remove", mayCall);
  }

  openSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<void> {
    return this.#modifySnapshot(region, snapshotId, "add", mayCall);
  }

  async deregister(region: string, amiId: string, mayCall?: MayCall): Promise<"deregistered" | "gone"> {
    try {
      await this.#client(region).send(gated(new DeregisterImageCommand({ ImageId: amiId }), mayCall));
      return "deregistered";
    } catch (error) {
      // One of EC2's many places may not know yet, or any more, what another still shows.
      if (isGone(error) && !(await this.isKnown(region, amiId))) return "gone";
      throw error;
    }
  }

  async deleteSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<"deleted" | "gone" | "in-use"> {
    try {
      await this.#client(region).send(gated(new DeleteSnapshotCommand({ SnapshotId: snapshotId }), mayCall));
      return "deleted";
    } catch (error) {
      if (isGone(error)) return "gone";
      if (isInUse(error)) return "in-use";
      throw error;
    }
  }

  async imagesOnSnapshot(region: string, snapshotId: string, amiId: string): Promise<readonly string[]> {
    const others: string[] = [];
    for await (const { ImageId = "" } of this.#describe(region, only("block-device-mapping.snapshot-id", [snapshotId])))
      if (ImageId !== amiId && ImageId !== "") others.push(ImageId);
    return others;
  }

  async *#snapshots(region: string, filter: ReturnType<typeof only>): AsyncGenerator<SeenSnapshot> {
    const pages = paginateDescribeSnapshots(
      { client: this.#client(region), ...PAGES },
      { OwnerIds: ["self"], ...filter },
    );
    for await (const { Snapshots = [] } of pages)
      for (const { SnapshotId = "", Tags, VolumeSize = 0 } of Snapshots)
        yield { snapshotId: SnapshotId, tags: tagsOf(Tags), sizeGiB: VolumeSize };
  }

  #client(region: string): EC2Client {
    return this.#clients.region(region);
  }

  async *#describe(region: string, question: DescribeImagesCommandInput): AsyncGenerator<Ec2Image> {
    const client = this.#client(region);
    for await (const { Images = [] } of paginateDescribeImages({ client, ...PAGES }, { ...question, ...ALL_IMAGES }))
      yield* Images;
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

  async #modifyImage(region: string, amiId: string, change: "Add" | "Remove", mayCall?: MayCall): Promise<void> {
    const command = new ModifyImageAttributeCommand({ ImageId: amiId, LaunchPermission: { [change]: EVERYBODY } });
    await this.#client(region).send(gated(command, mayCall));
  }

  /** Of API_ModifySnapshotAttribute's two forms the one that moto reads, too: it answers the other one, and does nothing. */
  async #modifySnapshot(
    region: string,
    SnapshotId: string,
    OperationType: "add" | "remove",
    mayCall?: MayCall,
  ): Promise<void> {
    const command = new ModifySnapshotAttributeCommand({
      SnapshotId,
      Attribute: "createVolumePermission",
      OperationType,
      GroupNames: ["all"],
    });
    await this.#client(region).send(gated(command, mayCall));
  }
}

function only(name: string, values: readonly string[]): Pick<DescribeImagesCommandInput, "Filters"> {
  return { Filters: [{ Name: name, Values: [...values] }] };
}
