import t, { type Test } from "tap";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { SECOND_MS } from "../../../src/domain/time.ts";
import type { Images } from "../../../src/ports/index.ts";
import { ACCOUNT } from "../../support/world/image.ts";
import { openPaced } from "../../support/scenes/pace.ts";
import { VirtualClock } from "../../support/world/virtual-clock.ts";
import { REGION, START } from "../../support/world/world.ts";

async function open(t: Test, share: number): Promise<{ clock: VirtualClock; simulator: Ec2Simulator; images: Images }> {
  const clock = new VirtualClock(START);
  const simulator = await startEc2Simulator({ now: clock.now, accounts: { AKIDTEST: { id: ACCOUNT } } });
  return { clock, simulator, images: clock.watch<Images>(openPaced(t, simulator, share, clock)) };
}

/** Seconds after the start at which calls of an action came. */
function comings(simulator: Ec2Simulator, action: string): number[] {
  return simulator.journal.of(action).map(({ at }) => (at - START) / SECOND_MS);
}

t.test("calls of one action and region wait for its bucket, in order; other actions and regions do not", async (t) => {
  const { simulator, images } = await open(t, 0.02);
  const [ours, theirs] = [REGION, "eu-west-1"].map((region) => simulator.addImage(region).id);
  const ids = Array.from({ length: 4 }, () => simulator.addImage(REGION).id);
  await Promise.all([
    ...ids.map((id) => images.closeImage(REGION, id)),
    images.closeImage("eu-west-1", theirs ?? ""),
    images.tag(REGION, [ours ?? ""], { a: "b" }),
  ]);
  const here = simulator.journal.of("ModifyImageAttribute").filter(({ region }) => region === REGION);
  t.same(
    here.map(({ at, resources }) => [(at - START) / SECOND_MS, resources[0]]),
    [0, 0, 10, 20].map((at, index) => [at, ids[index]]),
  );
  t.same(comings(simulator, "CreateTags"), [0]);
});

t.test("the SDK's own repeats and each page of a list take tokens, too", async (t) => {
  const { simulator, images } = await open(t, 0.01);
  const { id } = simulator.addImage(REGION);
  simulator.faults.add({ kind: "error", code: "InternalError", status: 500, action: "ModifyImageAttribute", times: 2 });
  await images.closeImage(REGION, id);
  t.same(comings(simulator, "ModifyImageAttribute"), [0, 20, 40], "one token at the start, one in twenty seconds");
  const ids = Array.from({ length: 401 }, (_, number) => `ami-${String(number).padStart(17, "0")}`);
  await images.look(REGION, ids);
  t.same(comings(simulator, "DescribeImages"), [40, 45, 50]);
});

t.test("a throttled answer empties our bucket, for somebody else takes from EC2's as well", async (t) => {
  const { simulator, images } = await open(t, 0.5);
  simulator.faults.add({ kind: "throttle", action: "CreateTags" });
  const { id } = simulator.addImage(REGION);
  for (let call = 0; call < 3; call += 1) await images.tag(REGION, [id], { a: "b" });
  const [first, ...rest] = comings(simulator, "CreateTags");
  t.equal(first, 0);
  // 5 a second is the half of EC2's 10; the first repeat has the pause of the SDK's rules besides.
  for (const [index, at] of rest.entries())
    t.ok(Math.round(at * 1000) >= (index + 1) * 200, `attempt ${index + 2} after ${at} s`);
});

t.test(
  "a changing call asks whether it may go out when its turn has come, not before, and before each repeat",
  async (t) => {
    const { clock, simulator, images } = await open(t, 0.01);
    const { id } = simulator.addImage(REGION);
    await images.closeImage(REGION, id);
    const asked: number[] = [];
    const tooLate = new Error("too late");
    const mayCall = (): Promise<void> => {
      asked.push((clock.now() - START) / SECOND_MS);
      return clock.now() >= START + 60 * SECOND_MS ? Promise.reject(tooLate) : Promise.resolve();
    };
    simulator.faults.add({ kind: "error", code: "InternalError", status: 500, times: 2 });
    await t.rejects(images.openImage(REGION, id, mayCall), tooLate, "the error is thrown as it is");
    t.same(asked, [20, 40, 60]);
    t.same(comings(simulator, "ModifyImageAttribute"), [0, 20, 40], "the third was not sent");
    t.equal(simulator.image(REGION, id)?.permission.isPublic, false);
  },
);
