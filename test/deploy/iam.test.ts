import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { systemClock } from "../../src/adapters/clock.ts";
import { openEc2Checkup } from "../../src/adapters/ec2/checkup.ts";
import { openImages } from "../../src/adapters/ec2/images.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../src/demo/outside/ec2/simulator.ts";
import { checkRegion } from "../../src/doctor/ec2.ts";
import { OUR_TAGS } from "../../src/domain/plan/tags.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../src/domain/time.ts";
import { actionsOf, judge, listOf, type Policy, type TagsOf } from "../support/outside/iam.ts";
import { silentLog } from "../support/run/log.ts";
import { openDatagrepperOf, reconcileIn } from "../support/scenes/reconcile.ts";
import { ACCOUNT, GUARDS } from "../support/world/image.ts";
import { ask } from "../support/world/nightly.ts";
import { WrittenSource } from "../support/world/inputs/sources.ts";
import { addNightly, openWorld, REGION, START, UPLOADER, type World } from "../support/world/world.ts";

const read = (name: string): Policy =>
  JSON.parse(readFileSync(new URL(`../../../deploy/iam/${name}.json`, import.meta.url), "utf8")) as Policy;
const POLICY = read("policy");
/** What EC2 itself asks in our name (EC2 User Guide, "Identify your resources referencing specified AMIs"). */
const BY_EC2_ITSELF = ["ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates"];
const CHANGING = /^ec2:(?:Create|Delete|Deregister|Modify)/;
const OLD = { amiId: "ami-000000000000000ab", composeId: "Fedora-Cloud-36-20221013.0" };
const SPEC = { role: null, share: 1, log: silentLog };
const CREDENTIALS = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };

function byWord(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** Tags as they are now. */
function tagsIn(simulator: Ec2Simulator): TagsOf {
  const all = [...simulator.images(REGION), ...simulator.snapshots(REGION)];
  return new Map(all.map(({ id, tags }) => [id, new Set(Object.keys(tags))]));
}

/** One nightly is deleted, one is held, restored, released, and one that the old script took is restored. */
async function live(t: Test, world: World): Promise<void> {
  const [doomed, wanted] = [addNightly(world, 1), addNightly(world, 2)];
  for (const { message } of [doomed, wanted]) await world.hear(UPLOADER, message);
  const datagrepper = await openDatagrepperOf(t, world);
  const extra = { id: OLD.amiId, virt_type: "hvm", vol_type: "gp2" };
  const told = { image_name: "Fedora-Cloud-Base-36-20221013.0.x86_64", destination: REGION, service: "EC2", extra };
  const message = { ...told, architecture: "x86_64", compose: OLD.composeId };
  datagrepper.add("fedimg.image.publish", message, START - 100 * DAY_MS + 3 * HOUR_MS);
  await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
  await world.resolve();
  world.clock.advance(HOUR_MS);
  t.match(await world.tick(), { restore: 1 });
  world.clock.advance(5 * DAY_MS);
  t.match(await world.tick(), { "make-private": 2 });
  await ask(world, "restore", { amiId: wanted.amiId });
  world.clock.advance(HOUR_MS);
  await world.tick();
  t.equal(world.simulator.image(REGION, wanted.amiId)?.permission.isPublic, true);
  await ask(world, "release", { amiId: wanted.amiId });
  await world.report();
  world.clock.advance(10 * DAY_MS);
  t.match(await world.tick(), { delete: 1 });
}

t.test("the policy allows the calls of the service and of doctor, each as it is made, and no other", async (t) => {
  const sources = [new WrittenSource("composeinfo", { type: "production", label: "RC-1.6" })];
  const world = await openWorld(t, { sources });
  const { simulator, clock } = world;
  simulator.addImage(REGION, {
    id: OLD.amiId,
    name: "Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0",
    isPublic: false,
    createdAt: START - 100 * DAY_MS,
    snapshots: [{ id: "snap-000000000000000ab" }],
    tags: { LaunchPermissionRevoked: "23082026" },
  });
  await live(t, world);
  const checkup = openEc2Checkup({ ...SPEC, endpoint: simulator.url, credentials: CREDENTIALS, clock });
  t.teardown(() => {
    checkup.close();
  });
  const config = { act: "delete", ec2: { guards: GUARDS }, usage: null } as Parameters<typeof checkRegion>[1]["config"];
  const needs = { config, ec2: () => Promise.resolve(checkup), callLimitMs: 10 * SECOND_MS };
  const found = await checkRegion(REGION, needs, new AbortController().signal);
  t.same(
    found.filter(({ state }) => state !== "ok"),
    [],
  );
  await world.ec2.regions();

  const { entries } = simulator.journal;
  const begun: TagsOf = new Map([[OLD.amiId, new Set(["LaunchPermissionRevoked"])]]);
  const { used, refused } = judge(POLICY, entries, begun);
  t.same(refused, [], "each call that was made");
  const is = [...tagsIn(simulator)].filter(([id]) => begun.has(id));
  t.ok(is.length > 3);
  for (const [id, tags] of is) t.same(begun.get(id), tags, `${id}: its tags were followed rightly`);
  const made = entries.filter(({ service }) => service === "ec2").map(({ action }) => `ec2:${action}`);
  t.same(actionsOf(POLICY), [...new Set([...made, ...BY_EC2_ITSELF])].sort());
  t.same(
    POLICY.Statement.map(({ Sid }) => Sid).filter((sid) => !used.has(sid)),
    ["LookByDescribeImageReferences", "ChangeNothingInOtherRegions"],
    "no statement allows what nobody needs",
  );
});

t.test(
  "by the policy nothing is changed that carries no tag of ours, in another region, or by another tag",
  async (t) => {
    const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT } } });
    t.teardown(() => simulator.close());
    const images = openImages({ ...SPEC, endpoint: simulator.url, credentials: CREDENTIALS, clock: systemClock });
    t.teardown(() => {
      images.close();
    });
    const [ami, snap] = ["ami-00000000000000001", "snap-00000000000000001"];
    const add = (region: string): unknown => simulator.addImage(region, { id: ami, snapshots: [{ id: snap }] });
    for (const region of [REGION, "us-gov-west-1"]) add(region);
    await images.closeImage(REGION, ami);
    await images.closeSnapshot(REGION, snap);
    await images.tag(REGION, [ami], { "clean-amis:intent": "", Name: "" });
    await images.tag("us-gov-west-1", [ami], { "clean-amis:intent": "" });
    await images.deregister(REGION, ami);
    await images.deleteSnapshot(REGION, snap);
    const { entries } = simulator.journal;
    const { used, refused } = judge(POLICY, entries, new Map());
    t.same([...used], []);
    t.equal(refused.length, entries.length, refused.join("\n"));
    t.match(refused.join("\n"), "ami-00000000000000001: ChangeNothingInOtherRegions");
    const onlyIntent: TagsOf = new Map([[ami, new Set(["clean-amis:intent"])]]);
    const deregister = entries.filter(({ action }) => action === "DeregisterImage");
    t.equal(
      judge(POLICY, deregister, onlyIntent).refused.length,
      1,
      "an image that was never read back as private stays",
    );
  },
);

t.test("every call that changes something is bound to the regions and to our tags", (t) => {
  const changing = actionsOf(POLICY).filter((action) => CHANGING.test(action));
  t.same(actionsOf(POLICY, "Deny"), changing);
  const tags = POLICY.Statement.find(({ Sid }) => Sid === "WriteOurTags")?.Condition?.["ForAllValues:StringEquals"];
  t.same([...listOf(tags?.["aws:TagKeys"])].sort(byWord), [...OUR_TAGS].sort(byWord));
  t.equal(JSON.stringify(POLICY).length < 6144, true, "IAM's limit for a managed policy");
  t.end();
});

t.test("the role is assumed by one, with an external id, and nothing else is asked of STS", async (t) => {
  const [trust, caller] = [read("trust"), read("caller")];
  for (const policy of [trust, caller]) t.same(actionsOf(policy), ["sts:AssumeRole"]);
  const [arn = ""] = listOf(caller.Statement[0]?.Resource);
  const { "sts:ExternalId": externalId = "" } = trust.Statement[0]?.Condition?.["StringEquals"] ?? {};
  const role = { arn, externalId: listOf(externalId)[0] ?? "" };
  const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT, roles: [role] } } });
  t.teardown(() => simulator.close());
  const images = openImages({ ...SPEC, endpoint: simulator.url, credentials: CREDENTIALS, role, clock: systemClock });
  t.teardown(() => {
    images.close();
  });
  t.equal(await images.account(), ACCOUNT);
  const asked = simulator.journal.entries.map(({ service, action }) => `${service}:${action}`);
  t.same(asked, ["sts:AssumeRole", "sts:GetCallerIdentity"], "the second needs no permission");
});
