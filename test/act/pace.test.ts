import t, { type Test } from "tap";
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/domain/time.ts";
import { openPaceScene, REGIONS, type PaceScene } from "../support/scenes/pace.ts";
import { START } from "../support/world/world.ts";

const IMAGES = Number(process.env["CHAOS_PACE"] ?? 200);
/** A thousand images take about half a minute of a machine's time; one that has other work may take thirty times as long. */
t.setTimeout(Math.max(300, IMAGES) * SECOND_MS);
const DEAD = "eu-west-1";

/** Seconds are rounded up: a millisecond may make one more of them. */
const SLACK_S = 1;

/** A busy region has so many times what another one has: enough to empty EC2's buckets there in one pass. */
const BUSY = "us-east-1";
const BUSY_TIMES = 6;

function spread(images: number): Record<string, number> {
  const shares = REGIONS.map((region) => (region === BUSY ? BUSY_TIMES : 1));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const counts = shares.map((share) => Math.floor((images * share) / total));
  const left = images - counts.reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(
    REGIONS.map((region, index) => [region, (counts[index] ?? 0) + (region === BUSY ? left : 0)]),
  );
}

function publicIn({ simulator }: PaceScene, regions: readonly string[]): number {
  const images = regions.flatMap((region) => simulator.images(region));
  return images.filter((image) => image.permission.isPublic).length;
}

function throttled({ simulator }: PaceScene): number {
  return simulator.journal.entries.filter((entry) => entry.errorCode === "RequestLimitExceeded").length;
}

/** Whole seconds of virtual time until the last change in each region. */
function finishedAfter({ simulator }: PaceScene): Record<string, number> {
  const finished: Record<string, number> = {};
  for (const { region, effect, at } of simulator.journal.entries)
    if (region !== null && effect !== null) finished[region] = Math.ceil((at - START) / SECOND_MS);
  return finished;
}

/** All due images are worked off by passes a minute apart; a dead region answers nothing. */
async function workOff(test: Test, dead: readonly string[], share = 0.5): Promise<PaceScene> {
  const scene = await openPaceScene(test, { share });
  await scene.fill(spread(IMAGES));
  for (const region of dead)
    scene.simulator.faults.add({ kind: "withhold", connection: "cut", region, times: Infinity });
  const living = REGIONS.filter((region) => !dead.includes(region));
  await scene.run(MINUTE_MS, () => publicIn(scene, living) === 0);
  return scene;
}

t.test(
  `${IMAGES} due images in 22 regions go private without one throttled call, and a dead region delays nobody`,
  async (t) => {
    const whole = await workOff(t, []);
    t.equal(throttled(whole), 0);
    t.equal(publicIn(whole, REGIONS), 0);
    const calls = whole.simulator.journal.entries.length;
    const took = Math.max(...Object.values(finishedAfter(whole)));
    t.comment(`${IMAGES} images, ${calls} calls, ${took} virtual seconds, claims: ${JSON.stringify(whole.outcomes)}`);
    t.equal(whole.outcomes["lost"] ?? 0, 0, "a claim takes what its lease has time for");

    const without = await workOff(t, [DEAD]);
    t.equal(throttled(without), 0);
    t.equal(publicIn(without, REGIONS), publicIn(without, [DEAD]), "all but those in the dead region are private");
    const [before, after] = [finishedAfter(whole), finishedAfter(without)];
    const living = REGIONS.filter((region) => region !== DEAD);
    const late = living.filter((region) => (after[region] ?? Infinity) > (before[region] ?? 0) + SLACK_S);
    t.same(late, [], `${JSON.stringify(after)} seconds, and ${JSON.stringify(before)} where none is dead`);
    // A pass or two is all that the others need; trouble is what several in a row have met.
    let passes = 0;
    await without.run(MINUTE_MS, () => (passes += 1) > 5);
    t.equal((await without.breakers.get(DEAD))?.trouble, "failing");
  },
);

t.test("three replicas share what one would take: none is throttled, and no claim is lost", async (t) => {
  // A call may reach EC2 an instant before the token that it waited for is there: so much room is left.
  const scene = await openPaceScene(t, { share: 0.9, replicas: 3 });
  // More than EC2's buckets hold when they are full.
  const images = Math.max(120, IMAGES / 20);
  await scene.fill({ [BUSY]: images });
  await scene.run(MINUTE_MS, () => publicIn(scene, [BUSY]) === 0);
  t.equal(throttled(scene), 0);
  t.match(scene.outcomes, { "make-private": images, lost: undefined });
  t.comment(`three replicas: ${JSON.stringify(scene.outcomes)} in ${finishedAfter(scene)[BUSY]} virtual seconds`);
});

t.test("without keeping to the buckets EC2 would throttle: the simulator's are no decoration", async (t) => {
  const scene = await openPaceScene(t, { share: 3 });
  await scene.fill({ [BUSY]: 50 });
  await scene.run(MINUTE_MS, () => publicIn(scene, [BUSY]) === 0);
  t.ok(throttled(scene) > 0);
});

t.test(
  "a region that is dead for a day burns no attempts, and is worked off when it is back, with its deadlines",
  async (t) => {
    const scene = await openPaceScene(t);
    const { simulator, clock, schedule } = scene;
    await scene.fill({ [DEAD]: 60 });
    const before = await schedule.due(DEAD, "private", clock.now(), 100);
    const revive = simulator.faults.add({ kind: "withhold", connection: "cut", region: DEAD, times: Infinity });
    await scene.run(10 * MINUTE_MS, () => clock.now() >= START + DAY_MS);

    const during = await schedule.due(DEAD, "private", clock.now(), 100);
    t.equal(during.length, 60, "all are due, and none is claimed");
    t.same([...new Set(during.map(({ attempts }) => attempts))], [0]);
    t.ok(simulator.journal.entries.length < 200, `asked ${simulator.journal.entries.length} times`);
    revive();
    const back = clock.now();
    await scene.run(MINUTE_MS, () => publicIn(scene, [DEAD]) === 0);
    t.ok(clock.now() - back < 2 * HOUR_MS, `private ${Math.round((clock.now() - back) / MINUTE_MS)} min later`);
    t.equal(await scene.breakers.get(DEAD), null);
    for (const image of before)
      t.match(await schedule.get(DEAD, image.amiId), { stage: "private", privateAt: image.privateAt, attempts: 0 });
    t.comment(`dead from ${formatInstant(START)} to ${formatInstant(back)}`);
  },
);
