import {
  CreateImageUsageReportCommand,
  CreateTagsCommand,
  DeleteImageUsageReportCommand,
  DeleteSnapshotCommand,
  DeleteTagsCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImageReferencesCommand,
  DescribeImagesCommand,
  DescribeImageUsageReportEntriesCommand,
  DescribeImageUsageReportsCommand,
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  DisableImageBlockPublicAccessCommand,
  DisableImageCommand,
  DisableImageDeregistrationProtectionCommand,
  EnableImageBlockPublicAccessCommand,
  EnableImageCommand,
  EnableImageDeregistrationProtectionCommand,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
} from "@aws-sdk/client-ec2";
import type { EC2Client } from "@aws-sdk/client-ec2";
import t from "tap";
import { ACTIONS } from "../../../../src/demo/outside/ec2/actions/actions.ts";
import { OURS, refusal, REGION, startEc2 } from "../../../support/outside/ec2-client.ts";

const DryRun = true;
const ResourceTypes = [{ ResourceType: "ec2:Instance" }];
const Remove = [{ Group: "all" as const }];

/** A dry run of each action, as it is spelled; all would change something, or find what they ask for. */
function dryRuns(
  client: EC2Client,
  {
    ImageId,
    SnapshotId,
    ReportId,
  }: { readonly ImageId: string; readonly SnapshotId: string; readonly ReportId: string },
): Record<string, () => Promise<unknown>> {
  const Resources = [ImageId, SnapshotId];
  const ImageBlockPublicAccessState = "block-new-sharing";
  const Attribute = "createVolumePermission";
  return {
    CreateImageUsageReport: () => client.send(new CreateImageUsageReportCommand({ DryRun, ImageId, ResourceTypes })),
    CreateTags: () => client.send(new CreateTagsCommand({ DryRun, Resources, Tags: [{ Key: "b", Value: "" }] })),
    DeleteImageUsageReport: () => client.send(new DeleteImageUsageReportCommand({ DryRun, ReportId })),
    DeleteSnapshot: () => client.send(new DeleteSnapshotCommand({ DryRun, SnapshotId })),
    DeleteTags: () => client.send(new DeleteTagsCommand({ DryRun, Resources })),
    DeregisterImage: () => client.send(new DeregisterImageCommand({ DryRun, ImageId })),
    DescribeImageAttribute: () =>
      client.send(new DescribeImageAttributeCommand({ DryRun, ImageId, Attribute: "launchPermission" })),
    DescribeImageReferences: () =>
      client.send(new DescribeImageReferencesCommand({ DryRun, ImageIds: [ImageId], IncludeAllResourceTypes: true })),
    DescribeImageUsageReportEntries: () =>
      client.send(new DescribeImageUsageReportEntriesCommand({ DryRun, ReportIds: [ReportId] })),
    DescribeImageUsageReports: () => client.send(new DescribeImageUsageReportsCommand({ DryRun })),
    DescribeImages: () => client.send(new DescribeImagesCommand({ DryRun })),
    DescribeInstances: () => client.send(new DescribeInstancesCommand({ DryRun })),
    DescribeRegions: () => client.send(new DescribeRegionsCommand({ DryRun })),
    DescribeSnapshotAttribute: () =>
      client.send(new DescribeSnapshotAttributeCommand({ DryRun, SnapshotId, Attribute })),
    DescribeSnapshots: () => client.send(new DescribeSnapshotsCommand({ DryRun })),
    DisableImage: () => client.send(new DisableImageCommand({ DryRun, ImageId })),
    DisableImageBlockPublicAccess: () => client.send(new DisableImageBlockPublicAccessCommand({ DryRun })),
    DisableImageDeregistrationProtection: () =>
      client.send(new DisableImageDeregistrationProtectionCommand({ DryRun, ImageId })),
    EnableImage: () => client.send(new EnableImageCommand({ DryRun, ImageId })),
    EnableImageBlockPublicAccess: () =>
      client.send(new EnableImageBlockPublicAccessCommand({ DryRun, ImageBlockPublicAccessState })),
    EnableImageDeregistrationProtection: () =>
      client.send(new EnableImageDeregistrationProtectionCommand({ DryRun, ImageId })),
    GetImageBlockPublicAccessState: () => client.send(new GetImageBlockPublicAccessStateCommand({ DryRun })),
    ModifyImageAttribute: () =>
      client.send(new ModifyImageAttributeCommand({ DryRun, ImageId, LaunchPermission: { Remove } })),
    ModifySnapshotAttribute: () =>
      client.send(new ModifySnapshotAttributeCommand({ DryRun, SnapshotId, CreateVolumePermission: { Remove } })),
  };
}

t.test("every action tells by a dry run whether it is allowed, and changes nothing", async (t) => {
  const names = Object.keys(ACTIONS).sort();
  const accounts = { simulated: { id: OURS }, forbidden: { id: OURS, denied: names } };
  const { ec2, client, clientFor } = await startEc2(t, { accounts });
  const image = ec2.addImage(REGION, { tags: { a: "" }, snapshots: [] });
  const snapshot = ec2.addSnapshot(REGION, { isPublic: true, tags: { a: "" } });
  const { id: ImageId } = ec2.addImage(REGION, { snapshots: [] });
  const { ReportId = "" } = await client.send(new CreateImageUsageReportCommand({ ImageId, ResourceTypes }));
  const before = ec2.journal.entries.length;
  const on = { ImageId: image.id, SnapshotId: snapshot.id, ReportId };
  const allowed = dryRuns(client, on);
  const denied = dryRuns(clientFor(REGION, "forbidden"), on);

  t.same(Object.keys(allowed), names, "no action is left out here");
  for (const [name, run] of Object.entries(allowed)) t.equal(await refusal(run()), "DryRunOperation 412", name);
  for (const [name, run] of Object.entries(denied)) t.equal(await refusal(run()), "UnauthorizedOperation 403", name);
  t.same(ec2.image(REGION, image.id), image);
  t.same(ec2.snapshot(REGION, snapshot.id), snapshot);
  t.ok(ec2.journal.entries.slice(before).every((entry) => entry.effect === null));
});

t.test("a dry run on what is not there tells a missing permission before a missing image", async (t) => {
  const accounts = { simulated: { id: OURS }, forbidden: { id: OURS, denied: ["DeregisterImage"] } };
  const { client, clientFor } = await startEc2(t, { accounts });
  const probe = new DeregisterImageCommand({ DryRun, ImageId: "ami-0fffffffffffffff0" });

  t.equal(await refusal(client.send(probe)), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(clientFor(REGION, "forbidden").send(probe)), "UnauthorizedOperation 403");
});
