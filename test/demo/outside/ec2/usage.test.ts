import {
  DescribeImageReferencesCommand,
  DescribeInstancesCommand,
  paginateDescribeImageReferences,
  paginateDescribeInstances,
} from "@aws-sdk/client-ec2";
import type {
  DescribeImageReferencesCommandInput,
  DescribeInstancesCommandInput,
  EC2Client,
} from "@aws-sdk/client-ec2";
import t from "tap";
import { OURS, refusal, REGION, standingClock, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";

const START = Date.parse("2026-11-24T00:00:00Z");
const HOUR_MS = 60 * 60 * 1000;
const TEMPLATE = {
  resourceType: "ec2:LaunchTemplate",
  arn: `arn:aws:ec2:${REGION}:${OURS}:launch-template/lt-0123456789abcdef0`,
};

const instanceArn = (id: string): string => `arn:aws:ec2:${REGION}:${OURS}:instance/${id}`;

async function find(client: EC2Client, input: DescribeInstancesCommandInput): Promise<(string | undefined)[]> {
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand(input));
  return Reservations.flatMap(({ Instances = [] }) => Instances.map((instance) => instance.InstanceId));
}

async function references(client: EC2Client, input: DescribeImageReferencesCommandInput): Promise<unknown[]> {
  const { ImageReferences = [] } = await client.send(new DescribeImageReferencesCommand(input));
  return ImageReferences.map((reference) => reference.Arn);
}

t.test("an account's instances are found by their image; another account's are not shown", async (t) => {
  const { ec2, client } = await startEc2(t, { now: () => START });
  const image = ec2.addImage(REGION);
  const running = ec2.addInstance(REGION, { imageId: image.id, tags: { team: "cloud" } });
  const stopped = ec2.addInstance(REGION, { imageId: image.id, state: "stopped" });
  ec2.addInstance(REGION, { imageId: image.id, ownerId: THEIRS });
  const other = ec2.addInstance(REGION, { imageId: "ami-0fffffffffffffff0" });
  ec2.addInstance("us-east-1", { imageId: image.id });
  const by = (...filters: [string, ...string[]][]): Promise<unknown[]> =>
    find(client, { Filters: filters.map(([Name, ...Values]) => ({ Name, Values })) });

  t.same(await by(["image-id", image.id]), [running.id, stopped.id]);
  t.same(await by(["image-id", image.id], ["instance-state-name", "running"]), [running.id]);
  t.same(await by(["instance-state-code", "80"]), [stopped.id]);
  t.same(await by(["tag:team", "cloud"]), [running.id]);
  t.same(await find(client, { InstanceIds: [other.id] }), [other.id]);
  const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [running.id] }));
  t.match(Reservations, [
    {
      OwnerId: OURS,
      Instances: [
        {
          InstanceId: running.id,
          ImageId: image.id,
          State: { Code: 16, Name: "running" },
          LaunchTime: new Date(START),
          Tags: [{ Key: "team", Value: "cloud" }],
        },
      ],
    },
  ]);
});

t.test("a question about instances is refused where EC2 refuses it", async (t) => {
  const { ec2, client } = await startEc2(t, { onNotSimulated: () => undefined });
  const { id } = ec2.addInstance(REGION, { imageId: "ami-0fffffffffffffff0" });
  const foreign = ec2.addInstance(REGION, { imageId: "ami-0fffffffffffffff0", ownerId: THEIRS });

  t.equal(await refusal(find(client, { InstanceIds: ["i-1"] })), "InvalidInstanceID.Malformed 400");
  t.equal(await refusal(find(client, { InstanceIds: [id, foreign.id] })), "InvalidInstanceID.NotFound 400");
  t.equal(await refusal(find(client, { InstanceIds: [id], MaxResults: 5 })), "InvalidParameterCombination 400");
  t.equal(await refusal(find(client, { MaxResults: 4 })), "InvalidParameterValue 400");
  t.equal(await refusal(find(client, { Filters: [{ Name: "colour", Values: ["x"] }] })), "InvalidParameterValue 400");
  t.equal(await refusal(find(client, { Filters: [{ Name: "vpc-id", Values: ["x"] }] })), "NotSimulated 501");
});

t.test("pages of instances put together are the whole list", async (t) => {
  const { ec2, client } = await startEc2(t);
  const all = Array.from({ length: 12 }, () => ec2.addInstance(REGION, { imageId: "ami-0fffffffffffffff0" }).id);
  const sizes: number[] = [];
  const seen: (string | undefined)[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client, pageSize: 5 }, {})) {
    sizes.push(Reservations.length);
    seen.push(...Reservations.flatMap(({ Instances = [] }) => Instances.map((instance) => instance.InstanceId)));
  }

  t.same(sizes, [5, 5, 2]);
  t.same(seen, all);
});

t.test("a terminated instance is shown for an hour, also as a reference", async (t) => {
  const clock = standingClock(START);
  const { ec2, client } = await startEc2(t, { now: clock.now });
  const image = ec2.addImage(REGION);
  const { id } = ec2.addInstance(REGION, { imageId: image.id });
  const ended = ec2.addInstance(REGION, { imageId: image.id, state: "terminated" });
  const question = { ImageIds: [image.id], IncludeAllResourceTypes: true };
  clock.pass(HOUR_MS - 1);

  t.same(await find(client, {}), [id, ended.id]);
  t.same(await references(client, question), [instanceArn(id), instanceArn(ended.id)]);
  clock.pass(1);
  t.same(await find(client, {}), [id]);
  t.same(await references(client, question), [instanceArn(id)]);
  ec2.changeInstance(REGION, id, { state: "terminated" });
  t.same(await find(client, {}), [id]);
  clock.pass(HOUR_MS);
  t.same(await find(client, {}), []);
  t.same(await references(client, question), []);
});

t.test("references are of the types and states that are asked for, all states by default", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, { references: [TEMPLATE] });
  const running = ec2.addInstance(REGION, { imageId: image.id });
  const ended = ec2.addInstance(REGION, { imageId: image.id, state: "terminated" });
  ec2.addInstance(REGION, { imageId: image.id, ownerId: THEIRS });
  const ImageIds = [image.id];
  const stateNames = (...OptionValues: string[]): DescribeImageReferencesCommandInput["ResourceTypes"] => [
    { ResourceType: "ec2:Instance", ResourceTypeOptions: [{ OptionName: "state-name", OptionValues }] },
  ];
  const depth = (...OptionValues: string[]): DescribeImageReferencesCommandInput["ResourceTypes"] => [
    { ResourceType: "ec2:LaunchTemplate", ResourceTypeOptions: [{ OptionName: "version-depth", OptionValues }] },
  ];
  const instances = [instanceArn(running.id), instanceArn(ended.id)];

  t.same(await references(client, { ImageIds, ResourceTypes: [{ ResourceType: "ec2:Instance" }] }), instances);
  t.same(await references(client, { ImageIds, ResourceTypes: depth("10000") }), [TEMPLATE.arn]);
  t.same(await references(client, { ImageIds, ResourceTypes: stateNames("running") }), [instanceArn(running.id)]);
  const both = { ImageIds, IncludeAllResourceTypes: true, ResourceTypes: stateNames("running") };
  t.same(
    await references(client, both),
    [instanceArn(running.id), TEMPLATE.arn],
    "the options stand over the defaults",
  );
  t.same(await references(client, { ImageIds, ResourceTypes: [{ ResourceType: "ssm:Parameter" }] }), []);
  const bad = (ResourceTypes: typeof both.ResourceTypes): Promise<string> =>
    refusal(references(client, { ImageIds, ResourceTypes }));
  t.equal(await bad(stateNames("asleep")), "InvalidParameterValue 400");
  t.equal(await bad(depth("10001")), "InvalidParameterValue 400");
  t.equal(await bad([]), "MissingParameter 400");
  const crossed = { OptionName: "version-depth" as const, OptionValues: ["1"] };
  const crossedRequest = [{ ResourceType: "ec2:Instance" as const, ResourceTypeOptions: [crossed] }];
  t.equal(await bad(crossedRequest), "InvalidParameterValue 400");
});

t.test("launch templates are searched as deep as is asked for, ten versions by default", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION, {
    references: [1, 10, 11, 10_000, 10_001].map((depth) => ({ ...TEMPLATE, arn: `${TEMPLATE.arn}${depth}`, depth })),
  });
  const deep = async (...OptionValues: string[]): Promise<readonly string[]> => {
    const option = { OptionName: "version-depth" as const, OptionValues };
    const ResourceTypeOptions = OptionValues.length === 0 ? [] : [option];
    const ResourceTypes = [{ ResourceType: "ec2:LaunchTemplate" as const, ResourceTypeOptions }];
    const found = await references(client, { ImageIds: [id], ResourceTypes });
    return found.map((arn) => String(arn).slice(TEMPLATE.arn.length));
  };
  t.same(await deep(), ["1", "10"]);
  t.same(await deep("1"), ["1"]);
  t.same(await deep("10000"), ["1", "10", "10000", "11"]);
});

t.test("references are asked for ten own images at most, and come in pages", async (t) => {
  const { ec2, client } = await startEc2(t);
  const images = Array.from({ length: 11 }, () => ec2.addImage(REGION).id);
  for (const imageId of images) ec2.addInstance(REGION, { imageId });
  const foreign = ec2.addImage(REGION, { ownerId: THEIRS });
  const ask = (...ImageIds: string[]): Promise<string> =>
    refusal(references(client, { ImageIds, IncludeAllResourceTypes: true }));

  t.equal(await ask(...images), "InvalidParameterValue 400");
  t.equal(await ask(images[0] ?? "", foreign.id), "AuthFailure 400");
  t.equal(await ask(images[0] ?? "", "ami-0fffffffffffffff0"), "InvalidAMIID.NotFound 400");
  t.equal(await ask(), "MissingParameter 400");
  const question = { ImageIds: images.slice(0, 10), IncludeAllResourceTypes: true };
  const sizes: number[] = [];
  for await (const { ImageReferences = [] } of paginateDescribeImageReferences({ client, pageSize: 4 }, question))
    sizes.push(ImageReferences.length);
  t.same(sizes, [4, 4, 2]);
});

t.test("either way of learning what uses an image can be denied by itself", async (t) => {
  const accounts = {
    simulated: { id: OURS },
    blindToReferences: { id: OURS, denied: ["DescribeImageReferences"] },
    blindToInstances: { id: OURS, denied: ["DescribeInstances"] },
  };
  const { ec2, clientFor } = await startEc2(t, { accounts });
  const { id } = ec2.addImage(REGION);
  const both = async (key: string): Promise<string[]> => {
    const client = clientFor(REGION, key);
    const question = { ImageIds: [id], IncludeAllResourceTypes: true };
    return [await refusal(references(client, question)), await refusal(find(client, {}))];
  };

  t.same(await both("blindToReferences"), ["UnauthorizedOperation 403", "no refusal"]);
  t.same(await both("blindToInstances"), ["no refusal", "UnauthorizedOperation 403"]);
});
