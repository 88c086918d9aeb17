import t, { type Test } from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { addCompose, deregisteredAt, type Upload } from "../../support/scenes/proof.ts";
import { openReplica, wrongBy, type Replica } from "../../support/world/replica.ts";
import { openWorld, PERIODS, REGION, UPLOADER, type World } from "../../support/world/world.ts";

const PLENTY = { maxDeletesPerDay: 1000, maxPrivatePerDay: 1000, maxShareOfRegion: 1 };

/** The true time is Redis', EC2's and Pagure's; the service's own machine is wrong by so much. */
function wrongReplica(test: Test, world: World, wrongByMs: number): Promise<Replica> {
  const clock = wrongBy(wrongByMs, world.clock);
  return openReplica(test, world, { clock, redisClock: world.clock, periods: PERIODS, budgets: PLENTY });
}

async function upload(world: World): Promise<Upload> {
  const [image] = addCompose(world, "20261123", [REGION]);
  if (image === undefined) throw new Error("no image was added");
  await world.hear(UPLOADER, image.message);
  return image;
}

/** A pass and a report, of which either may be refused; resolves to what was refused. */
async function work(replica: Replica): Promise<string[]> {
  const said: string[] = [];
  const say = (error: unknown): void => {
    said.push(String(error));
  };
  await tickRegion(REGION, replica.ticker).catch(say);
  await reportOnce(replica.reporter).catch(say);
  return said;
}

/** When the public could read for the first time that the image is private. */
function postedAt(world: World): number {
  const post = world.pagure.journal.find(({ created }) => created !== null);
  if (post === undefined) throw new Error("nothing was posted");
  return post.at;
}

t.test(
  "tickers ten minutes ahead and behind act on nothing, say so, and go on when their clocks are right",
  async (t) => {
    for (const wrongByMs of [10 * MINUTE_MS, -10 * MINUTE_MS, 61 * SECOND_MS, -61 * SECOND_MS]) {
      const world = await openWorld(t);
      const replica = await wrongReplica(t, world, wrongByMs);
      await upload(world);
      for (const days of [5, 16]) {
        world.clock.advance(days * DAY_MS);
        const [said = ""] = await work(replica);
        t.match(
          said,
          /clock and redis' are \d+ s apart: nothing is acted on until they agree/,
          `${wrongByMs / 1000} s`,
        );
        t.same(world.simulator.journal.mutating(), [], "no changing call went out");
      }
      const right = await wrongReplica(t, world, 0);
      t.same(await work(right), []);
      t.not(world.simulator.journal.mutating().length, 0, "what is right goes on");
    }
  },
);

t.test("clocks less than a minute wrong make nothing private and delete nothing early, by the true time", async (t) => {
  for (const wrongByMs of [50 * SECOND_MS, -50 * SECOND_MS, 999]) {
    const world = await openWorld(t);
    const replica = await wrongReplica(t, world, wrongByMs);
    const start = world.clock.now();
    const { amiId } = await upload(world);
    const until = async (isDone: () => boolean, from: number): Promise<void> => {
      world.clock.advance(from - world.clock.now());
      for (let passes = 0; !isDone() && passes < 200; passes += 1) {
        await work(replica);
        world.clock.advance(SECOND_MS);
      }
    };
    const isPrivate = (): boolean => world.simulator.image(REGION, amiId)?.permission.isPublic === false;
    await until(isPrivate, start + PERIODS.privateAfterMs - 70 * SECOND_MS);
    t.ok(isPrivate(), "private in the end");
    const closed = world.simulator.journal.of("ModifyImageAttribute")[0]?.at ?? 0;
    t.ok(
      closed >= start + PERIODS.privateAfterMs,
      `${wrongByMs} ms wrong: private ${closed - start} ms after the upload`,
    );
    await work(replica);
    const isDeleted = (): boolean => deregisteredAt(world, REGION, amiId) !== null;
    await until(isDeleted, postedAt(world) + PERIODS.deleteAfterMs - 70 * SECOND_MS);
    const at = deregisteredAt(world, REGION, amiId) ?? 0;
    t.ok(
      at >= postedAt(world) + PERIODS.deleteAfterMs,
      `${wrongByMs} ms wrong: deleted ${at - postedAt(world)} ms after the notice`,
    );
  }
});

t.test("a reporter whose clock is ten minutes wrong tells nothing, and shortens nobody's ten days", async (t) => {
  for (const wrongByMs of [-10 * MINUTE_MS, 10 * MINUTE_MS]) {
    const world = await openWorld(t);
    const [ticker, reporter] = [await wrongReplica(t, world, 0), await wrongReplica(t, world, wrongByMs)];
    const { amiId } = await upload(world);
    world.clock.advance(PERIODS.privateAfterMs);
    await tickRegion(REGION, ticker.ticker);
    world.clock.advance(HOUR_MS);
    await t.rejects(reportOnce(reporter.reporter), { code: "clock-skew" });
    t.same(world.posts(), []);
    await reportOnce(ticker.reporter);
    world.clock.advance(PERIODS.deleteAfterMs - SECOND_MS);
    await work(ticker);
    t.equal(
      deregisteredAt(world, REGION, amiId),
      null,
      `${wrongByMs} ms wrong: not in the last second of the ten days`,
    );
    world.clock.advance(HOUR_MS);
    await work(ticker);
    t.not(deregisteredAt(world, REGION, amiId), null, "but after them");
  }
});

t.test(
  "a process whose clock is ten minutes behind gives nothing back while a ticker may still be taking it",
  async (t) => {
    const world = await openWorld(t);
    const [ticker, behind] = [await wrongReplica(t, world, 0), await wrongReplica(t, world, -10 * MINUTE_MS)];
    const { amiId } = await upload(world);
    world.clock.advance(PERIODS.privateAfterMs);
    const { schedule } = ticker.ticker;
    const lease = { token: "taking", now: world.clock.now(), until: world.clock.now() + PERIODS.leaseMs };
    t.equal((await schedule.claim(REGION, "private", lease, 1)).length, 1);
    const order = { by: "relengbot", why: "needed", until: null, at: world.clock.now(), composeId: null };
    await world.clerk.orders.add({ ...order, verb: "restore", images: [{ region: REGION, amiId }] });
    await carryOutOrders(behind.clerk);
    const waits = await schedule.waiting(REGION, amiId);
    t.equal(waits?.queue, "restore");
    t.ok((waits?.wakeAt ?? 0) >= lease.until, "not before the claim has run out");
  },
);
