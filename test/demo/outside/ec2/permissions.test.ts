import {
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  DisableImageBlockPublicAccessCommand,
  EnableImageBlockPublicAccessCommand,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  paginateDescribeSnapshots,
} from "@aws-sdk/client-ec2";
import type {
  DescribeSnapshotsCommandInput,
  EC2Client,
  LaunchPermissionModifications,
  ModifyImageAttributeCommandInput,
  ModifySnapshotAttributeCommandInput,
} from "@aws-sdk/client-ec2";
import t from "tap";
import { OURS, refusal, REGION, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";

const ALL = [{ Group: "all" as const }];
const ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-123example";

const modify = (client: EC2Client, input: ModifyImageAttributeCommandInput): Promise<unknown> =>
  client.send(new ModifyImageAttributeCommand(input));
const permit = (
  client: EC2Client,
  ImageId: string,
  LaunchPermission: LaunchPermissionModifications,
): Promise<unknown> => modify(client, { ImageId, LaunchPermission });
const modifySnapshot = (client: EC2Client, input: ModifySnapshotAttributeCommandInput): Promise<unknown> =>
  client.send(new ModifySnapshotAttributeCommand(input));

t.test("taking the group all from an image leaves its explicit shares", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, { userIds: [THEIRS], organizationArns: [ORGANIZATION] });
  await permit(client, image.id, { Remove: ALL });

  const { LaunchPermissions } = await client.send(
    new DescribeImageAttributeCommand({ ImageId: image.id, Attribute: "launchPermission" }),
  );
  t.same(LaunchPermissions, [{ UserId: THEIRS }, { OrganizationArn: ORGANIZATION }]);
  const described = await client.send(new DescribeImagesCommand({ ImageIds: [image.id] }));
  t.equal(described.Images?.[0]?.Public, false);
  t.equal(ec2.snapshots(REGION)[0]?.permission.isPublic, true, "the image's snapshot stays public");
});

t.test("taking away what is not there changes nothing and is no error", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, { isPublic: false });
  await permit(client, image.id, { Remove: [...ALL, { UserId: THEIRS }] });

  t.same(ec2.journal.entries[0]?.effect, null);
  t.same(ec2.image(REGION, image.id), image);
});

t.test("both forms of changing a launch permission do the same", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, { isPublic: false });
  const flat = { ImageId: image.id, Attribute: "launchPermission" };
  await modify(client, { ...flat, OperationType: "add", UserGroups: ["all"], UserIds: [THEIRS] });
  t.match(ec2.image(REGION, image.id)?.permission, { isPublic: true, userIds: [THEIRS] });
  await modify(client, { ...flat, OperationType: "remove", UserGroups: ["all"] });
  t.match(ec2.image(REGION, image.id)?.permission, { isPublic: false, userIds: [THEIRS] });
  await permit(client, image.id, { Add: ALL, Remove: [{ UserId: THEIRS }] });
  t.match(ec2.image(REGION, image.id)?.permission, { isPublic: true, userIds: [] });
});

t.test("a launch permission is refused where EC2 refuses it", async (t) => {
  const { ec2, client } = await startEc2(t, { onNotSimulated: () => undefined });
  const image = ec2.addImage(REGION);
  const foreign = ec2.addImage(REGION, { ownerId: THEIRS });
  const hidden = ec2.addImage(REGION, { ownerId: THEIRS, isPublic: false });
  const disabled = ec2.addImage(REGION, { state: "disabled" });
  const ImageId = image.id;

  t.equal(await refusal(permit(client, foreign.id, { Remove: ALL })), "AuthFailure 400");
  t.equal(await refusal(permit(client, hidden.id, { Remove: ALL })), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(permit(client, disabled.id, { Add: ALL })), "InvalidAMIID.Unavailable 400");
  t.equal(await refusal(permit(client, "ami-1", { Add: ALL })), "InvalidAMIID.Malformed 400");
  t.equal(await refusal(permit(client, ImageId, { Add: [{ UserId: "me" }] })), "InvalidAMIAttributeItemValue 400");
  t.equal(await refusal(modify(client, { ImageId })), "InvalidParameterCombination 400");
  t.equal(await refusal(modify(client, { ImageId, UserGroups: ["all"] })), "MissingParameter 400");
  t.equal(await refusal(modify(client, { ImageId, ImdsSupport: { Value: "v2.0" } })), "NotSimulated 501");
  const twoAtOnce = modify(client, { ImageId, LaunchPermission: { Add: ALL }, Description: { Value: "x" } });
  t.equal(await refusal(twoAtOnce), "InvalidParameterCombination 400");
  t.same(ec2.image(REGION, image.id), image);
});

t.test("an image's description can be read and written", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id: ImageId } = ec2.addImage(REGION);
  await modify(client, { ImageId, Description: { Value: "a <new> one" } });

  const read = async (Attribute: "description" | "deregistrationProtection" | "blockDeviceMapping"): Promise<unknown> =>
    client.send(new DescribeImageAttributeCommand({ ImageId, Attribute }));
  t.match(await read("description"), { ImageId, Description: { Value: "a <new> one" } });
  t.match(await read("deregistrationProtection"), { DeregistrationProtection: { Value: "disabled" } });
  t.equal(await refusal(read("blockDeviceMapping")), "AuthFailure 403");
});

t.test("while public access is blocked, no image becomes public, and a public one stays so", async (t) => {
  const { ec2, client } = await startEc2(t);
  const open = ec2.addImage(REGION);
  const shut = ec2.addImage(REGION, { isPublic: false });
  const state = async (): Promise<unknown> => {
    const answer = await client.send(new GetImageBlockPublicAccessStateCommand({}));
    return [answer.ImageBlockPublicAccessState, answer.ManagedBy];
  };

  t.same(await state(), ["unblocked", "account"]);
  const block = new EnableImageBlockPublicAccessCommand({ ImageBlockPublicAccessState: "block-new-sharing" });
  t.equal((await client.send(block)).ImageBlockPublicAccessState, "block-new-sharing");
  t.same(await state(), ["block-new-sharing", "account"]);
  t.equal(await refusal(permit(client, shut.id, { Add: ALL })), "OperationNotPermitted 400");
  t.equal(await refusal(permit(client, open.id, { Add: ALL })), "OperationNotPermitted 400", "even what is public");
  t.equal(ec2.image(REGION, open.id)?.permission.isPublic, true);
  await permit(client, shut.id, { Add: [{ UserId: THEIRS }] });
  await permit(client, open.id, { Remove: ALL });
  await client.send(new DisableImageBlockPublicAccessCommand({}));
  await permit(client, shut.id, { Add: ALL });
  t.equal(ec2.image(REGION, shut.id)?.permission.isPublic, true);
});

t.test("a snapshot's permission is changed in one direction at a time", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id: SnapshotId } = ec2.addSnapshot(REGION, { isPublic: true, userIds: [THEIRS] });
  const Attribute = "createVolumePermission";
  const read = async (): Promise<unknown> =>
    (await client.send(new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute }))).CreateVolumePermissions;

  t.same(await read(), [{ Group: "all" }, { UserId: THEIRS }]);
  await modifySnapshot(client, { SnapshotId, Attribute, CreateVolumePermission: { Remove: ALL } });
  t.same(await read(), [{ UserId: THEIRS }]);
  await modifySnapshot(client, { SnapshotId, Attribute, CreateVolumePermission: { Remove: ALL } });
  t.same(await read(), [{ UserId: THEIRS }], "removing twice is no error");
  await modifySnapshot(client, { SnapshotId, Attribute, OperationType: "add", GroupNames: ["all"] });
  const both = { SnapshotId, CreateVolumePermission: { Add: ALL, Remove: [{ UserId: THEIRS }] } };
  t.equal(await refusal(modifySnapshot(client, both)), "InvalidParameterCombination 400");
  t.equal(await refusal(modifySnapshot(client, { SnapshotId })), "InvalidParameterCombination 400");
  t.same(await read(), [{ Group: "all" }, { UserId: THEIRS }]);
});

t.test("snapshots are described, filtered and paged; an unknown id is an error", async (t) => {
  const { ec2, client } = await startEc2(t);
  const own = Array.from({ length: 6 }, (_, index) => ec2.addSnapshot(REGION, { sizeGiB: index + 1 }).id);
  const shared = ec2.addSnapshot(REGION, { ownerId: THEIRS, userIds: [OURS], tags: { a: "b" } });
  const hidden = ec2.addSnapshot(REGION, { ownerId: THEIRS });
  const find = async (input: DescribeSnapshotsCommandInput): Promise<unknown> =>
    ((await client.send(new DescribeSnapshotsCommand(input))).Snapshots ?? []).map((snapshot) => snapshot.SnapshotId);
  const pages: number[] = [];
  for await (const page of paginateDescribeSnapshots({ client, pageSize: 5 }, {}))
    pages.push(page.Snapshots?.length ?? 0);

  t.same(pages, [5, 2]);
  t.same(await find({ OwnerIds: ["self"] }), own);
  t.same(await find({ Filters: [{ Name: "volume-size", Values: ["2", "3"] }] }), own.slice(1, 3));
  t.same(await find({ SnapshotIds: [own[0] ?? "", hidden.id] }), [own[0]], "another account's is left out");
  const { Snapshots } = await client.send(new DescribeSnapshotsCommand({ SnapshotIds: [shared.id] }));
  t.match(Snapshots?.[0], {
    SnapshotId: shared.id,
    OwnerId: THEIRS,
    VolumeSize: 5,
    State: "completed",
    Progress: "100%",
  });
  t.match(Snapshots?.[0], { StartTime: new Date(shared.startedAt), Tags: [{ Key: "a", Value: "b" }] });
  t.equal(await refusal(find({ SnapshotIds: ["snap-0ffffffff00000000"] })), "InvalidSnapshot.NotFound 400");
  t.equal(await refusal(find({ SnapshotIds: ["snap-1"] })), "InvalidSnapshotID.Malformed 400");
  t.equal(await refusal(find({ SnapshotIds: ["vol-12345678"] })), "InvalidParameterValue 400");
  t.equal(await refusal(find({ MaxResults: 4 })), "InvalidParameterValue 400");
});
