import t, { type Test } from "tap";
import { RegionPasses } from "../../src/act/passes.ts";
import { planRegion } from "../../src/act/survey.ts";
import { tickRegion } from "../../src/act/tick.ts";
import type { JournalEntry } from "../../src/demo/outside/ec2/journal.ts";
import { describePlan, type Planned } from "../../src/domain/plan/describe.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import type { Log } from "../../src/ports/index.ts";
import { silentLog } from "../support/run/log.ts";
import { copyOf, remembered } from "../support/servers/copy.ts";
import { addCompose, type Upload } from "../support/scenes/proof.ts";
import { openWorld, REGION, UPLOADER, type World } from "../support/world/world.ts";

/** Every kind of plan, each of which the journey must have shown. */
const KINDS = "delete end-hold hold keep make-private miss refuse restore restore-and-hold tag-hold wait".split(" ");

/** What is logged with a sentence, as data. */
function listening(sentence: string): { readonly log: Log; readonly heard: Record<string, string>[] } {
  const heard: Record<string, string>[] = [];
  const info = (data: object, message: string): void => {
    if (message === sentence) heard.push(data as Record<string, string>);
  };
  return { log: { ...silentLog, info }, heard };
}

/** What changing calls came to, as `closed ami-…`, in order of the words. */
function effectsOf(entries: readonly JournalEntry[]): readonly string[] {
  const effects = entries.flatMap(({ effect }) => {
    if (effect === null) return [];
    if (effect.kind === "image-permission") return `${effect.isPublic ? "opened" : "closed"} ${effect.imageId}`;
    if (effect.kind === "snapshot-permission") return `${effect.isPublic ? "opened" : "closed"} ${effect.snapshotId}`;
    if (effect.kind === "image-deregistered") return `removed ${effect.imageId}`;
    return effect.kind === "snapshot-deleted" ? `removed ${effect.snapshotId}` : [];
  });
  return [...new Set(effects)].sort();
}

/** What a plan promises in these words. */
function promised({ image, plan }: Planned): readonly string[] {
  if (plan.do === "delete")
    return [...(plan.seen === null ? [] : [image.amiId]), ...plan.snapshotIds].map((id) => `removed ${id}`);
  if (plan.do !== "make-private" && plan.do !== "restore") return [];
  const [verb, what] = plan.do === "restore" ? ["opened", plan.takenAway] : ["closed", plan.takeAway];
  return [...(what.image ? [image.amiId] : []), ...what.snapshots].map((id) => `${verb} ${id}`);
}

/** At this instant: who may do nothing changes nothing and prints the plan; and a real run, on a copy, does that and no more. */
async function comparePlan(test: Test, world: World, when: string): Promise<readonly Planned[]> {
  const before = await remembered(world);
  const calls = [world.simulator.journal.mutating().length, world.pagure.journal.length];
  const planned = await planRegion(REGION, world.ticker);
  const { log, heard: printed } = listening("would do");
  const passes = new RegionPasses({ ...world.ticker, act: "nothing", log });
  await passes.start();
  await passes.idle();
  const lines = planned.map(describePlan);
  test.same(printed.map(({ plan }) => plan).sort(), lines.toSorted(), `${when}: the service prints the plan`);
  test.same(await remembered(world), before, `${when}: nothing is claimed or settled`);
  const callsNow = [world.simulator.journal.mutating().length, world.pagure.journal.length];
  test.same(callsNow, calls, `${when}: no changing call to EC2, and none to Pagure`);

  const copy = await copyOf(test, world, [REGION]);
  test.same((await planRegion(REGION, copy.ticker)).map(describePlan), lines, `${when}: the copy plans the same`);
  const { log: ticked, heard: done } = listening("image worked");
  await tickRegion(REGION, { ...copy.ticker, log: ticked });
  const words = (list: readonly { readonly ami: string; readonly plan: string }[]): readonly string[] =>
    list.map(({ ami, plan }) => `${plan} ${ami}`).sort();
  const plans = planned.map(({ image, plan }) => ({ ami: image.amiId, plan: plan.do }));
  test.same(words(done as { ami: string; plan: string }[]), words(plans), `${when}: the real run does the plan`);
  const promises = [...new Set(planned.flatMap(promised))].sort();
  test.same(effectsOf(copy.simulator.journal.entries), promises, `${when}: and EC2 shows what it promised`);
  return planned;
}

interface Cast {
  readonly world: World;
  readonly order: (verb: "hold" | "release" | "restore", upload: Upload, hours?: number) => Promise<void>;
}

function castOf(world: World): Cast {
  return {
    world,
    order: async (verb, { region, amiId }, hours) => {
      const at = world.clock.now();
      const until = hours === undefined ? null : at + hours * HOUR_MS;
      const order = { by: "relengbot", why: "needed", until, at, verb, composeId: null, images: [{ region, amiId }] };
      await world.clerk.orders.add(order);
      await carryOutOrders(world.clerk);
    },
  };
}

/** Ten nightlies, of which one is not in EC2, one is young there, and one carries a protecting tag. */
async function begin(world: World): Promise<Record<string, Upload>> {
  const fates = [
    "plain",
    "late",
    "heldByCompose",
    "heldByHand",
    "wanted",
    "young",
    "protected",
    "missing",
    "lost",
    "old",
  ];
  const uploads: Record<string, Upload> = {};
  for (const [index, fate] of fates.entries()) {
    const [upload] = addCompose(world, `202611${10 + index}`, [REGION]);
    if (upload === undefined) throw new Error("no image was added");
    uploads[fate] = upload;
    await world.hear(UPLOADER, upload.message);
  }
  return uploads;
}

function of(uploads: Readonly<Record<string, Upload>>, fate: string): Upload {
  const upload = uploads[fate];
  if (upload === undefined) throw new Error(`no upload ${fate}`);
  return upload;
}

t.test("at every instant of a journey the plan is what a real run does, and printing it changes nothing", async (t) => {
  const world = await openWorld(t);
  const { order } = castOf(world);
  const uploads = await begin(world);
  const change = (fate: string, changes: Parameters<typeof world.simulator.changeImage>[2]): void => {
    world.simulator.changeImage(REGION, of(uploads, fate).amiId, changes);
  };
  change("young", { createdAt: world.clock.now() + 2 * DAY_MS });
  change("protected", { tags: { "do-not-delete": "yes" } });
  change("missing", { state: "deregistered", deregisteredAt: 0 });
  const kinds = new Set<string>();
  const step = async (when: string): Promise<void> => {
    for (const { plan } of await comparePlan(t, world, when)) kinds.add(plan.do);
    await world.tick();
  };
  const released = (fate: string): Promise<unknown> => {
    const { composeId } = of(uploads, fate);
    return world.ingester.facts.remember({ composeId, source: "pungi", released: true, at: 0, by: "a message" });
  };

  await step("right after the uploads");
  world.clock.advance(5 * DAY_MS - 1);
  await step("a millisecond before the five days are over");
  await released("late");
  const hold = { by: "relengbot", why: "needed", since: world.clock.now(), until: null };
  await world.ingester.facts.hold(of(uploads, "heldByCompose").composeId, hold);
  world.clock.advance(1);
  await step("five days after the uploads");
  world.clock.advance(MINUTE_MS);
  await step("when the hold is to be written to EC2");
  await world.report();
  await order("hold", of(uploads, "heldByHand"), 48);
  await step("when somebody holds a private image");
  await order("restore", of(uploads, "lost"));
  await step("when somebody wants an image back");
  world.clock.advance(MINUTE_MS);
  await step("when what was given back is held");
  world.clock.advance(2 * DAY_MS);
  await step("when the hold is over, and the young one old enough");
  await world.report();
  world.clock.advance(8 * DAY_MS);
  await released("old");
  world.simulator.faults.add({
    kind: "error",
    code: "InternalError",
    status: 500,
    action: "DeregisterImage",
    resource: of(uploads, "wanted").amiId,
    times: 3,
  });
  await step("ten days after the notice");
  await order("restore", of(uploads, "wanted"));
  for (const minutes of [6, 1, 6, 60]) {
    world.clock.advance(minutes * MINUTE_MS);
    await step(`${minutes} minutes later`);
  }
  world.clock.advance(12 * DAY_MS);
  await step("in the end");
  t.same([...kinds].sort(), KINDS, "every kind of plan was seen");
});

t.test(
  "a service that may do nothing changes nothing for a month, whatever is due, and tells its plan once",
  async (t) => {
    const world = await openWorld(t);
    const uploads = await begin(world);
    world.simulator.changeImage(REGION, of(uploads, "young").amiId, { createdAt: world.clock.now() + 9 * DAY_MS });
    const before = await remembered(world);
    const { log, heard } = listening("would do");
    const passes = new RegionPasses({ ...world.ticker, act: "nothing", log });
    for (let days = 0; days < 30; days += 1) {
      world.clock.advance(DAY_MS);
      await passes.start();
      await passes.idle();
    }
    t.same(await remembered(world), before, "nothing is claimed, settled, noticed or told");
    t.same(
      [world.simulator.journal.mutating(), world.pagure.journal],
      [[], []],
      "no changing call to EC2, none to Pagure",
    );
    const told = heard.map(({ plan = "" }) => plan);
    t.equal(told.filter((plan) => plan.includes(": make-private")).length, 10);
    t.equal(told.length, 11, "each once, and the young one also when it had to wait");
  },
);
