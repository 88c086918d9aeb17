import {
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  paginateDescribeImages,
  paginateDescribeSnapshots,
} from "@aws-sdk/client-ec2";
import t from "tap";
import { refusal, REGION, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";

const TAG = "clean-amis:intent";
const CARRIES_TAG = { Name: "tag-key", Values: [TAG] };
const PRIVATE = { Name: `tag:${TAG}`, Values: ["private"] };

t.test("own images that carry a tag are listed page by page, and no others", async (t) => {
  const { ec2, client } = await startEc2(t);
  const tagged = Array.from({ length: 7 }, (_, index) =>
    ec2.addImage(REGION, { tags: { [TAG]: index < 5 ? "private" : "delete" } }),
  ).map((image) => image.id);
  ec2.addImage(REGION, { tags: { "clean-amis:intents": "private" } });
  ec2.addImage(REGION, { ownerId: THEIRS, tags: { [TAG]: "private" } });
  const pages = async (filter: typeof CARRIES_TAG): Promise<unknown[][]> => {
    const found: unknown[][] = [];
    const question = { Owners: ["self"], Filters: [filter] };
    for await (const { Images = [] } of paginateDescribeImages({ client, pageSize: 3 }, question))
      found.push(Images.map((image) => image.ImageId));
    return found;
  };

  t.same(await pages(CARRIES_TAG), [tagged.slice(0, 3), tagged.slice(3, 6), tagged.slice(6)]);
  t.same(await pages(PRIVATE), [tagged.slice(0, 3), tagged.slice(3, 5)]);
  const first = await client.send(new DescribeImagesCommand({ Filters: [CARRIES_TAG], MaxResults: 3 }));
  const elsewhere = new DescribeImagesCommand({ Filters: [PRIVATE], MaxResults: 3, NextToken: first.NextToken });
  t.equal(await refusal(client.send(elsewhere)), "InvalidNextToken 400");
});

t.test("own snapshots that carry a tag are listed page by page, and no others", async (t) => {
  const { ec2, client } = await startEc2(t);
  const tagged = Array.from({ length: 12 }, (_, index) =>
    ec2.addSnapshot(REGION, { tags: { [TAG]: index < 6 ? "private" : "delete" } }),
  ).map((snapshot) => snapshot.id);
  ec2.addSnapshot(REGION);
  ec2.addSnapshot(REGION, { ownerId: THEIRS, isPublic: true, tags: { [TAG]: "private" } });
  const pages = async (filter: typeof CARRIES_TAG): Promise<unknown[][]> => {
    const found: unknown[][] = [];
    const question = { OwnerIds: ["self"], Filters: [filter] };
    for await (const { Snapshots = [] } of paginateDescribeSnapshots({ client, pageSize: 5 }, question))
      found.push(Snapshots.map((snapshot) => snapshot.SnapshotId));
    return found;
  };

  t.same(await pages(CARRIES_TAG), [tagged.slice(0, 5), tagged.slice(5, 10), tagged.slice(10)]);
  t.same(await pages(PRIVATE), [tagged.slice(0, 5), tagged.slice(5, 6)]);
  const byId = new DescribeSnapshotsCommand({ SnapshotIds: [tagged[0] ?? ""], MaxResults: 5 });
  t.equal(await refusal(client.send(byId)), "InvalidParameterCombination 400");
});
