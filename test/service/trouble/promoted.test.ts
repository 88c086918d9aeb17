import { Redis } from "ioredis";
import t, { type Test } from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { findServers } from "../../../src/demo/servers/find.ts";
import { startRedis } from "../../../src/demo/servers/redis.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { HearingRounds, type Passed } from "../../../src/hear/hearing-rounds.ts";
import { listenTo } from "../../../src/hear/hearing.ts";
import { silentLog } from "../../support/run/log.ts";
import { isWhollyPublic } from "../../support/scenes/proof.ts";
import { openDatagrepperOf, type Datagrepper } from "../../support/scenes/reconcile.ts";
import { until } from "../../support/servers/broker/bus.ts";
import { CuttableProxy } from "../../support/servers/proxy.ts";
import { addNightly, openWorld, REGION, UPLOADER, type Nightly, type World } from "../../support/world/world.ts";

const FIRST_WINDOW_MS = 17 * DAY_MS;

interface Server {
  readonly url: string;
  readonly port: string;
  /** Past every proxy. */
  readonly admin: Redis;
  kill(): Promise<void>;
}

/** Two servers, the second a replica of the first by a line that can be cut, and the address that follows the master. */
interface Pair {
  readonly master: Server;
  readonly replica: Server;
  readonly line: CuttableProxy;
  readonly address: CuttableProxy;
}

async function startServer(test: Test): Promise<Server> {
  const { url, stop } = await startRedis((await findServers()).redis);
  const admin = new Redis(url, { retryStrategy: () => null });
  // It is killed while we are connected.
  admin.on("error", () => undefined);
  const kill = async (): Promise<void> => {
    admin.disconnect();
    await stop();
  };
  test.teardown(kill);
  return { url, port: new URL(url).port, admin, kill };
}

async function startPair(test: Test): Promise<Pair> {
  const [master, replica] = await Promise.all([startServer(test), startServer(test)]);
  const [line, address] = await Promise.all([CuttableProxy.open(master.url), CuttableProxy.open(master.url)]);
  test.teardown(() => Promise.all([line.close(), address.close()]));
  await follow(replica, new URL(line.urlFor(master.url)).port);
  return { master, replica, line, address };
}

async function follow({ admin }: Server, port: string): Promise<void> {
  await admin.replicaof("127.0.0.1", port);
  await until("all is copied", async () => (await admin.info("replication")).includes("master_link_status:up"));
}

/** A service over the pair that has heard all, and whose image's ten days are over. */
async function serveOn(test: Test, { master, address }: Pair, user: string) {
  const redisUrl = address.urlFor(master.url).replace("//", `//${user}`);
  const world = await openWorld(test, { redisUrl });
  const datagrepper = await openDatagrepperOf(test, world);
  const hearing = redisHearing(world.connection, silentLog);
  const ingester = { ...world.ingester };
  const listener = {
    archive: datagrepper.archive,
    ingester,
    hearing,
    log: silentLog,
    firstBackfillMs: FIRST_WINDOW_MS,
  };
  const listen = listenTo(hearing, null);
  const { schedule } = world.ticker;
  const rounds = new HearingRounds({
    hearing,
    schedule,
    log: silentLog,
    listen,
    listener,
    everyMs: 30 * MINUTE_MS,
    random: () => 0,
  });
  const lease = world.connection.keys.control("ears:lease");
  /** An answer of Redis that was lost with its connection can leave a lease to nobody: it runs out. */
  const pass = async (): Promise<Passed> => {
    const passed = await rounds.pass();
    if (passed !== "elsewhere") return passed;
    await until("the lease has run out", async () => (await world.connection.redis.exists(lease)) === 0);
    return rounds.pass();
  };
  const tick = () => tickRegion(REGION, { ...world.ticker, listen });
  const nightly = addNightly(world);
  datagrepper.add(UPLOADER, nightly.message, world.clock.now());
  await rounds.pass();
  world.clock.advance(5 * DAY_MS);
  await rounds.pass();
  test.same(await tick(), { "make-private": 1 });
  await world.report();
  world.clock.advance(10 * DAY_MS);
  await rounds.pass();
  return { world, datagrepper, nightly, pass, tick };
}

/** What the bus brings, and the archive keeps. */
async function release({ world, datagrepper, nightly }: Scene): Promise<void> {
  const body = { atomic_raw: { compose_id: nightly.composeId } };
  datagrepper.add("releng.atomic.twoweek.complete", body, world.clock.now());
  await world.hear("releng.atomic.twoweek.complete", body);
  world.clock.advance(MINUTE_MS);
}

interface Scene {
  readonly world: World;
  readonly datagrepper: Datagrepper;
  readonly nightly: Nightly;
}

/** How the address comes to stand for a memory without the last writes. */
const WAYS: Readonly<Record<string, (pair: Pair) => Promise<void>>> = {
  "was killed, and its replica promoted": async ({ master, replica, address }) => {
    await master.kill();
    await replica.admin.replicaof("NO", "ONE");
    address.aim(replica.url);
  },
  "left its address to a replica that is promoted only later": async ({ master, replica, address }) => {
    await master.kill();
    address.aim(replica.url);
    setTimeout(() => void replica.admin.replicaof("NO", "ONE"), 200);
  },
  "gave way for a moment, and came back with its replica's memory": async ({ master, replica }) => {
    await replica.admin.replicaof("NO", "ONE");
    await follow(master, replica.port);
    await master.admin.replicaof("NO", "ONE");
  },
};

/** A user who may not ask Redis what it is, on both; access lists are not copied. */
async function refuseInfo(test: Test, { master, replica }: Pair): Promise<string> {
  // What the Redis client says by itself when INFO is refused.
  test.capture(console, "warn");
  for (const { admin } of [master, replica])
    await admin.call("ACL", "SETUSER", "least", "on", ">least", "~*", "&*", "+@all", "-info");
  return "least:least@";
}

for (const [what, lose] of Object.entries(WAYS))
  for (const isInfoRefused of [false, true])
    t.test(
      `a master that ${what} has lost a release${isInfoRefused ? ", and INFO is refused" : ""}: all is heard first`,
      async (t) => {
        const pair = await startPair(t);
        const scene = await serveOn(t, pair, isInfoRefused ? await refuseInfo(t, pair) : "");
        const { world, datagrepper, pass, tick, nightly } = scene;
        const { redis, keys } = world.connection;
        const key = keys.image(REGION, nightly.amiId);
        await redis.wait(1, 10_000);
        pair.line.cut();
        await release(scene);
        t.equal(await redis.hget(key, "stage"), "restoring", "the release was heard");
        await lose(pair);
        const lift = datagrepper.double.fail({ times: Infinity, trouble: { kind: "gateway", status: 503 } });
        await until("the address answers, and takes writes", async () => {
          await redis.set(`${key}:probe`, "").catch(() => null);
          return (await redis.del(`${key}:probe`).catch(() => 0)) === 1;
        });
        t.equal(await redis.hget(key, "stage"), "private", "and is lost");
        const calls = world.simulator.journal.mutating().length;
        for (const ms of [0, 30 * MINUTE_MS, HOUR_MS]) {
          world.clock.advance(ms);
          await t.rejects(pass(), { name: "UpstreamError" });
          t.match(await tick(), { deaf: 2 });
        }
        t.equal(world.simulator.journal.mutating().length, calls, "nothing is taken");
        lift();
        t.equal(await pass(), null, "an archive that failed is not asked at once");
        t.match(await tick(), { deaf: 2 });
        world.clock.advance(5 * MINUTE_MS);
        const asked = datagrepper.double.journal.length;
        t.equal(await pass(), "heard");
        const starts = datagrepper.double.journal
          .slice(asked)
          .map(({ query }) => Number(new URLSearchParams(query).get("start")) * 1000);
        t.ok(Math.min(...starts) <= world.clock.now() - FIRST_WINDOW_MS, "the whole first window is read");
        t.match(await tick(), { restore: 1 });
        t.ok(isWhollyPublic(world, REGION, nightly.amiId));
      },
    );
