import t from "tap";
import type { Keys } from "../../../src/adapters/redis/keys.ts";
import { streamOf } from "../../../src/domain/image/stream.ts";
import { DAY_MS, dayOf, HOUR_MS } from "../../../src/domain/time.ts";
import { choosePoints } from "../../support/scenes/crash.ts";
import { everythingOf } from "../../support/scenes/everything.ts";
import type { Log } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { Oracle } from "../../support/model/oracle.ts";
import { subjectOf } from "../../support/model/subject.ts";
import { openDatagrepperOf } from "../../support/scenes/reconcile.ts";
import { brokenValues, otherTypes, spoilKey, type Spoiling } from "../../support/scenes/spoil.ts";
import { openWorld, REGION, UPLOADER, type World } from "../../support/world/world.ts";
import { limitFor } from "../../support/run/limit.ts";

const OTHER = "eu-west-1";
const REGIONS = [OTHER, REGION];
/** One of so many broken values and keys of another type, or all. */
const STRIDE = 16;

limitFor(t, "CHAOS_CRASH");

/** What stands for `*` in the names of keys; a key that is added to the layout has to be named here. */
type Names = {
  readonly [Place in keyof Keys["layout"]]: Readonly<Record<keyof Keys["layout"][Place], readonly string[]>>;
};

interface Victim {
  readonly amiId: string;
  readonly composeId: string;
}

function namesOf(prefix: string, { amiId, composeId }: Victim, orderId: string, day: string): Names {
  const stream = streamOf({ composeId, arch: "x86_64" }) ?? "";
  const plain = [""];
  return {
    root: {
      ...{ format: plain, regions: plain, rejected: plain, "rejected:known": plain, "compose:*": [composeId] },
      // Nobody reads it, and whoever writes it writes over whatever stands there.
      "kept:*": [],
      // The tag is the whole name of the key whose slot it shares.
      "{*:rejected}:known": [prefix],
    },
    region: {
      ...{
        unresolved: plain,
        private: plain,
        delete: plain,
        restore: plain,
        held: plain,
        images: plain,
        counts: plain,
        composes: plain,
        names: plain,
        events: plain,
      },
      // Here nobody asks who uses images elsewhere.
      ...{ "image:*": [amiId], "compose:*": [composeId], "stream:*": [stream], usage: [] },
    },
    control: {
      ...{
        paused: plain,
        queue: plain,
        ears: plain,
        "ears:first": plain,
        "ears:lease": plain,
        "ears:new": plain,
        "ears:whole": plain,
        requests: plain,
        "requests:lease": plain,
        stopped: plain,
      },
      ...{ breakers: plain, guard: plain, reporters: plain, status: plain, replicas: plain, "backfill:*": ["test"] },
      "budget:*": ["private:days", "delete:days", `private:${day}`, `private:${day}:counts`, `delete:${day}`],
      "answer:*": [orderId],
      ...{ "comments:*:lease": ["pagure"], "comments:*:memory": ["pagure"], "comments:*:handled": ["pagure"] },
      ...{
        "comments:*:handled:dates": ["pagure"],
        "comments:*:pending": ["pagure"],
        "comments:*:authors:*": [`pagure/${day}`],
        "comments:*:counted:*": [`pagure/${day}`],
      },
      ...{ "reporter:*:lease": ["pagure"], "reporter:*:cursors": ["pagure"], "reporter:*:part": ["pagure"] },
      ...{ "reporter:*:memory": ["pagure"], "reporter:*:status": ["pagure"] },
      // The mark of a run is read only where INFO is refused; what hangs in a replica is written over by its next beat.
      // An order's own key is read by whoever asks for the same again.
      // What the bus was told of is read only where it is told anything.
      ...{ run: [], "hung:*": [], "order:*": [], "reporter:*:soon": [] },
    },
  };
}

/** Every key of the layout as it stands in Redis, with its pattern and type. */
function keysOf(world: World, victim: Victim, orderId: string) {
  const prefix = world.connection.keys.format.replace(/format$/, "");
  const names = namesOf(prefix.slice(0, -1), victim, orderId, dayOf(world.clock.now()));
  const head = { root: prefix, region: `${prefix}{${REGION}}:`, control: `${prefix}{control}:` };
  return (["root", "region", "control"] as const).flatMap((place) =>
    Object.entries(world.connection.keys.layout[place]).flatMap(([pattern, type]) => {
      const fillings = (names[place] as Readonly<Record<string, readonly string[]>>)[pattern] ?? [];
      return fillings.map((filling) => {
        const words = filling.split("/");
        const key = `${head[place]}${pattern.replaceAll("*", () => words.shift() ?? "")}`;
        return { key, pattern, type, place };
      });
    }),
  );
}

async function openStory(t: Parameters<typeof openDatagrepperOf>[0]) {
  /** The alarms of Redis' neighbour, one line each. */
  const alarms: string[] = [];
  const error: Log["error"] = (data, message) => {
    alarms.push(`${JSON.stringify(data)} ${message}`);
  };
  const world = await openWorld(t, { log: { ...silentLog, error } });
  const datagrepper = await openDatagrepperOf(t, world);
  const oracle = new Oracle(world);
  let count = 0;
  /** A nightly of one image, announced and archived. */
  const upload = async (region: string): Promise<Victim> => {
    count += 1;
    const date = dayOf(world.clock.now()).replaceAll("-", "");
    const composeId = `Fedora-Rawhide-${date}.n.${count}`;
    const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${date}.${count}`;
    const id = String(count).padStart(16, "0");
    const [amiId, snapshotId] = [`ami-1${id}`, `snap-1${id}`];
    world.simulator.addImage(region, { id: amiId, name, snapshots: [{ id: snapshotId, isPublic: true }] });
    oracle.subjects.push(subjectOf(world, region, amiId, { id: composeId, name, sayings: [] }));
    const body = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [region]: amiId } };
    datagrepper.add(UPLOADER, body, world.clock.now());
    await world.hear(UPLOADER, body);
    return { amiId, composeId };
  };
  return { world, datagrepper, oracle, upload, alarms, ...everythingOf(world, datagrepper) };
}

t.test("no key that cannot be read stops the service or harms an image, and each is told once", async (t) => {
  const { world, oracle, upload, alarms, pass, keeper } = await openStory(t);
  const { clock, connection, budgets } = world;
  const held = await upload(OTHER);
  for (const region of REGIONS) await upload(region);
  const words = { verb: "hold", by: "relengbot", why: "a test", until: null, at: clock.now() } as const;
  const orderId = await world.clerk.orders.add({
    ...words,
    images: [{ region: OTHER, amiId: held.amiId }],
    composeId: null,
  });
  const [subject] = oracle.subjects;
  if (subject === undefined) throw new Error("no image");
  oracle.hold(subject, Infinity);
  for (let day = 0; day < 7; day += 1) {
    clock.advance(DAY_MS);
    t.same((await pass(REGIONS, [held.amiId, held.composeId])).bugs, []);
  }
  const chosen = choosePoints(t, STRIDE);
  let victim = await upload(REGION);
  let points = 0;
  const layout = keysOf(world, victim, orderId);
  for (const [index, { pattern, type, place }] of layout.entries()) {
    const every: readonly Spoiling[] = [...otherTypes(type), ...brokenValues(type, pattern)];
    const all = every.filter((each, number) => chosen(each, points + number));
    points += every.length;
    for (const spoiling of all) {
      const { key = "" } = keysOf(world, victim, orderId)[index] ?? {};
      const what = `${key} ${spoiling.what}`;
      alarms.length = 0;
      const undo = await spoilKey(connection, key, spoiling);
      clock.advance(6 * HOUR_MS);
      await upload(OTHER);
      const passed = await pass(REGIONS, [victim.amiId, victim.composeId]);
      t.same(passed.bugs, [], what);
      if (spoiling.isOther) {
        const told = alarms.filter((line) => line.includes(key));
        t.equal(told.length, 1, `${what} is told once\n${told.join("\n")}`);
        t.match(told[0], "redis-cli", `${what}: with what to type`);
      }
      await undo();
      // A key that was not there before is met by nobody now, and would count as known.
      connection.strangers.forget(key);
      await budgets.resume(["private", "delete"], clock.now());
      await keeper.finish();
      await oracle.check();
      if (oracle.wrong.length > 0) throw new Error(`${what}\n${oracle.wrong.join("\n")}`);
    }
    if (place === "region") victim = await upload(REGION);
  }
  const order = { ...words, verb: "release" as const, images: [{ region: OTHER, amiId: held.amiId }], composeId: null };
  await world.clerk.orders.add(order);
  oracle.hold(subject, null);
  for (let step = 0; step < 40 && !oracle.isOver(); step += 1) {
    clock.advance(DAY_MS);
    t.same((await pass(REGIONS, [held.amiId, held.composeId])).bugs, []);
    await oracle.check();
  }
  oracle.checkEnd();
  t.same(oracle.wrong, [], `of ${oracle.subjects.length} images each had its fate`);
});
