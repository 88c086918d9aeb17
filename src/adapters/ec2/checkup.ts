import {
  CreateImageUsageReportCommand,
  CreateTagsCommand,
  DeleteImageUsageReportCommand,
  DeleteSnapshotCommand,
  DeleteTagsCommand,
  DeregisterImageCommand,
  DescribeImageReferencesCommand,
  DescribeImagesCommand,
  DescribeImageUsageReportEntriesCommand,
  DescribeImageUsageReportsCommand,
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  paginateDescribeImages,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { Ec2Clients, type Ec2Options } from "./clients.ts";
import { isDenied, isGone, isNotOffered, translateEc2 } from "./errors.ts";
import { REPORTED_TYPES, USER_TYPES } from "./usage.ts";
import { translateErrors } from "../translate.ts";
import { describeError, RefusedError, UpstreamError } from "../../errors.ts";
import type { Ec2Action, Ec2Checkup } from "../../ports/index.ts";

const DryRun = true;
/** Ids that EC2 gives to nothing: a dry run looks at the permission before it looks for the thing. */
const ImageId = "ami-00000000000000000";
const SnapshotId = "snap-00000000000000000";
const ReportId = "amiur-00000000000000000";
const Remove = [{ Group: "all" as const }];

type Ask = (client: EC2Client, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>;

/** Each action as the service makes it, but dry. */
const DRY_RUNS: Readonly<Record<Ec2Action, Ask>> = {
  DescribeImages: (client, options) => client.send(new DescribeImagesCommand({ DryRun }), options),
  DescribeSnapshots: (client, options) => client.send(new DescribeSnapshotsCommand({ DryRun }), options),
  DescribeSnapshotAttribute: (client, options) =>
    client.send(
      new DescribeSnapshotAttributeCommand({ DryRun, SnapshotId, Attribute: "createVolumePermission" }),
      options,
    ),
  DescribeImageReferences: (client, options) =>
    client.send(
      new DescribeImageReferencesCommand({ DryRun, ImageIds: [ImageId], ResourceTypes: USER_TYPES }),
      options,
    ),
  DescribeInstances: (client, options) => client.send(new DescribeInstancesCommand({ DryRun }), options),
  CreateImageUsageReport: (client, options) =>
    client.send(new CreateImageUsageReportCommand({ DryRun, ImageId, ResourceTypes: REPORTED_TYPES }), options),
  DescribeImageUsageReports: (client, options) =>
    client.send(new DescribeImageUsageReportsCommand({ DryRun }), options),
  DescribeImageUsageReportEntries: (client, options) =>
    client.send(new DescribeImageUsageReportEntriesCommand({ DryRun }), options),
  DeleteImageUsageReport: (client, options) =>
    client.send(new DeleteImageUsageReportCommand({ DryRun, ReportId }), options),
  DescribeRegions: (client, options) => client.send(new DescribeRegionsCommand({ DryRun }), options),
  GetImageBlockPublicAccessState: (client, options) =>
    client.send(new GetImageBlockPublicAccessStateCommand({ DryRun }), options),
  ModifyImageAttribute: (client, options) =>
    client.send(new ModifyImageAttributeCommand({ DryRun, ImageId, LaunchPermission: { Remove } }), options),
  ModifySnapshotAttribute: (client, options) =>
    client.send(
      new ModifySnapshotAttributeCommand({
        DryRun,
        SnapshotId,
        Attribute: "createVolumePermission",
        OperationType: "remove",
        GroupNames: ["all"],
      }),
      options,
    ),
  CreateTags: (client, options) =>
    client.send(
      new CreateTagsCommand({
        DryRun,
        Resources: [ImageId, SnapshotId],
        Tags: [{ Key: "clean-amis:intent", Value: "" }],
      }),
      options,
    ),
  DeleteTags: (client, options) =>
    client.send(
      new DeleteTagsCommand({ DryRun, Resources: [ImageId, SnapshotId], Tags: [{ Key: "clean-amis:intent" }] }),
      options,
    ),
  DeregisterImage: (client, options) => client.send(new DeregisterImageCommand({ DryRun, ImageId }), options),
  DeleteSnapshot: (client, options) => client.send(new DeleteSnapshotCommand({ DryRun, SnapshotId }), options),
};

/** What the credentials may do in EC2, asked by dry runs. */
export function openEc2Checkup(options: Ec2Options): Ec2Checkup & { close(): void } {
  const clients = new Ec2Clients(options);
  const checkup: Ec2Checkup = {
    account: (signal) => clients.account({ signal }),
    tryPermissions: async (region, actions, abortSignal) => {
      const client = clients.region(region);
      const answers = await Promise.all(actions.map((action) => answerOf(action, region, client, abortSignal)));
      const of = (wanted: "denied" | "not-offered"): readonly Ec2Action[] =>
        actions.filter((_, index) => answers[index] === wanted);
      const unanswered = actions.flatMap((action, index) => {
        const answer = answers[index];
        return typeof answer === "object" ? [{ action, ...answer }] : [];
      });
      return { denied: of("denied"), notOffered: of("not-offered"), unanswered };
    },
    isWayBackOpen: async (region, abortSignal) => {
      const command = new GetImageBlockPublicAccessStateCommand({});
      const answer = await clients.region(region).send(command, { abortSignal });
      return answer.ImageBlockPublicAccessState === "unblocked";
    },
    publicImages: async (region, abortSignal) => {
      const question = {
        Owners: ["self"],
        Filters: [{ Name: "is-public", Values: ["true"] }],
        IncludeDeprecated: true,
      };
      const pages = paginateDescribeImages(
        { client: clients.region(region), pageSize: 1000, stopOnSameToken: true },
        question,
        { abortSignal },
      );
      let count = 0;
      for await (const { Images = [] } of pages) count += Images.length;
      return count;
    },
  };
  return Object.assign(translateErrors(checkup, translateEc2), {
    close: () => {
      clients.close();
    },
  });
}

/** What came of the dry run of an action; `why`: neither yes nor no. */
async function answerOf(
  action: Ec2Action,
  region: string,
  client: EC2Client,
  abortSignal: AbortSignal,
): Promise<"allowed" | "denied" | "not-offered" | { readonly why: string }> {
  try {
    return (await isAllowed(DRY_RUNS[action], client, abortSignal)) ? "allowed" : "denied";
  } catch (error) {
    if (isNotOffered(error)) return "not-offered";
    if (abortSignal.aborted) return { why: "no answer in time" };
    const known = translateEc2(error, action, [region]);
    if (!(known instanceof UpstreamError) && !(known instanceof RefusedError)) throw error;
    return { why: describeError(known) };
  }
}

/** A dry run that would succeed ends with the code `DryRunOperation` (API Reference, "Common query parameters"). */
async function isAllowed(ask: Ask, client: EC2Client, abortSignal: AbortSignal): Promise<boolean> {
  try {
    await ask(client, { abortSignal });
    return true;
  } catch (error) {
    if (isDenied(error)) return false;
    if (isGone(error) || (error instanceof Error && /^DryRunOperation$|\.NotFound$/.test(error.name))) return true;
    throw error;
  }
}
