import t, { type Test } from "tap";
import { HOUR_MS } from "../../../src/domain/time.ts";
import { addCompose, told } from "../../support/scenes/proof.ts";
import { ask } from "../../support/world/nightly.ts";
import { openWorld, PERIODS, REGION, UPLOADER, type World } from "../../support/world/world.ts";

/** A due image with two snapshots, of which only the first was public before us. */
async function openHalfPublic(t: Test) {
  const world = await openWorld(t);
  const [upload] = addCompose(world, "20261120", [REGION]);
  if (upload === undefined) throw new Error("no image");
  const { amiId } = upload;
  const [open = "", closed = ""] = world.simulator.snapshots(REGION).map(({ id }) => id);
  const { permission } = world.simulator.snapshot(REGION, closed) ?? {};
  if (permission === undefined) throw new Error("no snapshot");
  world.simulator.changeSnapshot(REGION, closed, { permission: { ...permission, isPublic: false } });
  await world.hear(UPLOADER, upload.message);
  world.clock.advance(PERIODS.privateAfterMs);
  return { world, amiId, open, closed };
}

function intents({ simulator }: World, amiId: string, snapshotIds: readonly string[]): readonly (string | undefined)[] {
  const tagged = [simulator.image(REGION, amiId), ...snapshotIds.map((id) => simulator.snapshot(REGION, id))];
  return tagged.map((each) => each?.tags["clean-amis:intent"]?.replace(/^\S+ /, ""));
}

function isPublic(
  { simulator }: World,
  amiId: string,
  snapshotIds: readonly string[],
): readonly (boolean | undefined)[] {
  const all = [simulator.image(REGION, amiId), ...snapshotIds.map((id) => simulator.snapshot(REGION, id))];
  return all.map((each) => each?.permission.isPublic);
}

t.test("each resource's tag says whether it was public before us, and only what was is given back", async (t) => {
  const { world, amiId, open, closed } = await openHalfPublic(t);
  t.same(await world.tick(), { "make-private": 1 });
  t.same(intents(world, amiId, [open, closed]), ["all", "all", "nothing"]);
  t.same(isPublic(world, amiId, [open, closed]), [false, false, false]);
  t.match(await ask(world, "restore", { amiId }), [/given back/]);
  t.same(await world.tick(), { restore: 1 });
  t.same(isPublic(world, amiId, [open, closed]), [true, true, false]);
  t.same(intents(world, amiId, [open, closed]), [undefined, undefined, undefined], "nothing of ours stays on it");
  t.equal(world.simulator.image(REGION, amiId)?.tags["clean-amis:hold"], "no-end by tester", "but that it is held");
  t.match(await told(world, REGION, amiId), ["scheduled", "made-private", "restoring", "restored"]);
  const { redis, keys } = world.connection;
  const remembered = ["taken_away", "made_private_at", "noticed_at", "delete_at"];
  t.strictSame(await redis.hmget(keys.image(REGION, amiId), ...remembered), [null, null, null, null]);
});

t.test(
  "what stops half way has its tags already, and giving it back opens nothing that was closed before",
  async (t) => {
    const { world, amiId, open, closed } = await openHalfPublic(t);
    const fault = {
      kind: "error",
      code: "IncorrectState",
      action: "ModifySnapshotAttribute",
      times: Infinity,
    } as const;
    const lift = world.simulator.faults.add(fault);
    t.same(await world.tick(), { failed: 1 });
    t.same(isPublic(world, amiId, [open, closed]), [false, true, false]);
    t.same(intents(world, amiId, [open, closed]), ["all", "all", "nothing"]);
    lift();
    t.match(await ask(world, "restore", { amiId }), [/given back/]);
    world.clock.advance(HOUR_MS);
    t.same(await world.tick(), { restore: 1 });
    t.same(isPublic(world, amiId, [open, closed]), [true, true, false]);
  },
);

t.test("what is given back while it is held is told as given back", async (t) => {
  const { world, amiId } = await openHalfPublic(t);
  await world.tick();
  await world.report();
  await ask(world, "hold", { amiId });
  await ask(world, "restore", { amiId });
  t.same(await world.tick(), { restore: 1 });
  t.match(await told(world, REGION, amiId), ["scheduled", "made-private", "noticed", "held", "restoring", "restored"]);
  await world.report();
  t.match(world.posts().at(-1), new RegExp(`## Given back to the public[^]*${amiId}`));
});
