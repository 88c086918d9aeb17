import t from "tap";
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import type { Told } from "../../src/operate/told.ts";
import { privateWorld } from "../support/world/nightly.ts";
import { contentsOf } from "../support/scenes/contents.ts";
import { loseRedis, openDatagrepperOf, reconcileIn } from "../support/scenes/reconcile.ts";
import { WrittenSource } from "../support/world/inputs/sources.ts";
import { addNightly, openWorld, PERIODS, REGION, START, UPLOADER, type World } from "../support/world/world.ts";

const kinds = (told: readonly Told[]): string[] => told.map(({ kind }) => kind).sort();

function standing(world: World, amiId: string, region = REGION): Promise<(string | null)[]> {
  return world.connection.redis.hmget(world.connection.keys.image(region, amiId), "stage", "compose_id");
}

t.test("when Redis and EC2 agree, through the whole life of an image, nothing is told", async (t) => {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  const agree = async (when: string): Promise<void> => void t.same(await reconcileIn(world), [], when);
  await agree("public");
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await agree("private");
  await world.report();
  await agree("noticed");
  world.clock.advance(10 * DAY_MS);
  await world.tick();
  await agree("deleted");
});

t.test("without --apply nothing is written to Redis or EC2, whatever is found", async (t) => {
  const [world, { amiId }] = await privateWorld(t);
  world.simulator.addImage(REGION, {
    id: "ami-0000000000000000f",
    snapshots: [{ id: "snap-0000000000000000e" }],
    tags: { LaunchPermissionRevoked: "14112022" },
  });
  world.simulator.addSnapshot(REGION, { id: "snap-0000000000000000f", tags: { "clean-amis:image": "ami-00000001" } });
  await world.connection.redis.del(world.connection.keys.image(REGION, amiId));
  const [before, calls] = [await contentsOf(world.connection), world.simulator.journal.mutating().length];
  const datagrepper = await openDatagrepperOf(t, world);
  const told = await reconcileIn(world, { archive: datagrepper.archive });
  t.same(kinds(told), ["leaked-snapshot", "no-record", "no-record"]);
  t.same(await contentsOf(world.connection), before, "Redis is as it was");
  t.equal(world.simulator.journal.mutating().length, calls, "EC2 is as it was");
});

t.test("a second --apply finds nothing to mend, and changes nothing", async (t) => {
  const [world, { amiId }] = await privateWorld(t);
  await loseRedis(world);
  t.match(await reconcileIn(world, { isApplied: true }), [{ kind: "no-record", isMended: true }]);
  t.same(await standing(world, amiId), ["private", "Fedora-Rawhide-20261121.n.0"]);
  const { redis, keys } = world.connection;
  const dump = async () => {
    t.match(await redis.hgetall(keys.counts(REGION)), { "stage:private": "1", untold: "1" });
    // All were counted anew, in another epoch.
    await redis.del(keys.counts(REGION));
    await redis.hdel(keys.image(REGION, amiId), "counted");
    return contentsOf(world.connection);
  };
  const before = await dump();
  t.same(await reconcileIn(world, { isApplied: true }), []);
  t.same(await dump(), before);
});

t.test("what was found again is told to the public in its own words, and has all of its days", async (t) => {
  const [world, { amiId }] = await privateWorld(t);
  world.clock.advance(9 * DAY_MS);
  await loseRedis(world);
  await reconcileIn(world, { isApplied: true });
  world.clock.advance(2 * DAY_MS);
  t.same(await world.tick(), {}, "the old date counts for nothing");
  t.same(await world.report(), { posted: 1, noticed: 1 });
  t.match(world.posts().at(-1), new RegExp(`made private earlier, and the record of that was lost[^]*${amiId}`));
  world.clock.advance(10 * DAY_MS - 1000);
  t.same(await world.tick(), {});
  world.clock.advance(1000);
  t.same(await world.tick(), { delete: 1 });
  t.same(world.simulator.snapshots(REGION), []);
});

t.test("a record that appears between the look and the writing stands", async (t) => {
  const [world, nightly] = await privateWorld(t);
  await loseRedis(world);
  const { schedule } = world.ingester;
  const overtaken = new Proxy(schedule, {
    get: (target, name) =>
      name === "adopt"
        ? async (...args: Parameters<typeof schedule.adopt>) => {
            await world.hear(UPLOADER, nightly.message);
            return target.adopt(...args);
          }
        : (Reflect.get(target, name) as unknown),
  });
  t.same(await reconcileIn(world, { isApplied: true, schedule: overtaken }), []);
  t.match(await standing(world, nightly.amiId), ["public"]);
  t.same(await world.events(), ["scheduled"]);
});

t.test("facts that went with Redis are asked for again before a private image goes", async (t) => {
  const source = new WrittenSource("composeinfo", { type: "production", label: "RC-20261120.0" });
  const world = await openWorld(t, { sources: [source] });
  const at = formatInstant(START - DAY_MS);
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20261120.0";
  const amiId = "ami-000000000000000ab";
  const tags = { "clean-amis:intent": `${at} all`, "clean-amis:compose": "Fedora-Cloud-43-20261120.0" };
  world.simulator.addImage(REGION, {
    id: amiId,
    name,
    isPublic: false,
    createdAt: START - 10 * DAY_MS,
    tags: { ...tags, "clean-amis:private-at": at },
  });
  await reconcileIn(world, { isApplied: true });
  await world.report();
  world.clock.advance(10 * DAY_MS);
  t.same(source.asked, []);
  await world.tick();
  world.clock.advance(PERIODS.leaseMs + MINUTE_MS);
  await world.tick();
  t.same(source.asked, ["Fedora-Cloud-43-20261120.0"]);
  t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
});

t.test("a snapshot is told as left behind only when its image is gone and nothing else stands on it", async (t) => {
  const world = await openWorld(t);
  const tags = { "clean-amis:image": "ami-00000000000000fff" };
  for (const id of ["snap-00000001", "snap-00000002"]) world.simulator.addSnapshot(REGION, { id, tags, sizeGiB: 7 });
  world.simulator.addImage(REGION, { snapshots: ["snap-00000002"] });
  const told = await reconcileIn(world, { isApplied: true });
  t.match(told, [{ kind: "leaked-snapshot", isMended: false, what: /snap-00000001 of 7 GiB/ }]);
  t.equal(told.length, 1);
  t.match(told[0], { remedy: /aws ec2 delete-snapshot --region us-east-1 --snapshot-id snap-00000001/ });
});

t.test("an image that Redis says is deleted, and EC2 still shows, is told", async (t) => {
  const [world, { amiId }] = await privateWorld(t);
  world.clock.advance(10 * DAY_MS);
  await world.tick();
  world.simulator.changeImage(REGION, amiId, { state: "available", deregisteredAt: null });
  t.same(kinds(await reconcileIn(world, { isApplied: true })), ["deleted-but-there"]);
});

t.test("however stale EC2's lists are, a rebuilt image is never deleted early, and ends whole", async (t) => {
  for (const staleMs of [10 * MINUTE_MS, 2 * HOUR_MS]) {
    const world = await openWorld(t);
    const nightly = addNightly(world);
    await world.hear(UPLOADER, nightly.message);
    world.clock.advance(5 * DAY_MS);
    await world.tick();
    await loseRedis(world);
    world.simulator.configure(REGION, { describeImagesStaleMs: staleMs });
    await reconcileIn(world, { isApplied: true });
    t.match(await standing(world, nightly.amiId), ["public"], "by its snapshots, as its own tags are not shown yet");
    world.simulator.configure(REGION, { describeImagesStaleMs: 0 });
    world.clock.advance(HOUR_MS);
    await world.tick();
    await world.report();
    const noticedAt = world.clock.now();
    world.clock.advance(10 * DAY_MS - 1000);
    t.same(await world.tick(), {});
    world.clock.advance(1000);
    t.same(await world.tick(), { delete: 1 });
    t.ok(world.clock.now() - noticedAt >= PERIODS.deleteAfterMs);
    t.same(world.simulator.snapshots(REGION), []);
  }
});

t.test(
  "after a total loss every region of the account is read, and a dead one is told and stops no other",
  async (t) => {
    const [world, { amiId }] = await privateWorld(t);
    world.simulator.addImage("eu-west-1", {});
    await loseRedis(world);
    const region = "eu-west-1";
    world.simulator.faults.add({ kind: "error", code: "UnauthorizedOperation", status: 403, region, times: Infinity });
    const told = await reconcileIn(world, { isApplied: true }, null);
    t.match(told, [
      { kind: "failed", region: "eu-west-1" },
      { kind: "no-record", region: REGION, amiId },
    ]);
    t.equal(told.length, 2);
  },
);

t.test("with the credentials of another account nothing is read or written", async (t) => {
  const [world] = await privateWorld(t);
  await loseRedis(world);
  const guards = { ...world.ticker.guards, account: "999999999999" };
  const before = world.simulator.journal.of("DescribeImages").length;
  await t.rejects(reconcileIn(world, { isApplied: true, guards }), { code: "wrong-account" });
  t.equal(world.simulator.journal.of("DescribeImages").length, before);
  t.same(await contentsOf(world.connection), {});
});

t.test("a large account is read page by page, each worked before the next is asked for", async (t) => {
  const world = await openWorld(t);
  const count = 900;
  const at = formatInstant(START - DAY_MS);
  const marks = { "clean-amis:intent": `${at} all`, "clean-amis:private-at": at };
  for (let number = 1; number <= count; number += 1) {
    const id = `ami-${String(number).padStart(17, "0")}`;
    const tags = { ...marks, "clean-amis:compose": "Fedora-Rawhide-20261121.n.0", "clean-amis:image": id };
    world.simulator.addImage(REGION, { id, isPublic: false, tags, snapshots: [{ tags }] });
  }
  const told = await reconcileIn(world, { isApplied: true });
  t.equal(told.filter((each) => each.kind === "no-record" && each.isMended).length, count);
  const calls = world.simulator.journal.entries.filter(({ service }) => service === "ec2");
  const isPage = ({ action, parameters }: (typeof calls)[number]): boolean =>
    action === "DescribeImages" && Object.values(parameters).includes("tag-key");
  const pages = calls.flatMap((call, index) => (isPage(call) ? [index] : []));
  t.equal(pages.length, Math.ceil(count / 200), "five pages");
  const between = pages.slice(1).map((index, page) => index - (pages[page] ?? 0));
  for (const calls of between) t.ok(calls >= 200, "every image of a page is asked about before the next page");
  t.equal(await world.connection.redis.scard(world.connection.keys.images(REGION)), count);
  t.same(await reconcileIn(world), [], "and the records agree");
});
