import {
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  paginateDescribeImages,
} from "@aws-sdk/client-ec2";
import type { DescribeImagesCommandInput, EC2Client } from "@aws-sdk/client-ec2";
import t from "tap";
import { OURS, refusal, REGION, standingClock, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";

const CREATED = Date.parse("2025-11-24T09:30:00.500Z");
const GONE = "ami-0fffffffffffffff0";

async function ids(client: EC2Client, input: DescribeImagesCommandInput): Promise<(string | undefined)[]> {
  const answer = await client.send(new DescribeImagesCommand(input));
  return (answer.Images ?? []).map((image) => image.ImageId);
}

t.test("an image is described with all that the SDK knows of it", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, {
    name: 'Fedora <"Rawhide"> & co',
    description: "a nightly",
    createdAt: CREATED,
    architecture: "arm64",
    snapshots: [{ sizeGiB: 5 }, { sizeGiB: 7 }],
    ephemeralDevices: 1,
    deprecatedAt: CREATED,
    lastLaunchedAt: CREATED + 1000,
    tags: { Name: "x & y", empty: "" },
  });
  const [root, second] = image.devices.flatMap((device) => (device.kind === "ebs" ? [device.snapshotId] : []));

  const answer = await client.send(new DescribeImagesCommand({ ImageIds: [image.id] }));
  t.match(answer.Images?.[0], {
    ImageId: image.id,
    Name: 'Fedora <"Rawhide"> & co',
    Description: "a nightly",
    OwnerId: OURS,
    State: "available",
    Public: true,
    CreationDate: "2025-11-24T09:30:00.500Z",
    DeprecationTime: "2025-11-24T09:30:00Z",
    LastLaunchedTime: "2025-11-24T09:30:01Z",
    Architecture: "arm64",
    DeregistrationProtection: "disabled",
    RootDeviceType: "ebs",
    RootDeviceName: "/dev/sda1",
    BlockDeviceMappings: [
      { DeviceName: "/dev/sda1", Ebs: { SnapshotId: root, VolumeSize: 5, DeleteOnTermination: true } },
      { DeviceName: "/dev/sdb", Ebs: { SnapshotId: second, VolumeSize: 7 } },
      { DeviceName: "/dev/sdc", VirtualName: "ephemeral0" },
    ],
    Tags: [
      { Key: "Name", Value: "x & y" },
      { Key: "empty", Value: "" },
    ],
  });
  t.equal(answer.$metadata.requestId, ec2.journal.entries[0]?.requestId);
  t.equal(answer.NextToken, undefined);
});

t.test("an account sees its own images, public ones and those shared with it", async (t) => {
  const { ec2, client } = await startEc2(t);
  const own = ec2.addImage(REGION, { isPublic: false });
  const open = ec2.addImage(REGION, { ownerId: THEIRS });
  const shared = ec2.addImage(REGION, { ownerId: THEIRS, isPublic: false, userIds: [OURS] });
  const hidden = ec2.addImage(REGION, { ownerId: THEIRS, isPublic: false });

  t.same(await ids(client, {}), [own.id, open.id, shared.id]);
  t.same(await ids(client, { Owners: ["self"] }), [own.id]);
  t.same(await ids(client, { Owners: [THEIRS] }), [open.id, shared.id]);
  t.same(await ids(client, { ExecutableUsers: ["all"] }), [open.id]);
  t.same(await ids(client, { ExecutableUsers: ["self"] }), [shared.id]);
  t.equal(await refusal(ids(client, { ImageIds: [hidden.id] })), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(ids(client, { Owners: ["me"] })), "InvalidParameterValue 400");
});

t.test("a region knows nothing of another region's images", async (t) => {
  const { ec2, client, clientFor } = await startEc2(t);
  const image = ec2.addImage(REGION);

  t.same(await ids(client, {}), [image.id]);
  t.same(await ids(clientFor("us-east-1"), {}), []);
});

t.test("one missing id fails the whole call, the image-id filter only leaves it out", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION);
  const other = GONE.replace(/0$/, "1");

  const call = client.send(new DescribeImagesCommand({ ImageIds: [image.id, GONE, other] }));
  await t.rejects(call, { name: "InvalidAMIID.NotFound", message: `The image ids '[${GONE}, ${other}]' do not exist` });
  t.same(await ids(client, { Filters: [{ Name: "image-id", Values: [image.id, GONE] }] }), [image.id]);
  t.equal(await refusal(ids(client, { ImageIds: ["ami-xyz"] })), "InvalidAMIID.Malformed 400");
});

t.test("filters must all pass, a filter's values are alternatives, wildcards work", async (t) => {
  const { ec2, client } = await startEc2(t, { onNotSimulated: () => undefined });
  const one = ec2.addImage(REGION, { name: "Fedora-Cloud-44*a", tags: { team: "cloud" }, createdAt: CREATED });
  const two = ec2.addImage(REGION, { name: "Fedora-Cloud-45", isPublic: false, state: "failed", tags: { team: "qa" } });
  const base = ec2.snapshots(REGION)[0]?.id ?? "";
  const three = ec2.addImage(REGION, { name: "Other", ownerId: THEIRS, snapshots: [{ sizeGiB: 1 }, base] });
  const by = (...filters: [string, ...string[]][]): Promise<(string | undefined)[]> =>
    ids(client, { Filters: filters.map(([Name, ...Values]) => ({ Name, Values })) });

  t.same(await by(["name", "Fedora-Cloud-4?*"]), [one.id, two.id]);
  t.same(await by(["name", "fedora*"]), [], "case counts");
  t.same(await by(["name", "*44\\*a"]), [one.id]);
  t.same(await by(["name", "Fedora-Cloud-4?", "Other"]), [two.id, three.id]);
  t.same(await by(["is-public", "true"], ["owner-id", OURS]), [one.id]);
  t.same(await by(["state", "failed"]), [two.id]);
  t.same(await by(["tag:team", "qa", "infra"]), [two.id]);
  t.same(await by(["tag-key", "team"]), [one.id, two.id]);
  t.same(await by(["creation-date", "2025-11-24T*"]), [one.id]);
  t.same(await by(["block-device-mapping.snapshot-id", base]), [one.id, three.id]);
  t.equal(await refusal(by(["colour", "blue"])), "InvalidParameterValue 400");
  t.equal(await refusal(by(["hypervisor", "xen"])), "NotSimulated 501");
  const tooMany = Array.from({ length: 201 }, (_, index) => `ami-${String(index).padStart(8, "0")}`);
  t.equal(await refusal(by(["image-id", ...tooMany])), "FilterLimitExceeded 400");
});

t.test("pages put together are the whole list", async (t) => {
  const { ec2, client } = await startEc2(t);
  const all = Array.from({ length: 7 }, () => ec2.addImage(REGION).id);
  const sizes: number[] = [];
  const seen: (string | undefined)[] = [];
  for await (const page of paginateDescribeImages({ client, pageSize: 3 }, { Owners: ["self"] })) {
    sizes.push(page.Images?.length ?? 0);
    seen.push(...(page.Images ?? []).map((image) => image.ImageId));
  }

  t.same(sizes, [3, 3, 1]);
  t.same(seen, all);
  const first = await client.send(new DescribeImagesCommand({ MaxResults: 3 }));
  const NextToken = first.NextToken ?? "";
  t.equal(await refusal(ids(client, { MaxResults: 3, NextToken, Owners: ["self"] })), "InvalidNextToken 400");
  t.equal(await refusal(ids(client, { NextToken: "nonsense" })), "InvalidNextToken 400");
  t.equal(await refusal(ids(client, { MaxResults: 0 })), "InvalidParameterValue 400");
});

t.test("others' deprecated images are left out unless asked for", async (t) => {
  const clock = standingClock(CREATED);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  const own = ec2.addImage(REGION, { deprecatedAt: CREATED });
  const foreign = ec2.addImage(REGION, { ownerId: THEIRS, deprecatedAt: CREATED });

  t.same(await ids(client, {}), [own.id]);
  t.same(await ids(client, { IncludeDeprecated: true }), [own.id, foreign.id]);
  t.same(await ids(client, { ImageIds: [foreign.id] }), [foreign.id]);
});

t.test("an image that was never launched has no time of its last launch", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION);
  const launched = async (): Promise<unknown> =>
    (await client.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images?.[0]?.LastLaunchedTime;

  t.equal(await launched(), undefined);
  ec2.changeImage(REGION, id, { lastLaunchedAt: CREATED });
  t.equal(await launched(), "2025-11-24T09:30:00Z");
  const attribute = new DescribeImageAttributeCommand({ ImageId: id, Attribute: "lastLaunchedTime" });
  t.same((await client.send(attribute)).LastLaunchedTime, { Value: "2025-11-24T09:30:00Z" });
});

t.test("DescribeImages may lag behind what has changed", async (t) => {
  const clock = standingClock(CREATED);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  ec2.configure(REGION, { describeImagesStaleMs: 1000 });
  const image = ec2.addImage(REGION);
  const isPublic = async (): Promise<boolean | undefined> =>
    (await client.send(new DescribeImagesCommand({ ImageIds: [image.id] }))).Images?.[0]?.Public;
  ec2.changeImage(REGION, image.id, { permission: { ...image.permission, isPublic: false } });

  clock.pass(999);
  t.equal(await isPublic(), true);
  clock.pass(1);
  t.equal(await isPublic(), false);
});

t.test("a lagging list still shows what is gone, while a change of it is refused", async (t) => {
  const clock = standingClock(CREATED);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  ec2.configure(REGION, { describeImagesStaleMs: 1000 });
  const { id } = ec2.addImage(REGION);
  const states = async (): Promise<unknown> =>
    (await client.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images?.map((image) => image.State);
  await client.send(new DeregisterImageCommand({ ImageId: id }));

  t.same(await states(), ["available"]);
  t.equal(await refusal(client.send(new DeregisterImageCommand({ ImageId: id }))), "InvalidAMIID.Unavailable 400");
  clock.pass(1000);
  t.same(await states(), []);
});
