import { DescribeImagesCommand, DescribeRegionsCommand, DisableImageCommand } from "@aws-sdk/client-ec2";
import type { DescribeRegionsCommandInput, EC2Client } from "@aws-sdk/client-ec2";
import t from "tap";
import { refusal, REGION, startEc2 } from "../../../support/outside/ec2-client.ts";

const CLOSED = "af-south-1";
const FIRST = "us-east-1";

async function regions(client: EC2Client, input: DescribeRegionsCommandInput): Promise<unknown[]> {
  const { Regions = [] } = await client.send(new DescribeRegionsCommand(input));
  return Regions.map((region) => [region.RegionName, region.OptInStatus]);
}

t.test("a region that was not opted in refuses every call, and nothing happens there", async (t) => {
  const { ec2, clientFor } = await startEc2(t, { throttling: true });
  ec2.configure(CLOSED, { optIn: "not-opted-in" });
  const { id: ImageId } = ec2.addImage(CLOSED);
  ec2.faults.add({ kind: "withhold", connection: "cut", region: CLOSED });
  const client = clientFor(CLOSED);

  t.equal(await refusal(client.send(new DescribeImagesCommand({}))), "OptInRequired 401");
  t.equal(await refusal(client.send(new DisableImageCommand({ ImageId }))), "OptInRequired 401");
  t.equal(await refusal(client.send(new DisableImageCommand({ ImageId, DryRun: true }))), "OptInRequired 401");
  t.equal(await refusal(client.send(new DescribeRegionsCommand({}))), "OptInRequired 401");
  ec2.configure(CLOSED, { closedAs: "AuthFailure" });
  t.equal(await refusal(client.send(new DescribeImagesCommand({}))), "AuthFailure 401");
  t.match(ec2.journal.naming(ImageId)[0], { region: CLOSED, errorCode: "OptInRequired", effect: null, fault: null });
  t.equal(ec2.image(CLOSED, ImageId)?.state, "available");
  t.equal(await refusal(clientFor(REGION).send(new DescribeImagesCommand({}))), "no refusal");
});

t.test("a region opens when it is opted in", async (t) => {
  const { ec2, clientFor } = await startEc2(t);
  ec2.configure(CLOSED, { optIn: "not-opted-in" });
  const client = clientFor(CLOSED);

  t.equal(await refusal(client.send(new DescribeImagesCommand({}))), "OptInRequired 401");
  ec2.configure(CLOSED, { optIn: "opted-in" });
  t.equal(await refusal(client.send(new DescribeImagesCommand({}))), "no refusal");
});

t.test("a region that does not exist validates no credentials, and a test cannot put anything there", async (t) => {
  const { ec2, client, clientFor } = await startEc2(t, { regions: [REGION, FIRST] });

  t.equal(await refusal(clientFor("mars-north-1").send(new DescribeImagesCommand({}))), "AuthFailure 401");
  t.equal(await refusal(client.send(new DescribeImagesCommand({}))), "no refusal");
  t.throws(() => ec2.addImage("mars-north-1"), { message: "The EC2 simulator has no region mars-north-1." });
});

t.test("regions are listed with their opt-in status, closed ones when asked for", async (t) => {
  const { ec2, client } = await startEc2(t, { regions: [FIRST, REGION, CLOSED] });
  ec2.configure(FIRST, { optIn: "opt-in-not-required" });
  ec2.configure(CLOSED, { optIn: "not-opted-in" });
  const [closed, ours, first] = [
    [CLOSED, "not-opted-in"],
    [REGION, "opted-in"],
    [FIRST, "opt-in-not-required"],
  ];
  const by = (Name: string, ...Values: string[]): Promise<unknown[]> =>
    regions(client, { AllRegions: true, Filters: [{ Name, Values }] });

  t.same(await regions(client, {}), [ours, first]);
  t.same(await regions(client, { AllRegions: true }), [closed, ours, first]);
  t.same(await regions(client, { RegionNames: [CLOSED] }), [closed]);
  t.same(await by("opt-in-status", "opted-in", "opt-in-not-required"), [ours, first]);
  t.same(await by("region-name", "*-east-*"), [first]);
  t.same(await by("endpoint", `ec2.${CLOSED}.amazonaws.com`), [closed]);
  t.equal(await refusal(by("tag:a", "b")), "InvalidParameterValue 400");
  t.equal(await refusal(regions(client, { RegionNames: ["mars-north-1"] })), "InvalidParameterValue 400");
});

t.test("where no regions were named, those in use are listed", async (t) => {
  const { ec2, client } = await startEc2(t);
  ec2.addImage(FIRST);
  t.same(await regions(client, {}), [
    [REGION, "opted-in"],
    [FIRST, "opted-in"],
  ]);
});
