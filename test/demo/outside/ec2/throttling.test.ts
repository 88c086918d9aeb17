import {
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DisableImageBlockPublicAccessCommand,
  DisableImageCommand,
  EnableImageBlockPublicAccessCommand,
} from "@aws-sdk/client-ec2";
import t from "tap";
import { OURS, refusal, REGION, standingClock, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";

const START = Date.parse("2026-11-24T00:00:00Z");
const GONE = "ami-0fffffffffffffff0";

/** How many calls in a row pass before the first that is throttled. */
async function burst(call: () => Promise<unknown>): Promise<number> {
  for (let passed = 0; ; passed += 1) if ((await refusal(call())) === "RequestLimitExceeded 503") return passed;
}

t.test("without being told to, the simulator throttles nobody", async (t) => {
  const { client } = await startEc2(t);
  for (let calls = 0; calls < 120; calls += 1) await client.send(new DescribeImagesCommand({}));
});

t.test("each API has the bucket that EC2 documents, and it refills by the second", async (t) => {
  const clock = standingClock(START);
  const { client } = await startEc2(t, { now: clock.now, throttling: true });
  const filter = { Filters: [{ Name: "tag-key", Values: ["a"] }] };
  const block = { ImageBlockPublicAccessState: "block-new-sharing" as const };
  const limits: [() => Promise<unknown>, number, number][] = [
    [() => client.send(new DeregisterImageCommand({ ImageId: GONE })), 100, 5],
    [() => client.send(new DisableImageCommand({ ImageId: GONE })), 50, 5],
    [() => client.send(new DescribeImagesCommand({})), 100, 20],
    [() => client.send(new DescribeSnapshotsCommand({})), 50, 10],
    [() => client.send(new DescribeSnapshotsCommand(filter)), 100, 20],
    [() => client.send(new DescribeInstancesCommand({})), 50, 10],
    [() => client.send(new DescribeInstancesCommand({ MaxResults: 5 })), 100, 20],
  ];
  for (const [call, capacity, perSecond] of limits) {
    t.equal(await burst(call), capacity);
    clock.pass(999);
    t.equal(await burst(call), 0);
    clock.pass(1);
    t.equal(await burst(call), perSecond);
    clock.pass(3_600_000);
    t.equal(await burst(call), capacity, "no bucket grows beyond its size");
  }
  t.equal(await burst(() => client.send(new EnableImageBlockPublicAccessCommand(block))), 1);
  t.equal(await burst(() => client.send(new DisableImageBlockPublicAccessCommand({}))), 1);
  for (let second = 0; second < 9; second += 1) {
    clock.pass(1000);
    t.equal(await burst(() => client.send(new EnableImageBlockPublicAccessCommand(block))), 0);
  }
  clock.pass(1000);
  t.equal(await burst(() => client.send(new EnableImageBlockPublicAccessCommand(block))), 1);
});

t.test("accounts, regions and APIs do not share a bucket; keys of one account do", async (t) => {
  const accounts = { simulated: { id: OURS }, second: { id: OURS }, other: { id: THEIRS } };
  const { ec2, client, clientFor } = await startEc2(t, { now: () => START, accounts });
  ec2.configure(REGION, { throttling: true });
  ec2.configure("us-east-1", { throttling: true });
  const disable = new DisableImageCommand({ ImageId: GONE });

  t.equal(await burst(() => client.send(disable)), 50);
  t.equal(await burst(() => clientFor(REGION, "second").send(disable)), 0);
  t.equal(await refusal(clientFor(REGION, "other").send(disable)), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(clientFor("us-east-1").send(disable)), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(clientFor("eu-west-3").send(disable)), "InvalidAMIID.NotFound 400");
  t.equal(await refusal(client.send(new DescribeImagesCommand({}))), "no refusal");
});

t.test("every attempt costs a token: dry runs, refusals and those that meet a fault", async (t) => {
  const accounts = { simulated: { id: OURS }, poor: { id: OURS, denied: ["DisableImage"] } };
  const { ec2, client, clientFor } = await startEc2(t, { now: () => START, accounts, throttling: true });
  const { id: ImageId } = ec2.addImage(REGION);
  const dryRun = new DisableImageCommand({ ImageId, DryRun: true });
  ec2.faults.add({ kind: "error", code: "InternalError", status: 500 });

  t.equal(await refusal(client.send(dryRun)), "InternalError 500");
  t.equal(await refusal(client.send(dryRun)), "DryRunOperation 412");
  t.equal(await refusal(clientFor(REGION, "poor").send(dryRun)), "UnauthorizedOperation 403");
  t.equal(await burst(() => client.send(dryRun)), 47);
});

t.test("a throttled call does nothing, is in the journal and uses up no fault", async (t) => {
  const clock = standingClock(START);
  const { ec2, client } = await startEc2(t, { now: clock.now, throttling: true });
  const { id: ImageId } = ec2.addImage(REGION);
  await burst(() => client.send(new DisableImageCommand({ ImageId: GONE })));
  ec2.faults.add({ kind: "error", code: "InternalError", status: 500, resource: ImageId });

  const disable = new DisableImageCommand({ ImageId });
  t.equal(await refusal(client.send(disable)), "RequestLimitExceeded 503");
  t.match(ec2.journal.naming(ImageId), [
    { region: REGION, account: OURS, status: 503, errorCode: "RequestLimitExceeded", effect: null, fault: null },
  ]);
  t.equal(ec2.image(REGION, ImageId)?.state, "available");
  clock.pass(1000);
  t.equal(await refusal(client.send(disable)), "InternalError 500");
});
