import t, { type Test } from "tap";
import { DAY_MS, MINUTE_MS, SECOND_MS, type Instant } from "../../src/domain/time.ts";
import { openPaceScene, type PaceScene } from "../support/scenes/pace.ts";
import { PERIODS, START } from "../support/world/world.ts";

const REGIONS = ["eu-west-1", "us-east-1"];

/** A nightly in each region that is due at an instant, in EC2 for a day more. */
async function dueAt(scene: PaceScene, at: Instant): Promise<void> {
  const uploadedAt = at - PERIODS.privateAfterMs;
  const day = new Date(uploadedAt).toISOString().slice(0, 10).replaceAll("-", "");
  const imageName = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.n.0`;
  for (const region of REGIONS) {
    const wanted = { name: imageName, createdAt: uploadedAt - DAY_MS, snapshots: [{ isPublic: true }] };
    const { id: amiId } = scene.simulator.addImage(region, wanted);
    const upload = { region, amiId, composeId: `Fedora-Rawhide-${day}.n.0`, imageName, arch: "x86_64", uploadedAt };
    await scene.schedule.add(upload, { kind: "delete", rule: "nightly", reason: "a nightly compose" }, "test");
  }
}

/** Seconds from the start to the first change in each region, by passes that are at most ten minutes apart. */
async function actedAfter(scene: PaceScene): Promise<Record<string, number>> {
  await scene.run(10 * MINUTE_MS, () => scene.clock.now() >= START + 15 * MINUTE_MS);
  const acted: Record<string, number> = {};
  for (const { region, effect, at } of scene.simulator.journal.entries)
    if (region !== null && effect !== null) acted[region] ??= Math.round((at - START) / SECOND_MS);
  return acted;
}

t.test("an idle ticker acts in the second in which something is due, however seldom it looks", async (t: Test) => {
  const scene = await openPaceScene(t);
  await dueAt(scene, START + 17 * SECOND_MS);
  t.same(await actedAfter(scene), { "eu-west-1": 17, "us-east-1": 17 });
});

t.test("what is due later than the next look, or for ever, changes nothing of when it looks", async (t: Test) => {
  const scene = await openPaceScene(t);
  await dueAt(scene, START + 30 * MINUTE_MS);
  let looks = 0;
  await scene.run(10 * MINUTE_MS, () => {
    looks += 1;
    return scene.clock.now() >= START + 20 * MINUTE_MS;
  });
  t.equal(looks, 3);
});
