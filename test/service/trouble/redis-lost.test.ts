import t, { type Test } from "tap";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../../../src/domain/time.ts";
import {
  days,
  deletedAt,
  dieWhileDeleting,
  dieWhilePrivate,
  due,
  hold,
  lastNotice,
  makePrivate,
  notice,
  oldDate,
  order,
  publicByAnotherHand,
  release,
  waitThreeDays,
  type Journey,
} from "../../support/scenes/journey.ts";
import { tickAndDie } from "../../support/world/mortal.ts";
import { loseRedis, openDatagrepperOf, reconcileIn } from "../../support/scenes/reconcile.ts";
import { PERIODS, REGION, START, UPLOADER } from "../../support/world/world.ts";
import { addNightly, openWorld } from "../../support/world/world.ts";

t.setTimeout(600_000);

/** How a journey ends: deleted whole; held, then released and deleted; public and kept; gone but for snapshots that are told. */
type End = "deleted" | "held" | "given back and held" | "kept" | "leftover";

const MOMENTS: readonly (readonly [moment: string, end: End, arrange: (journey: Journey) => Promise<void>])[] = [
  ["before it is private", "deleted", waitThreeDays],
  ["when its snapshots alone are tagged", "deleted", async (journey) => dieWhilePrivate(journey, "tag")],
  ["when the intent is tagged", "deleted", async (journey) => dieWhilePrivate(journey, "tag", 2)],
  [
    "when the image is private and its snapshots are not",
    "deleted",
    (journey) => dieWhilePrivate(journey, "closeImage"),
  ],
  ["when it is tagged as private and not settled", "deleted", (journey) => dieWhilePrivate(journey, "tag", 3)],
  ["when it is private and nobody was told", "deleted", makePrivate],
  ["right after the notice", "deleted", notice],
  [
    "when half of its days are gone",
    "deleted",
    async (journey) => {
      await notice(journey);
      journey.world.clock.advance(5 * DAY_MS);
    },
  ],
  ["held before it was private", "held", (journey) => hold(journey)],
  [
    "held for a month after the notice",
    "held",
    async (journey) => {
      await notice(journey);
      await hold(journey, journey.world.clock.now() + 30 * DAY_MS);
    },
  ],
  [
    "released from a hold, and told again",
    "deleted",
    async (journey) => {
      await notice(journey);
      await hold(journey);
      journey.world.clock.advance(8 * DAY_MS);
      await order(journey, "release");
      await journey.world.tick();
      await journey.world.report();
    },
  ],
  [
    "while it is given back to a person, and public again",
    "given back and held",
    async (journey) => {
      await notice(journey);
      await order(journey, "restore");
      await tickAndDie(journey.world, "openImage");
    },
  ],
  [
    "when it was given back to a person, and not settled",
    "given back and held",
    async (journey) => {
      await notice(journey);
      await order(journey, "restore");
      await tickAndDie(journey.world, "untag");
    },
  ],
  ["when somebody had made it public again", "held", publicByAnotherHand],
  ["released as a two-week compose before it was private", "kept", release],
  [
    "while it is given back because its compose is released",
    "kept",
    async (journey) => {
      await notice(journey);
      await release(journey);
      journey.world.clock.advance(MINUTE_MS);
      await tickAndDie(journey.world, "openImage");
    },
  ],
  ["when it is deleting and stands", "deleted", async (journey) => dieWhileDeleting(journey, "settle")],
  ["when it is deregistered", "leftover", async (journey) => dieWhileDeleting(journey, "deregister")],
  ["when its first snapshot is deleted", "leftover", (journey) => dieWhileDeleting(journey, "deleteSnapshot")],
  [
    "right after it is deleted",
    "deleted",
    async (journey) => {
      await due(journey);
      await journey.world.tick();
    },
  ],
];

async function isDeletedInTime(t: Test, journey: Journey, lostAt: Instant, old: Instant | null): Promise<void> {
  const { world } = journey;
  t.same(world.simulator.snapshots(REGION), [], "nothing is leaked");
  const at = deletedAt(journey) ?? -Infinity;
  if (at <= lostAt) return;
  const noticedAt = await lastNotice(journey);
  t.ok(noticedAt >= lostAt, "the public was told again");
  t.ok(at >= noticedAt + PERIODS.deleteAfterMs, "not before all of its days after the new notice");
  t.ok(at >= (old ?? 0), "not before the date that stood");
}

async function isHeldUntilReleased(t: Test, journey: Journey): Promise<void> {
  const { world, amiId } = journey;
  t.equal(deletedAt(journey), null, "what is held is not deleted");
  t.equal(world.simulator.snapshots(REGION).length, 2, "nor its snapshots");
  const { redis, keys } = world.connection;
  t.equal(await redis.hget(keys.image(REGION, amiId), "stage"), "held");
  await order(journey, "release");
  const releasedAt = world.clock.now();
  await days(world, 18);
  const at = deletedAt(journey) ?? 0;
  t.ok(at >= releasedAt + PERIODS.afterHoldMs, "released, it goes after a new notice");
  t.ok(at >= (await lastNotice(journey)) + PERIODS.afterHoldMs);
  t.same(world.simulator.snapshots(REGION), [], "nothing is leaked");
}

async function endsAs(t: Test, end: End, journey: Journey, lostAt: Instant, old: Instant | null): Promise<void> {
  const { world, datagrepper, amiId } = journey;
  if (end === "held" || end === "given back and held") {
    await days(world, 18);
    const things = [world.simulator.image(REGION, amiId), ...world.simulator.snapshots(REGION)];
    if (end !== "held")
      t.same(
        things.map((thing) => thing?.permission.isPublic),
        [true, true, true],
        "all of it",
      );
    return isHeldUntilReleased(t, journey);
  }
  await days(world, end === "leftover" ? 8 : 16);
  if (end === "deleted") return isDeletedInTime(t, journey, lostAt, old);
  if (end === "kept") {
    const image = world.simulator.image(REGION, amiId);
    t.same([image?.state, image?.permission.isPublic, image?.tags], ["available", true, {}], "as it was");
    const open = world.simulator.snapshots(REGION).map(({ permission }) => permission.isPublic);
    return void t.same(open, [true, true]);
  }
  const left = world.simulator.snapshots(REGION).map(({ id }) => id);
  t.ok(left.length > 0);
  const told = await reconcileIn(world, { archive: datagrepper.archive });
  const leaks = told.filter(({ kind }) => kind === "leaked-snapshot").map(({ what }) => /snap-\w+/.exec(what)?.[0]);
  t.same(leaks.sort(), left, "each snapshot that is left is told, to be removed by hand");
}

for (const [moment, end, arrange] of MOMENTS) {
  for (const first of ["reconcile", "backfill"] as const) {
    t.test(`Redis lost ${moment}; ${first} first: ${end}, nothing early, nothing leaked untold`, async (t) => {
      const world = await openWorld(t);
      const datagrepper = await openDatagrepperOf(t, world);
      const nightly = addNightly(world);
      datagrepper.add(UPLOADER, nightly.message, START);
      await world.hear(UPLOADER, nightly.message);
      const journey: Journey = { ...nightly, world, datagrepper };
      await arrange(journey);
      const old = await oldDate(journey);
      const lostAt = world.clock.now();
      await loseRedis(world);
      world.clock.advance(HOUR_MS);
      if (first === "backfill") await datagrepper.backfill(17);
      const apply = { isApplied: true, archive: datagrepper.archive };
      await reconcileIn(world, apply);
      if (first === "reconcile") await datagrepper.backfill(17);
      t.same(
        (await reconcileIn(world, apply)).filter((each) => each.kind === "failed" || each.isMended),
        [],
        "a second run has nothing to mend",
      );
      await endsAs(t, end, journey, lostAt, old);
    });
  }
}
