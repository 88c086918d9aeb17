import t from "tap";
import { DEFAULT_POLICY } from "../../src/domain/compose/classify.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { WrittenSource } from "../support/world/inputs/sources.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World, PERIODS } from "../support/world/world.ts";

const COMPOSE = "Fedora-Cloud-43-20261120.0";
const NAME = "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20261120.0";
const DATED = { type: "production", label: "RC-20261120.0" };
const AMI = "ami-00000000000000001";

/** Announces one image of the dated compose, which is in EC2 as well. */
async function announce(world: World, amiId = AMI, region = REGION): Promise<void> {
  world.simulator.addImage(region, { id: amiId, name: NAME });
  const body = { architecture: "x86_64", compose_id: COMPOSE, image_name: NAME, regions: { [region]: amiId } };
  await world.hear(UPLOADER, body);
}

function pungi(world: World, label: string | null): Promise<unknown> {
  const body = { status: "FINISHED", compose_id: COMPOSE, compose_type: "production", compose_label: label };
  return world.hear("pungi.compose.status.change", body);
}

async function stageAndRule(world: World, amiId = AMI): Promise<(string | null)[]> {
  return world.connection.redis.hmget(world.connection.keys.image(REGION, amiId), "stage", "rule");
}

t.test("88 images of one unknown compose in 22 regions cost one look-up", async (t) => {
  const source = new WrittenSource("composeinfo", DATED);
  const world = await openWorld(t, { sources: [source] });
  const regions = Array.from({ length: 22 }, (_, index) => `eu-test-${index + 1}`);
  for (let image = 0; image < 4; image += 1) {
    const ids = regions.map((region, index) => [region, `ami-000000000000${image}${String(index).padStart(4, "0")}`]);
    const body = {
      architecture: "x86_64",
      compose_id: COMPOSE,
      image_name: NAME,
      regions: Object.fromEntries(ids) as object,
    };
    await world.hear(UPLOADER, body);
  }
  t.same(source.asked, [], "and none before the message is acknowledged");
  await Promise.all(regions.map((region) => world.resolve(region)));
  for (const region of regions) await world.resolve(region);
  t.same(source.asked, [COMPOSE]);
  const stages = await Promise.all(
    regions.map((region) => world.connection.redis.zcard(world.connection.keys.queue(region, "private"))),
  );
  t.same(
    stages,
    regions.map(() => 4),
  );
});

t.test(
  "before the first image goes private on the strength of a label, every source is asked, once a compose",
  async (t) => {
    const [one, two] = [new WrittenSource("composeinfo", DATED), new WrittenSource("datagrepper", DATED)];
    const world = await openWorld(t, { sources: [one, two] });
    await pungi(world, "RC-20261120.0");
    await announce(world);
    await announce(world, "ami-00000000000000002");
    t.same([one.asked, two.asked], [[], []]);
    world.clock.advance(5 * DAY_MS);
    t.same(await world.tick(), { "make-private": 2 });
    t.same([one.asked, two.asked], [[COMPOSE], [COMPOSE]]);
  },
);

t.test("a source that contradicts the bus keeps the images, for a person", async (t) => {
  const world = await openWorld(t, {
    sources: [new WrittenSource("composeinfo", { type: "production", label: "RC-1.1" })],
  });
  await pungi(world, "RC-20261120.0");
  await announce(world);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  // The claim under way might have begun something: it is looked at once more when the claim is over.
  world.clock.advance(PERIODS.leaseMs);
  await world.tick();
  t.same(await stageAndRule(world), ["kept", "conflict"]);
  t.same(world.simulator.journal.mutating(), []);
  await world.report();
  t.match(world.posts().join(), /a person should look[^]*composeinfo says "RC-1.1"/);
});

t.test("while a source fails nothing goes private on the strength of a label; when it answers, it does", async (t) => {
  const source = new WrittenSource("composeinfo", "failure");
  const world = await openWorld(t, { sources: [source] });
  await pungi(world, "RC-20261120.0");
  await announce(world);
  world.clock.advance(5 * DAY_MS);
  for (let pass = 0; pass < 20; pass += 1) {
    t.same(await world.tick(), { wait: 1 });
    world.clock.advance(15 * MINUTE_MS);
  }
  t.match(await world.connection.redis.hget(world.connection.keys.image(REGION, AMI), "last_error"), /composeinfo/);
  source.answers(DATED);
  t.same(await world.tick(), { "make-private": 1 });
});

t.test("a compose that is gone everywhere leaves the bus's word", async (t) => {
  const world = await openWorld(t, { sources: [new WrittenSource("composeinfo", "nothing")] });
  await pungi(world, "RC-20261120.0");
  await announce(world);
  world.clock.advance(5 * DAY_MS);
  t.same(await world.tick(), { "make-private": 1 });
});

t.test("that a source knew nothing of a compose while it was still running does not count days later", async (t) => {
  const source = new WrittenSource("composeinfo", "nothing");
  const world = await openWorld(t, { sources: [source] });
  await announce(world);
  await world.resolve();
  await pungi(world, "RC-20261120.0");
  source.answers({ type: "production", label: "RC-1.2" });
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  // The claim under way might have begun something: it is looked at once more when the claim is over.
  world.clock.advance(PERIODS.leaseMs);
  await world.tick();
  t.same(await stageAndRule(world), ["kept", "conflict"]);
});

t.test("a word that a source gave counts for the compose's later images, however old it is", async (t) => {
  const source = new WrittenSource("composeinfo", DATED);
  const world = await openWorld(t, { sources: [source] });
  await pungi(world, "RC-20261120.0");
  await announce(world);
  world.clock.advance(5 * DAY_MS);
  t.same(await world.tick(), { "make-private": 1 });
  await announce(world, "ami-00000000000000002");
  world.clock.advance(5 * DAY_MS);
  t.same(await world.tick(), { "make-private": 1 });
  t.same(source.asked, [COMPOSE]);
});

t.test("a nightly asks nobody", async (t) => {
  const source = new WrittenSource("composeinfo", "failure");
  const world = await openWorld(t, { sources: [source] });
  await world.hear(UPLOADER, addNightly(world).message);
  world.clock.advance(5 * DAY_MS);
  t.same(await world.tick(), { "make-private": 1 });
  t.same(source.asked, []);
});

t.test(
  "unresolved images are tried again after minutes, then hours, end as kept after 14 days, and can still be decided",
  async (t) => {
    const source = new WrittenSource("composeinfo", "nothing");
    const world = await openWorld(t, { sources: [source] });
    const { redis, keys } = world.connection;
    await announce(world);
    const due = async (): Promise<number> => Number(await redis.zscore(keys.queue(REGION, "unresolved"), AMI)) * 1000;
    const pauses: number[] = [];
    while ((await stageAndRule(world))[0] === "unresolved") {
      await world.resolve();
      if ((await stageAndRule(world))[0] !== "unresolved") break;
      pauses.push((await due()) - world.clock.now());
      world.clock.advance((await due()) - world.clock.now());
    }
    t.same(
      pauses.slice(0, 4),
      [1, 2, 4, 8].map((minutes) => minutes * MINUTE_MS),
    );
    t.ok(pauses.every((pause) => pause <= 6 * HOUR_MS) && pauses.length > 50, `${pauses.length} tries`);
    t.same(await stageAndRule(world), ["kept", "unresolved"]);
    t.ok(source.asked.length < pauses.length, "fewer questions than tries: an answer stands for five minutes");
    t.same(world.simulator.journal.entries, [], "and EC2 was never called");
    await pungi(world, "RC-20261120.0");
    t.same(await stageAndRule(world), ["public", "dated-label"], "a fact that comes even later decides again");
  },
);

t.test("the newest composes of a stream stay public while the policy keeps them, however old they are", async (t) => {
  const world = await openWorld(t, { policy: { ...DEFAULT_POLICY, keepNewest: 2 } });
  for (const number of [1, 2, 3]) await world.hear(UPLOADER, addNightly(world, number).message);
  world.clock.advance(40 * DAY_MS);
  t.same(await world.tick(), { "make-private": 1, wait: 2 });
  t.equal(world.simulator.image(REGION, AMI)?.permission.isPublic, false, "the oldest of three");
  await world.hear(UPLOADER, addNightly(world, 4).message);
  world.clock.advance(6 * DAY_MS);
  await world.tick();
  t.equal(
    world.simulator.image(REGION, "ami-00000000000000002")?.permission.isPublic,
    false,
    "and the next, when a newer came",
  );
  t.equal(world.simulator.image(REGION, "ami-00000000000000003")?.permission.isPublic, true);
});

t.test("a production compose without a label is kept, and deleted only where the policy says so", async (t) => {
  for (const deleteUnlabelled of [false, true]) {
    const world = await openWorld(t, {
      sources: [new WrittenSource("composeinfo", { type: "production", label: null })],
      policy: { ...DEFAULT_POLICY, deleteUnlabelled },
    });
    await pungi(world, null);
    await announce(world);
    world.clock.advance(5 * DAY_MS);
    t.same(await world.tick(), deleteUnlabelled ? { "make-private": 1 } : {});
    t.same(await stageAndRule(world), deleteUnlabelled ? ["private", "unlabelled-deleted"] : ["kept", "unlabelled"]);
  }
});

t.test(
  "a message that names a release's image under a nightly's compose ends in a refusal, whatever name it gives",
  async (t) => {
    const release = "Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6";
    for (const announced of [release, "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261121.0"]) {
      const world = await openWorld(t);
      world.simulator.addImage(REGION, { id: AMI, name: release });
      const body = { architecture: "x86_64", compose_id: "Fedora-Rawhide-20261121.n.0", regions: { [REGION]: AMI } };
      await world.hear(UPLOADER, { ...body, image_name: announced });
      world.clock.advance(5 * DAY_MS);
      t.same(await world.tick(), { refuse: 1 });
      t.same(world.simulator.journal.mutating(), []);
      await world.report();
      t.match(world.posts().join(), /Refused[^]*its name in EC2/);
    }
  },
);

t.test("two messages that name two composes for one AMI are a conflict, also when it is private already", async (t) => {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.hear(UPLOADER, { ...nightly.message, compose_id: "Fedora-43-20261020.0" });
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { restore: 1 });
  t.same(await stageAndRule(world), ["kept", "conflict"]);
  t.equal(world.simulator.image(REGION, AMI)?.permission.isPublic, true);
});
