import { CreateTagsCommand, DeleteTagsCommand } from "@aws-sdk/client-ec2";
import type { EC2Client, Tag } from "@aws-sdk/client-ec2";
import t from "tap";
import { refusal, REGION, startEc2 } from "../../../support/outside/ec2-client.ts";

const create = (client: EC2Client, Resources: string[], Tags: Tag[]): Promise<unknown> =>
  client.send(new CreateTagsCommand({ Resources, Tags }));
const remove = (client: EC2Client, Resources: string[], Tags?: Tag[]): Promise<unknown> =>
  client.send(new DeleteTagsCommand({ Resources, ...(Tags === undefined ? {} : { Tags }) }));

t.test("images and snapshots are tagged in one call, a known key gets the new value", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION, { tags: { stage: "old", keep: "me" } });
  const snapshot = ec2.addSnapshot(REGION);
  await create(client, [image.id, snapshot.id], [{ Key: "stage", Value: "new & <shiny>" }, { Key: "empty" }]);

  t.same(ec2.image(REGION, image.id)?.tags, { stage: "new & <shiny>", keep: "me", empty: "" });
  t.same(ec2.snapshot(REGION, snapshot.id)?.tags, { stage: "new & <shiny>", empty: "" });
});

t.test("one unknown resource leaves all others untagged", async (t) => {
  const { ec2, client } = await startEc2(t);
  const image = ec2.addImage(REGION);
  const tags = [{ Key: "a", Value: "b" }];

  const noImage = create(client, [image.id, "ami-0ffffffff"], tags);
  t.equal(await refusal(noImage), "InvalidAMIID.Malformed 400");
  const goneImage = create(client, [image.id, "ami-0fffffff"], tags);
  t.equal(await refusal(goneImage), "InvalidAMIID.NotFound 400");
  const goneSnapshot = create(client, [image.id, "snap-0fffffff"], tags);
  t.equal(await refusal(goneSnapshot), "InvalidSnapshot.NotFound 400");
  t.equal(await refusal(create(client, [image.id, "i-0fffffff"], tags)), "InvalidID 400");
  t.same(ec2.image(REGION, image.id)?.tags, {});
});

t.test("a tag beyond EC2's limits is refused", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION, { tags: { there: "already" } });
  const fifty = Array.from({ length: 50 }, (_, index) => ({ Key: `key${index}`, Value: "" }));

  t.equal(await refusal(create(client, [id], fifty)), "TagLimitExceeded 400");
  t.equal(await refusal(create(client, [id], [{ Key: "k".repeat(129) }])), "InvalidParameterValue 400");
  t.equal(await refusal(create(client, [id], [{ Key: "k", Value: "v".repeat(257) }])), "InvalidParameterValue 400");
  t.equal(await refusal(create(client, [id], [{ Key: "AWS:stack" }])), "InvalidParameterValue 400");
  t.equal(await refusal(create(client, [id], [{ Key: "" }])), "InvalidParameterValue 400");
  t.equal(await refusal(create(client, [id], [{ Key: "k" }, { Key: "k" }])), "InvalidParameterValue 400");
  t.equal(await refusal(create(client, [id], [])), "MissingParameter 400");
  t.same(ec2.image(REGION, id)?.tags, { there: "already" });
  await create(client, [id], [{ Key: "k".repeat(128), Value: "v".repeat(256) }, ...fifty.slice(2)]);
  t.equal(Object.keys(ec2.image(REGION, id)?.tags ?? {}).length, 50);
});

t.test("a tag can be deleted twice; with a value it goes only when the value is that", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION, { tags: { one: "1", two: "2", three: "" } });

  await remove(client, [id], [{ Key: "one" }, { Key: "two", Value: "other" }, { Key: "three", Value: "" }]);
  t.same(ec2.image(REGION, id)?.tags, { two: "2" });
  await remove(client, [id], [{ Key: "one" }]);
  t.same(
    ec2.journal.entries.map((entry) => entry.effect),
    [{ kind: "tags", resourceIds: [id], keys: ["one", "three"] }, null],
  );
  await remove(client, [id]);
  t.same(ec2.image(REGION, id)?.tags, {});
});
