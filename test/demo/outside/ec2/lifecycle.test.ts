import {
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DisableImageCommand,
  DisableImageDeregistrationProtectionCommand,
  EnableImageCommand,
  EnableImageDeregistrationProtectionCommand,
  ModifyImageAttributeCommand,
} from "@aws-sdk/client-ec2";
import type { EC2Client } from "@aws-sdk/client-ec2";
import t from "tap";
import { OURS, refusal, REGION, standingClock, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";

const HOUR_MS = 60 * 60 * 1000;
const START = Date.parse("2026-11-24T00:00:00Z");

const deregister = (client: EC2Client, ImageId: string): Promise<unknown> =>
  client.send(new DeregisterImageCommand({ ImageId }));
const deleteSnapshot = (client: EC2Client, SnapshotId: string): Promise<unknown> =>
  client.send(new DeleteSnapshotCommand({ SnapshotId }));

t.test("a deregistered image is unavailable for a while, then it never was", async (t) => {
  const clock = standingClock(START);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  const { id } = ec2.addImage(REGION);
  const describe = async (): Promise<unknown> =>
    (await client.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images;

  t.match(await deregister(client, id), { Return: true });
  t.same(await describe(), [], "empty results first");
  t.equal(await refusal(deregister(client, id)), "InvalidAMIID.Unavailable 400");
  const modify = new ModifyImageAttributeCommand({ ImageId: id, LaunchPermission: { Remove: [{ Group: "all" }] } });
  t.equal(await refusal(client.send(modify)), "InvalidAMIID.Unavailable 400");
  clock.pass(HOUR_MS);
  t.equal(await refusal(deregister(client, id)), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(describe()), "InvalidAMIID.NotFound 400");
  t.match(ec2.image(REGION, id), { state: "deregistered", deregisteredAt: START });
});

t.test("a snapshot cannot be deleted while an image uses it", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addSnapshot(REGION);
  const first = ec2.addImage(REGION, { snapshots: [{}, id] });
  const second = ec2.addImage(REGION, { snapshots: [id], state: "disabled" });
  const inUse = `The snapshot ${id} is currently in use by`;

  await t.rejects(deleteSnapshot(client, id), { name: "InvalidSnapshot.InUse", message: `${inUse} ${first.id}` });
  await deregister(client, first.id);
  await t.rejects(deleteSnapshot(client, id), { name: "InvalidSnapshot.InUse", message: `${inUse} ${second.id}` });
  await deregister(client, second.id);
  await deleteSnapshot(client, id);
  t.equal(ec2.snapshot(REGION, id), null);
  t.equal(await refusal(deleteSnapshot(client, id)), "InvalidSnapshot.NotFound 400");
});

t.test("a snapshot may stay in use for a short time after its image is gone", async (t) => {
  const clock = standingClock(START);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  ec2.configure(REGION, { snapshotReleaseMs: 500 });
  const image = ec2.addImage(REGION);
  const snapshotId = ec2.snapshots(REGION)[0]?.id ?? "";
  await deregister(client, image.id);

  t.equal(await refusal(deleteSnapshot(client, snapshotId)), "InvalidSnapshot.InUse 400");
  clock.pass(500);
  await deleteSnapshot(client, snapshotId);
});

t.test("deregistering with the snapshots says of each what became of it", async (t) => {
  const denied = { simulated: { id: OURS }, poor: { id: OURS, denied: ["DeleteSnapshot"] } };
  const { ec2, client, clientFor } = await startEc2(t, { accounts: denied });
  const shared = ec2.addSnapshot(REGION);
  const own = ec2.addSnapshot(REGION);
  const image = ec2.addImage(REGION, { snapshots: [own.id, shared.id] });
  const other = ec2.addImage(REGION, { snapshots: [shared.id] });
  const all = (ImageId: string): DeregisterImageCommand =>
    new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true });

  t.same((await client.send(all(image.id))).DeleteSnapshotResults, [
    { SnapshotId: own.id, ReturnCode: "success" },
    { SnapshotId: shared.id, ReturnCode: "skipped" },
  ]);
  t.equal(ec2.snapshot(REGION, own.id), null);
  t.same((await clientFor(REGION, "poor").send(all(other.id))).DeleteSnapshotResults, [
    { SnapshotId: shared.id, ReturnCode: "missing-permissions" },
  ]);
  t.ok(ec2.snapshot(REGION, shared.id));
});

t.test("without being asked to, deregistering leaves the snapshots", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION);
  const answer = await client.send(new DeregisterImageCommand({ ImageId: image.id }));

  t.equal(answer.DeleteSnapshotResults, undefined);
  t.equal(ec2.snapshots(REGION).length, 1);
});

t.test("a protected image is not deregistered, nor one that cools down", async (t) => {
  const clock = standingClock(START);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  const { id: ImageId } = ec2.addImage(REGION);
  const protection = async (): Promise<string | undefined> =>
    (await client.send(new DescribeImagesCommand({}))).Images?.[0]?.DeregistrationProtection;
  const protect = new EnableImageDeregistrationProtectionCommand({ ImageId });
  const cooled = new EnableImageDeregistrationProtectionCommand({ ImageId, WithCooldown: true });
  const release = new DisableImageDeregistrationProtectionCommand({ ImageId });

  t.equal((await client.send(protect)).Return, "true");
  t.equal(await protection(), "enabled-without-cooldown");
  t.equal(await refusal(deregister(client, ImageId)), "OperationNotPermitted 400");
  await client.send(release);
  t.equal(await protection(), "disabled");
  await client.send(cooled);
  t.equal(await protection(), "enabled-with-cooldown");
  await client.send(release);
  t.equal(await protection(), "disabled after 2026-11-25T00:00:00.000Z");
  t.equal(await refusal(deregister(client, ImageId)), "OperationNotPermitted 400");
  clock.pass(24 * HOUR_MS);
  t.equal(await protection(), "disabled");
  await deregister(client, ImageId);
});

t.test(
  "a cool-down is neither begun anew nor left by switching protection off again, but by switching it on",
  async (t) => {
    const clock = standingClock(START);
    const { ec2, client } = await startEc2(t, { now: clock.now });
    const { id: ImageId } = ec2.addImage(REGION, { deregistrationProtection: "enabled-with-cooldown" });
    const release = new DisableImageDeregistrationProtectionCommand({ ImageId });
    const attribute = new DescribeImageAttributeCommand({ ImageId, Attribute: "deregistrationProtection" });
    const protection = async (): Promise<unknown> => (await client.send(attribute)).DeregistrationProtection?.Value;
    await client.send(release);
    clock.pass(HOUR_MS);
    await client.send(release);

    t.equal(await protection(), "disabled after 2026-11-25T00:00:00.000Z");
    await client.send(new EnableImageDeregistrationProtectionCommand({ ImageId, WithCooldown: true }));
    clock.pass(48 * HOUR_MS);
    t.equal(await protection(), "enabled-with-cooldown");
    t.equal(await refusal(deregister(client, ImageId)), "OperationNotPermitted 400");
  },
);

t.test("a disabled image is nobody's but the owner's, who still may delete it", async (t) => {
  const accounts = { simulated: { id: OURS }, other: { id: THEIRS } };
  const { ec2, client, clientFor } = await startEc2(t, { accounts });
  const { id: ImageId } = ec2.addImage(REGION, { userIds: [THEIRS] });
  const [snapshot] = ec2.snapshots(REGION);
  const find = (IncludeDisabled: boolean): DescribeImagesCommand =>
    new DescribeImagesCommand({ ImageIds: [ImageId], IncludeDisabled });
  await client.send(new DisableImageCommand({ ImageId }));

  t.same((await client.send(find(false))).Images, [], "not even by its id");
  t.equal((await client.send(find(true))).Images?.length, 1);
  t.equal(await refusal(clientFor(REGION, "other").send(find(true))), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(deleteSnapshot(client, snapshot?.id ?? "")), "InvalidSnapshot.InUse 400");
  await deregister(client, ImageId);
  t.equal(ec2.image(REGION, ImageId)?.state, "deregistered");
});

t.test("a disabled image loses its shares, hides, and comes back without them", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id: ImageId } = ec2.addImage(REGION, { userIds: [THEIRS] });
  const states = async (IncludeDisabled: boolean): Promise<unknown> =>
    (await client.send(new DescribeImagesCommand({ IncludeDisabled }))).Images?.map((image) => image.State);

  t.equal((await client.send(new DisableImageCommand({ ImageId }))).Return, true);
  t.same(await states(false), []);
  t.same(await states(true), ["disabled"]);
  t.equal((await client.send(new EnableImageCommand({ ImageId }))).Return, true);
  t.same(await states(false), ["available"]);
  t.match(ec2.image(REGION, ImageId)?.permission, { isPublic: false, userIds: [] });
});

t.test("a dry run does nothing and tells whether it would be allowed", async (t) => {
  const denied = { simulated: { id: OURS }, poor: { id: OURS, denied: ["DeregisterImage"] } };
  const { ec2, client, clientFor } = await startEc2(t, { accounts: denied });
  const image = ec2.addImage(REGION);
  const dryRun = new DeregisterImageCommand({ ImageId: image.id, DryRun: true });

  t.equal(await refusal(client.send(dryRun)), "DryRunOperation 412");
  t.equal(await refusal(clientFor(REGION, "poor").send(dryRun)), "UnauthorizedOperation 403");
  t.equal(await refusal(deregister(clientFor(REGION, "poor"), image.id)), "UnauthorizedOperation 403");
  t.same(ec2.image(REGION, image.id), image);
  t.same(
    ec2.journal.entries.map((entry) => [entry.mutating, entry.effect]),
    [
      [false, null],
      [false, null],
      [true, null],
    ],
  );
});

t.test("nobody deregisters or deletes what belongs to another", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, { ownerId: THEIRS });
  const snapshot = ec2.addSnapshot(REGION, { ownerId: THEIRS });

  t.equal(await refusal(deregister(client, image.id)), "AuthFailure 400");
  t.equal(await refusal(deleteSnapshot(client, snapshot.id)), "InvalidSnapshot.NotFound 400");
  t.ok(ec2.snapshot(REGION, snapshot.id));
});
