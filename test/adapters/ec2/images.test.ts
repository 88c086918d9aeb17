import t, { type Test } from "tap";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { MINUTE_MS } from "../../../src/domain/time.ts";
import { failedCall } from "../../../src/domain/plan/public-reason.ts";
import type { Images, Log } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { ACCOUNT } from "../../support/world/image.ts";
import { VirtualClock } from "../../support/world/virtual-clock.ts";
import { REGION, START } from "../../support/world/world.ts";

async function open(
  t: Test,
  log: Log = silentLog,
): Promise<{ simulator: Ec2Simulator; images: Images; clock: VirtualClock }> {
  const clock = new VirtualClock(START);
  const simulator = await startEc2Simulator({ now: clock.now, accounts: { AKIDTEST: { id: ACCOUNT } } });
  const images = openImages({
    endpoint: simulator.url,
    role: null,
    share: 1,
    log,
    clock: clock.within,
    credentials: { accessKeyId: "AKIDTEST", secretAccessKey: "secret" },
  });
  t.teardown(async () => {
    images.close();
    await simulator.close();
  });
  return { simulator, clock, images: clock.watch<Images>(images) };
}

t.test("a snapshot is closed and opened in the form that moto carries out, too", async (t) => {
  const { simulator, images } = await open(t);
  const { id } = simulator.addSnapshot(REGION, { isPublic: true });
  await images.closeSnapshot(REGION, id);
  t.equal(simulator.snapshot(REGION, id)?.permission.isPublic, false);
  await images.openSnapshot(REGION, id);
  t.equal(simulator.snapshot(REGION, id)?.permission.isPublic, true);
  const said = simulator.journal.of("ModifySnapshotAttribute").map(({ parameters }) => parameters);
  t.match(said, [
    { OperationType: "remove", "UserGroup.1": "all" },
    { OperationType: "add", "UserGroup.1": "all" },
  ]);
});

t.test("a question that the endpoint does not know is no missing permission, and the next one is asked", async (t) => {
  const told: unknown[] = [];
  const { simulator, images } = await open(t, { ...silentLog, warn: (...words) => told.push(words) });
  const image = simulator.addImage(REGION);
  const { id } = simulator.addInstance(REGION, { imageId: image.id });
  simulator.faults.add({ kind: "error", code: "InvalidAction", action: "DescribeImageReferences" });
  t.same(await images.usersOf(REGION, [image.id]), new Map([[image.id, [id]]]));
  t.match(told, [[{ permission: "ec2:DescribeImageReferences", why: "the endpoint does not know this call" }]]);
  t.match(JSON.stringify(told), /^(?!.*credentials)/);
});

t.test("a question that was denied is asked again after an hour, and not before", async (t) => {
  const { simulator, images, clock } = await open(t);
  const { id } = simulator.addImage(REGION);
  const denied = { kind: "error", code: "UnauthorizedOperation", action: "DescribeImageReferences" } as const;
  const lift = simulator.faults.add({ ...denied, times: Infinity });
  const asked: number[] = [];
  for (const minutes of [0, 59, 1]) {
    await clock.sleep(minutes * MINUTE_MS);
    await images.usersOf(REGION, [id]);
    asked.push(simulator.journal.of("DescribeImageReferences").length);
  }
  lift();
  t.same(asked, [1, 1, 2]);
});

t.test(
  "whatever runs, or could run again, uses an image, in either way of asking; what has ended does not",
  async (t) => {
    const { simulator, images } = await open(t);
    const states = ["pending", "running", "shutting-down", "stopping", "stopped", "terminated"] as const;
    const amiIds = states.map((state) => {
      const { id } = simulator.addImage(REGION);
      simulator.addInstance(REGION, { imageId: id, state });
      return id;
    });
    t.same([...(await images.usersOf(REGION, amiIds)).keys()].sort(), amiIds.slice(0, -1).sort());
    simulator.faults.add({ kind: "error", code: "UnauthorizedOperation", action: "DescribeImageReferences" });
    t.same([...(await images.usersOf(REGION, amiIds)).keys()].sort(), amiIds.slice(0, -1).sort());
  },
);

t.test("of images one of which EC2 does not know, nobody says that nothing uses them", async (t) => {
  const { simulator, images } = await open(t);
  const { id } = simulator.addImage(REGION);
  const unknown = { name: "UpstreamError", code: "InvalidAMIID.NotFound", scope: "image" };
  await t.rejects(images.usersOf(REGION, ["ami-0fffffffffffffff0", id]), unknown);
  await t.rejects(images.usersOf(REGION, ["ami-0fffffffffffffff0"]), unknown);
});

t.test("a snapshot that EC2 does not know for a moment, and shows, is not taken for gone", async (t) => {
  const { simulator, images } = await open(t);
  const id = "snap-0123456789abcdef0";
  const { id: amiId } = simulator.addImage(REGION, { snapshots: [{ id }] });
  await images.deregister(REGION, amiId);
  simulator.faults.add({ kind: "error", code: "InvalidSnapshot.NotFound", status: 400, action: "DeleteSnapshot" });
  await t.rejects(images.deleteSnapshot(REGION, id), { name: "UpstreamError", scope: "image" });
  t.equal(await images.deleteSnapshot(REGION, id), "deleted");
  t.equal(await images.deleteSnapshot(REGION, id), "gone");
});

t.test(
  "a launch template uses an image by any version that EC2 can be asked for, not by the ten newest alone",
  async (t) => {
    const { simulator, images } = await open(t);
    const arn = "arn:aws:ec2:us-east-1:125523088429:launch-template/lt-0123456789abcdef0";
    const old = { resourceType: "ec2:LaunchTemplate", arn, depth: 10_000 };
    const { id } = simulator.addImage(REGION, { references: [old] });
    t.same(await images.usersOf(REGION, [id]), new Map([[id, [arn]]]));
  },
);

t.test("who stands on a snapshot is learnt where the endpoint does not know the filter, too", async (t) => {
  const { simulator, images } = await open(t);
  const snapshot = simulator.addSnapshot(REGION);
  const amiIds = ["available", "disabled"].map(
    (state) => simulator.addImage(REGION, { snapshots: [snapshot.id], state: state as "available" }).id,
  );
  simulator.addImage(REGION, { snapshots: [snapshot.id], state: "deregistered" });
  t.same(await images.imagesOn(REGION, [snapshot.id]), new Map([[snapshot.id, amiIds]]));
  simulator.faults.add({ kind: "error", code: "InvalidAction", action: "DescribeImages" });
  t.same(await images.imagesOn(REGION, [snapshot.id]), new Map([[snapshot.id, amiIds]]));
});

t.test("a failing endpoint's web page is told by its status, not by what a parser made of it", async (t) => {
  const { simulator, images } = await open(t);
  simulator.faults.add({ kind: "garbage", body: "html", status: 500, times: Infinity });
  const message =
    `ec2: isWayBackOpen in ${REGION}: unreadable-answer: HTTP 500 and no answer of EC2's: ` +
    "look what answers there (a proxy?)";
  await t.rejects(images.isWayBackOpen(REGION), { name: "UpstreamError", code: "unreadable-answer", message });
  t.same(failedCall(`failed: ${message}`), { step: "isWayBackOpen", code: null }, "and the public is told the step");
});
