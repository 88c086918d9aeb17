import t from "tap";
import { DAY_MS, formatInstant, SECOND_MS } from "../../src/domain/time.ts";
import { addNightly, openWorld, REGION, START, UPLOADER, type World } from "../support/world/world.ts";

/** Calls by which anything is taken from the public, or for good. */
const CHANGES = ["ModifyImageAttribute", "ModifySnapshotAttribute", "DeregisterImage", "DeleteSnapshot"] as const;

function changes({ simulator }: World): readonly number[] {
  return CHANGES.map((action) => simulator.journal.of(action).length);
}

const NONE = CHANGES.map(() => 0);

t.test("whoever publishes on the bus can have no release touched, whatever compose he gives it", async (t) => {
  const world = await openWorld(t);
  const [amiId, name] = ["ami-0aaaaaaaaaaaaaaaa", "Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6"];
  world.simulator.addImage(REGION, { id: amiId, name, snapshots: [{ id: "snap-0aaaaaaaaaaaaaaaa", isPublic: true }] });
  const [compose_id, other] = ["Fedora-Rawhide-20261121.n.0", "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261121.0"];
  for (const image_name of [name, other])
    await world.hear(UPLOADER, { architecture: "x86_64", compose_id, image_name, regions: { [REGION]: amiId } });
  for (let round = 0; round < 4; round += 1) {
    world.clock.advance(5 * DAY_MS);
    await world.tick();
    await world.report();
  }
  t.same(changes(world), NONE);
});

t.test("whoever publishes with an old date makes nothing private before it is five days old in EC2", async (t) => {
  const world = await openWorld(t);
  const { message } = addNightly(world);
  await world.hear(UPLOADER, message, START - 30 * DAY_MS);
  for (let day = 0; day < 5; day += 1) {
    await world.tick();
    world.clock.advance(DAY_MS - SECOND_MS);
  }
  t.same(changes(world), NONE);
});

t.test(
  "whoever writes to Redis can have nothing deleted that our tags in EC2 do not call private for ten days",
  async (t) => {
    const world = await openWorld(t);
    const { redis, keys } = world.connection;
    const { amiId, message } = addNightly(world);
    await world.hear(UPLOADER, message);
    const past = formatInstant(START - 20 * DAY_MS);
    await redis.hset(keys.image(REGION, amiId), {
      ...{ stage: "private", uploaded_at: past, made_private_at: past, noticed_at: past, delete_at: past },
      taken_away: JSON.stringify({ image: true, snapshots: [] }),
    });
    await redis.zrem(keys.queue(REGION, "private"), amiId);
    await redis.zadd(keys.queue(REGION, "delete"), 1, amiId);
    await world.tick();
    t.same(changes(world), NONE);
    t.equal(world.simulator.image(REGION, amiId)?.state, "available");
  },
);
