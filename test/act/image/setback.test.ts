import t, { type Test } from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { refusalOf } from "../../../src/domain/plan/refusal.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { restoreAndHold } from "../../../src/domain/image/holding.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type World } from "../../support/world/world.ts";

async function dueWorld(t: Test): Promise<[World, string, readonly string[]]> {
  const world = await openWorld(t);
  const { message, amiId, snapshotIds } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  return [world, amiId, snapshotIds];
}

async function lastError(world: World, amiId: string): Promise<string> {
  return (await world.connection.redis.hget(world.connection.keys.image(REGION, amiId), "last_error")) ?? "";
}

t.test("what still reads as public is named", async (t) => {
  const [world, amiId, snapshotIds] = await dueWorld(t);
  const [first = ""] = snapshotIds;
  const stopSnapshot = world.simulator.onCall(({ action }) => {
    if (action === "ModifySnapshotAttribute") openSnapshot(world, first);
  });
  t.same(await world.tick(), { failed: 1 });
  t.match(await lastError(world, amiId), new RegExp(`${amiId}: still reads as public after .*: ${first}$`));
  stopSnapshot();
  world.simulator.onCall(({ action }) => {
    if (action !== "ModifyImageAttribute") return;
    const { permission } = world.simulator.image(REGION, amiId) ?? {};
    if (permission !== undefined)
      world.simulator.changeImage(REGION, amiId, { permission: { ...permission, isPublic: true } });
  });
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { failed: 1 });
  t.match(await lastError(world, amiId), / after it was made private: the image$/);
});

function openSnapshot(world: World, id: string): void {
  const snapshot = world.simulator.snapshot(REGION, id);
  if (snapshot !== null)
    world.simulator.changeSnapshot(REGION, id, { permission: { ...snapshot.permission, isPublic: true } });
}

/** A private image whose way back was ordered. */
async function restoringWorld(t: Test): Promise<[World, string]> {
  const [world, amiId] = await dueWorld(t);
  t.same(await world.tick(), { "make-private": 1 });
  const image = await world.ticker.schedule.get(REGION, amiId);
  if (image === null) throw new Error("the image has no record");
  const hold = { by: "tester", why: "a user asked", since: world.clock.now(), until: null };
  await world.ticker.schedule.change(image, restoreAndHold(image, hold, PERIODS, world.clock.now()));
  world.clock.advance(PERIODS.leaseMs);
  return [world, amiId];
}

t.test("a way back that Block Public Access shuts says so, with its cure, and is tried hourly", async (t) => {
  const [world, amiId] = await restoringWorld(t);
  world.simulator.configure(REGION, { blockPublicAccess: "block-new-sharing" });
  t.same(await world.tick(), { refused: 1 });
  t.match(refusalOf({ lastError: await lastError(world, amiId) }), {
    code: "block-public-access",
    reason: /Block Public Access is on in the region: switch it off$/,
    cure: /^switch Block Public Access for AMIs off in the region/,
  });
  world.simulator.configure(REGION, { blockPublicAccess: "unblocked" });
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { restore: 1 });
  t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, true);
});

t.test("giving back is tried hourly, whatever it was refused with", async (t) => {
  const [world, amiId] = await restoringWorld(t);
  const rows = [
    ["UnauthorizedOperation", "permission"],
    ["ResourceLimitExceeded", "limit"],
    ["InvalidParameterValue", "request"],
    ["UnsupportedOperation", "not-offered"],
    ["SomethingNew", "request"],
  ] as const;
  for (const [code, refusal] of rows) {
    world.simulator.faults.add({ kind: "error", code, action: "ModifyImageAttribute" });
    t.same(await world.tick(), { refused: 1 }, code);
    t.match(await lastError(world, amiId), new RegExp(`^${refusal}: .*${code}`));
    world.clock.advance(HOUR_MS);
  }
  t.same(await world.tick(), { restore: 1 });
});

t.test("a call that the endpoint does not know and a sick EC2 say so; one too many is no image's affair", async (t) => {
  const rows = [
    ["InvalidAction", 400, "refused", /^not-offered: .*InvalidAction.*: the endpoint does not know this call$/],
    ["UnauthorizedOperation", 403, "refused", /^permission: .*UnauthorizedOperation/],
    ["RequestLimitExceeded", 503, "yielded", /^$/],
    ["InternalError", 500, "failed", /^failed: .*InternalError.*: EC2 itself fails there: wait: it passes/],
  ] as const;
  for (const [code, status, outcome, words] of rows) {
    const [world, amiId] = await dueWorld(t);
    world.simulator.faults.add({ kind: "error", code, status, action: "ModifyImageAttribute", times: Infinity });
    t.same(await world.tick(), { [outcome]: 1 }, code);
    t.match(await lastError(world, amiId), words, code);
  }
});

t.test("what does not read as public after it was given back is not told so, and tried again", async (t) => {
  const [world, amiId] = await restoringWorld(t);
  const look: World["ec2"]["look"] = async (region, amiIds) => {
    const seen = await world.ec2.look(region, amiIds);
    return new Map([...seen].map(([id, each]) => [id, { ...each, isPublic: false }]));
  };
  const images = new Proxy(world.ec2, {
    get: (target, name) => (name === "look" ? look : (Reflect.get(target, name) as unknown)),
  });
  t.same(await tickRegion(REGION, { ...world.ticker, images }), { failed: 1 });
  t.match(await world.ticker.schedule.get(REGION, amiId), { stage: "restoring", lastError: /does not read as public/ });
  t.notOk((await world.events()).includes("restored"));
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { restore: 1 });
});
