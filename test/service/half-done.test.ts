import t, { type Test } from "tap";
import type { Fault } from "../../src/demo/outside/ec2/state/faults.ts";
import { DAY_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { WrittenSource } from "../support/world/inputs/sources.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type Nightly, type World } from "../support/world/world.ts";

interface Scene extends Nightly {
  readonly world: World;
}

const SECRET = "arn:aws:sts::123456789012:assumed-role/ec2.internal is not authorized, request 10.1.2.3";

/** A refusal of one call, by a message that the public must not read, until it is lifted. */
function refuse({ world }: Scene, action: string, extra: Partial<Fault> = {}): () => void {
  const error = { kind: "error", code: "UnauthorizedOperation", status: 403, message: SECRET } as const;
  return world.simulator.faults.add({ ...error, action, times: Infinity, ...extra } as Fault);
}

async function heard(t: Test): Promise<Scene> {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(PERIODS.privateAfterMs);
  return { ...nightly, world };
}

async function due(t: Test): Promise<Scene> {
  const scene = await heard(t);
  await scene.world.tick();
  await scene.world.report();
  scene.world.clock.advance(PERIODS.deleteAfterMs);
  return scene;
}

async function deadline({ world, amiId }: Scene): Promise<number | null> {
  return (await world.reporter.schedule.get(REGION, amiId))?.deleteAt ?? null;
}

function isFit(t: Test, { world }: Scene): void {
  t.notMatch(world.posts().join("\n"), /123456789012|assumed-role|internal|10\.1\.2\.3|not authorized/);
}

t.test(
  "an image that is private while its snapshots are not is told as private, and its days begin when it is done",
  async (t) => {
    const scene = await heard(t);
    const { world, amiId } = scene;
    const mend = refuse(scene, "ModifySnapshotAttribute");
    t.same(await world.tick(), { refused: 1 });
    t.same(await world.report(), { posted: 1, noticed: 0 });
    const [post = ""] = world.posts();
    t.match(
      post,
      /## Begun, and not finished \(1\)[^]*\*\*private\*\* from now on, and is not deleted before \*\*2026-12-09/,
    );
    t.match(
      post,
      new RegExp(
        `the image is private; .*snapshots are still public; .*\\(UnauthorizedOperation\\); .*people who run[^#]*${amiId}`,
      ),
    );
    t.notMatch(post, /left as they are/);
    world.clock.advance(30 * DAY_MS);
    t.same(await world.tick(), { refused: 1 });
    await world.report();
    t.equal(await deadline(scene), null, "not told as made private: no date");
    t.equal(world.simulator.image(REGION, amiId)?.state, "available");
    mend();
    world.clock.advance(8 * DAY_MS);
    t.same(await world.tick(), { "make-private": 1 });
    t.same((await world.report()).noticed, 1);
    t.equal(await deadline(scene), world.clock.now() + PERIODS.deleteAfterMs, "whole ten days from the notice");
    isFit(t, scene);
  },
);

t.test("an image that a pause or a stop left half private, without any failure, is named all the same", async (t) => {
  const scene = await heard(t);
  const { world, amiId } = scene;
  const image = await world.reporter.schedule.get(REGION, amiId);
  const lease = { token: "died", now: world.clock.now(), until: world.clock.now() + MINUTE_MS };
  const [claimed] = await world.reporter.schedule.claim(REGION, "private", lease, 1);
  if (image === null || claimed === undefined) throw new Error("nothing was claimed");
  await world.reporter.schedule.recordTakenAway(claimed, { image: true, snapshots: [] });
  t.same(await world.report(), { posted: 0, noticed: 0 }, "it is being worked on");
  world.clock.advance(2 * MINUTE_MS);
  t.same(await world.report(), { posted: 1, noticed: 0 });
  t.match(world.posts().join(), new RegExp(`## Still not finished[^]*private, or may be;[^#]*${amiId}`));
  t.notMatch(world.posts().join(), /To be made private/);
});

t.test("an image that is gone while its snapshots stand is told as deleted, with what is left", async (t) => {
  const scene = await due(t);
  const { world, amiId } = scene;
  const mend = refuse(scene, "DeleteSnapshot");
  t.same(await world.tick(), { refused: 1 });
  await world.report();
  t.match(
    world.posts().join(),
    new RegExp(`## Deleted, with something left \\(1\\)[^]*snapshots still stand;[^#]*${amiId}`),
  );
  t.notMatch(world.posts().join(), /left as they are/);
  mend();
  world.clock.advance(7 * DAY_MS);
  await world.tick();
  await world.report();
  t.match(world.posts().join(), /## Deleted \(1\)/);
  isFit(t, scene);
});

t.test("an image whose deletion is refused still stands, and is told so", async (t) => {
  const scene = await due(t);
  refuse(scene, "DeregisterImage");
  await scene.world.tick();
  await scene.world.report();
  t.match(
    scene.world.posts().join(),
    /## Begun, and not finished \(1\)[^]*its deletion was begun[^]*the image still stands/,
  );
  isFit(t, scene);
});

t.test("an image that is public again with our marks on it is told as given back", async (t) => {
  const scene = await due(t);
  const { world, amiId } = scene;
  const order = {
    verb: "restore",
    by: "ann",
    why: "needed",
    until: null,
    at: world.clock.now(),
    composeId: null,
  } as const;
  await world.clerk.orders.add({ ...order, images: [{ region: REGION, amiId }] });
  await carryOutOrders(world.clerk);
  const mend = refuse(scene, "DeleteTags");
  await world.tick();
  await world.report();
  t.match(
    world.posts().join(),
    new RegExp(`## Given back, with something left \\(1\\)[^]*everybody can use it again;[^#]*${amiId}`),
  );
  mend();
  world.clock.advance(7 * DAY_MS);
  await world.tick();
  await world.report();
  t.match(world.posts().join(), /## Given back to the public \(1\)/);
  isFit(t, scene);
});

t.test("a source that never answers is told after a day, and its image not listed as due for ever", async (t) => {
  const composeinfo = new WrittenSource("composeinfo", "failure");
  const world = await openWorld(t, { sources: [composeinfo] });
  const composeId = "Fedora-Cloud-43-20261121.0";
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20261121.0";
  world.simulator.addImage(REGION, { id: "ami-00000000000000042", name, snapshots: [] });
  await world.hear("pungi.compose.status.change", {
    status: "FINISHED",
    compose_id: composeId,
    compose_type: "production",
    compose_label: "RC-20261121.0",
  });
  const regions = { [REGION]: "ami-00000000000000042" };
  await world.hear(UPLOADER, { architecture: "x86_64", compose_id: composeId, image_name: name, regions });
  world.clock.advance(PERIODS.privateAfterMs);
  t.same(await world.tick(), { wait: 1 });
  world.clock.advance(DAY_MS);
  t.same(await world.tick(), { refuse: 1 });
  await world.report();
  const post = world.posts().join();
  t.match(post, /## Refused: left as they are \(1\)[^]*no answer came from composeinfo/);
  t.match(post, new RegExp(`## Still left as they are[^]*no answer came from composeinfo.*${composeId}`));
  t.notMatch(post, new RegExp(`To be made private[^#]*${composeId}`));
  composeinfo.answers("nothing");
  world.clock.advance(60 * MINUTE_MS);
  t.match(await world.tick(), { "make-private": 1 }, "asked again every hour");
});
