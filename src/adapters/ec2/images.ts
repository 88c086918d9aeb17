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
import { isGone, isInUse, isNotOffered, translateEc2 } from "./errors.ts";
import { gated } from "./pace.ts";
import { allOf, BATCH, only } from "./questions.ts";
import { seenOf, tagsOf } from "./seen.ts";
import { Usage } from "./usage.ts";
import { translateErrors } from "../translate.ts";
import type { Seen, SeenSnapshot } from "../../domain/plan/look.ts";
import { IMAGE_TAG } from "../../domain/plan/tags.ts";
import type { Images, MayCall } from "../../ports/index.ts";

/** Knows the names of all regions, and needs no opting in. */
const HOME_REGION = "us-east-1";
const PAGES = { pageSize: BATCH, stopOnSameToken: true };
/** To us an image exists when it is disabled or deprecated, too. */
const ALL_IMAGES = { IncludeDisabled: true, IncludeDeprecated: true };
type Tags = Readonly<Record<string, string>>;
/** Group `all`: everybody. */
const EVERYBODY = [{ Group: "all" as const }];

/** The real EC2, one client a region. Calls are repeated by the SDK's own rules; what still fails is translated. */
export function openImages(options: Ec2Options): Images & { close(): void } {
  const images = new Ec2Images(options);
  // Closing is no call: it must do when all calls were given up.
  return Object.assign(Object.create(translateErrors<Images>(images, translateEc2)) as Images, {
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
    for (const image of await allOf(amiIds, (ids) => this.#describe(region, only("image-id", ids))))
      seen.set(image.ImageId ?? "", seenOf(image));
    return seen;
  }

  async isKnown(region: string, amiId: string): Promise<boolean | null> {
    try {
      const answer = await this.#client(region).send(new DescribeImagesCommand({ ImageIds: [amiId], ...ALL_IMAGES }));
      return standingOf(answer.Images ?? []).length > 0 ? true : null;
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

  snapshotsOf(region: string, amiId: string): Promise<readonly SeenSnapshot[]> {
    return allOf([amiId], (ids) => this.#snapshots(region, only(`tag:${IMAGE_TAG}`, ids)));
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
      // One of EC2's many places may not know yet, or any more, what another still shows: nor a snapshot, below.
      if (isGone(error) && !(await this.isKnown(region, amiId))) return "gone";
      throw error;
    }
  }

  async deleteSnapshot(region: string, snapshotId: string, mayCall?: MayCall): Promise<"deleted" | "gone" | "in-use"> {
    try {
      await this.#client(region).send(gated(new DeleteSnapshotCommand({ SnapshotId: snapshotId }), mayCall));
      return "deleted";
    } catch (error) {
      if (isGone(error) && (await this.snapshots(region, [snapshotId])).length === 0) return "gone";
      if (isInUse(error)) return "in-use";
      throw error;
    }
  }

  snapshots(region: string, snapshotIds: readonly string[]): Promise<readonly SeenSnapshot[]> {
    return allOf(snapshotIds, (ids) => this.#snapshots(region, only("snapshot-id", ids)));
  }

  async imagesOn(region: string, snapshotIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const standing = new Map(snapshotIds.map((snapshotId) => [snapshotId, new Set<string>()]));
    for (const { amiId, snapshotIds: on } of await this.#built(region, snapshotIds))
      for (const snapshotId of on) standing.get(snapshotId)?.add(amiId);
    return new Map([...standing].map(([snapshotId, amiIds]) => [snapshotId, [...amiIds]]));
  }

  /** The images that have one of the snapshots and are not deregistered. */
  async #built(region: string, snapshotIds: readonly string[]): Promise<readonly Seen[]> {
    const shown = (question: DescribeImagesCommandInput): AsyncGenerator<Ec2Image> => this.#describe(region, question);
    const filter = (ids: readonly string[]): AsyncGenerator<Ec2Image> =>
      shown(only("block-device-mapping.snapshot-id", ids));
    try {
      return standingOf(await allOf(snapshotIds, filter));
    } catch (error) {
      if (!isNotOffered(error)) throw error;
      // An endpoint that does not know the filter is asked for all: no image may be overlooked.
      return standingOf(await allOf(["self"], (owners) => shown({ Owners: [...owners] })));
    }
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

function standingOf(images: readonly Ec2Image[]): readonly Seen[] {
  return images.map(seenOf).filter(({ state }) => state !== "deregistered");
}
