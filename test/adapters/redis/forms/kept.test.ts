import { spawnSync } from "node:child_process";
import t, { type Test } from "tap";
import { Keeper, redisKeeping } from "../../../../src/adapters/redis/keeping.ts";
import { findServers } from "../../../../src/demo/servers/find.ts";
import { Consumer } from "../../../../src/hear/consume.ts";
import { carryOutOrders } from "../../../../src/operate/orders.ts";
import type { Durability } from "../../../../src/domain/limits/durability.ts";
import type { Log, Message } from "../../../../src/ports/index.ts";
import { configFile, runProgram } from "../../../support/program/program.ts";
import { silentLog } from "../../../support/run/log.ts";
import { until } from "../../../support/servers/broker/bus.ts";
import { CuttableProxy } from "../../../support/servers/proxy.ts";
import { startCluster, startServers, type RedisNode } from "../../../support/servers/redis/redis-forms.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "../../../support/world/world.ts";

const never = new AbortController().signal;

/** A consumer over this world, and what it has acknowledged and told. */
function consumerOf({ connection, ingester, clock }: World, durability: Durability) {
  const [acknowledged, told]: [number[], string[]] = [[], []];
  const warn: Log["warn"] = (data) => void told.push(String((data as { readonly error?: string }).error));
  // A pause between two tries is as short as can be.
  const patient = { now: () => clock.now(), sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 20)) };
  const consumer = new Consumer(
    { ...ingester, clock: patient, log: { ...silentLog, warn } },
    { stop: never, giveUp: never },
    redisKeeping(connection, durability),
  );
  const deliver = (messages: readonly Message[]): void => {
    for (const [index, message] of messages.entries())
      consumer.deliver({
        message,
        lost: never,
        ackUpTo: () => acknowledged.push(index + 1),
        giveBack: () => undefined,
        spent: null,
      });
  };
  return { consumer, acknowledged, told, deliver };
}

let sent = 0;

function uploads(world: World, count: number): readonly Message[] {
  return Array.from({ length: count }, (): Message => {
    sent += 1;
    const amiId = `ami-${sent.toString(16).padStart(17, "0")}`;
    const body = {
      architecture: "x86_64",
      compose_id: "Fedora-Rawhide-20261124.n.0",
      image_name: `image ${sent}`,
      regions: { [REGION]: amiId },
    };
    return {
      topic: `org.fedoraproject.prod.${UPLOADER}`,
      messageId: `kept-${sent}`,
      headers: { "sent-at": new Date(world.clock.now()).toISOString() },
      body: Buffer.from(JSON.stringify(body)),
      arrivedAt: world.clock.now(),
    };
  });
}

async function live({ connection: { redis, keys } }: World): Promise<number> {
  return redis.scard(keys.images(REGION));
}

/** A master, and a replica that is in step. */
async function startPair(t: Test): Promise<readonly [RedisNode, RedisNode]> {
  const [master, replica] = await startServers(t, [], []);
  if (master === undefined || replica === undefined) throw new Error("not started");
  await replica.admin.replicaof("127.0.0.1", master.port);
  await until("it is in step", async () => (await master.admin.info("replication")).includes("state=online"));
  return [master, replica];
}

const urlOf = ({ port }: RedisNode): string => `redis://127.0.0.1:${port}`;

async function callsOf({ admin }: RedisNode, command: string): Promise<number> {
  const line = new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m");
  return Number(line.exec(await admin.info("commandstats"))?.[1] ?? 0);
}

t.test(
  "replicated: nothing is acknowledged before a replica has it, and it is asked once for a whole turn",
  async (t) => {
    const [master, replica] = await startPair(t);
    const world = await openWorld(t, { redisUrl: urlOf(master) });
    const { consumer, acknowledged, told, deliver } = consumerOf(world, "replicated");
    deliver(uploads(world, 40));
    await consumer.idle();
    t.same([acknowledged, told], [[40], []]);
    t.equal(await callsOf(master, "wait"), 1, "one question for forty messages");

    replica.signal("SIGSTOP");
    deliver(uploads(world, 2));
    await until("it was told", () => Promise.resolve(told.length > 0));
    await until("it was asked again", async () => (await callsOf(master, "wait")) >= 3);
    t.equal(await live(world), 42, "all of it is written");
    t.same(acknowledged, [40], "and none of it acknowledged");
    replica.signal("SIGCONT");
    await consumer.idle();
    t.same(acknowledged, [40, 2]);
    t.match(told, [
      /^redis: no replica of Redis has confirmed what messages brought within 3s: nothing is acknowledged$/,
    ]);
    t.equal(told.length, 1, "told once");
    t.equal(await live(world), 42, "and nothing is there twice");
  },
);

t.test(
  "replicated: what went down with the master is written again to the next one, and acknowledged then",
  async (t) => {
    const [[master, replica], [next]] = [await startPair(t), await startPair(t)];
    const proxy = await CuttableProxy.open(urlOf(master));
    t.teardown(() => proxy.close());
    const world = await openWorld(t, { redisUrl: proxy.urlFor(urlOf(master)) });
    const { consumer, acknowledged, deliver } = consumerOf(world, "replicated");
    replica.signal("SIGSTOP");
    t.teardown(() => {
      replica.signal("SIGCONT");
    });
    deliver(uploads(world, 3));
    await until("it is written", async () => (await live(world)) === 3);
    proxy.aim(urlOf(next));
    await consumer.idle();
    t.same([acknowledged, await next.admin.scard(world.connection.keys.images(REGION))], [[3], 3]);
  },
);

t.test("what was written in another run is never confirmed", async (t) => {
  const [[master], [next]] = [await startPair(t), await startPair(t)];
  const proxy = await CuttableProxy.open(urlOf(master));
  t.teardown(() => proxy.close());
  const { connection } = await openWorld(t, { redisUrl: proxy.urlFor(urlOf(master)) });
  const keeper = new Keeper(connection);
  const run = await keeper.begin();
  t.equal(await keeper.isKept("replicated", run), true);
  proxy.aim(urlOf(next));
  await until("the next one answers", async () => (await connection.redis.ping().catch(() => "")) === "PONG");
  await t.rejects(
    until("it answers", async () => {
      const [answer] = await Promise.allSettled([keeper.isKept("replicated", run)]);
      if (answer.status === "rejected" && /another run/.test(String(answer.reason))) throw answer.reason as Error;
      return answer.status === "fulfilled";
    }),
    { code: "other-run" },
  );
});

t.test("of a Cluster every master is asked", async (t) => {
  const { url, replicas } = await startCluster(t, { replicas: 1 });
  const { connection } = await openWorld(t, { redisUrl: url });
  const keeper = new Keeper(connection);
  const run = await keeper.begin();
  t.same([await keeper.replicated(run), await keeper.isKept("replicated", run)], ["replicated", true]);
  const [one] = replicas;
  one?.signal("SIGSTOP");
  t.teardown(() => one?.signal("SIGCONT"));
  t.equal(await keeper.replicated(run), "unconfirmed", "one replica that stands still is enough");
});

t.test("a hold is confirmed by a replica, and who asked for it is told where it is not", async (t) => {
  const [master, replica] = await startPair(t);
  const world = await openWorld(t, { redisUrl: urlOf(master) });
  const { amiId, message } = addNightly(world);
  await world.hear(UPLOADER, message);
  const order = { by: "me", why: "in use", until: null, at: world.clock.now(), composeId: null };
  const ask = async (verb: "hold" | "release"): Promise<readonly string[]> => {
    const id = await world.clerk.orders.add({ ...order, verb, images: [{ region: REGION, amiId }] });
    await carryOutOrders(world.clerk);
    return ((await world.clerk.orders.answerTo(id)) ?? []).map(({ happened, next }) => `${happened}; ${next}`);
  };
  t.match(await ask("hold"), [/^held/]);
  t.equal(await callsOf(master, "wait"), 1);
  t.match(await ask("release"), [/./]);
  t.equal(await callsOf(master, "wait"), 1, "what is lost of a release keeps the image the longer");
  replica.signal("SIGSTOP");
  t.teardown(() => {
    replica.signal("SIGCONT");
  });
  const said = await ask("hold");
  t.match(said, [/^held/, /^not confirmed by a replica of Redis; after a failover look whether it still stands/]);
});

/** Why WAITAOF cannot be tried here; false: it can. */
async function reasonToSkip(): Promise<string | false> {
  const { redis } = await findServers();
  if (redis.from === "url") return "the server was given by its address: one of our own is needed";
  const said = spawnSync(redis.program, ["--version"], { encoding: "utf8" }).stdout;
  const [, version = "?", major = "0", minor = "0"] = /v=((\d+)\.(\d+)\S*)/.exec(said) ?? [];
  const isNew = Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 2);
  return isNew ? false : `this server (${version}) has no WAITAOF: Redis 7.2 or Valkey 8 is needed`;
}

const skip = await reasonToSkip();

t.test("synced: nothing is acknowledged before Redis has it on its disk", { skip }, async (t) => {
  const [node] = await startServers(t, ["--appendonly", "yes", "--appendfsync", "no"]);
  if (node === undefined) throw new Error("not started");
  const world = await openWorld(t, { redisUrl: urlOf(node) });
  await redisKeeping(world.connection, "synced")?.check();
  const { consumer, acknowledged, told, deliver } = consumerOf(world, "synced");
  deliver(uploads(world, 40));
  await until("it was told", () => Promise.resolve(told.length > 0));
  t.same([await live(world), acknowledged], [40, []], "all of it is written, and none of it acknowledged");
  await node.admin.config("SET", "appendfsync", "always");
  await consumer.idle();
  t.same(acknowledged, [40]);
  t.match(told, [
    /^redis: Redis has not written to its disk what messages brought within 3s: nothing is acknowledged$/,
  ]);
  const before = await callsOf(node, "waitaof");
  deliver(uploads(world, 40));
  await consumer.idle();
  t.equal((await callsOf(node, "waitaof")) - before, 1, "one question for forty messages");
  await node.admin.config("SET", "appendonly", "no");
  await t.rejects(redisKeeping(world.connection, "synced")?.check() ?? Promise.resolve(), {
    name: "ConfigError",
    message:
      /redis_durability = "synced": Redis writes nothing to its disk: set appendonly yes there, or choose another$/,
  });
});

t.test("a server that does not know how is refused at the start, in one sentence", async (t) => {
  // A server that has no such command cannot forget it.
  const forgotten = skip === false ? ["WAIT", "WAITAOF"] : ["WAIT"];
  const [node] = await startServers(
    t,
    forgotten.flatMap((command) => ["--rename-command", command, ""]),
  );
  if (node === undefined) throw new Error("not started");
  const { connection } = await openWorld(t, { redisUrl: urlOf(node) });
  for (const [durability, command] of [
    ["synced", "WAITAOF"],
    ["replicated", "WAIT"],
  ] as const) {
    const file = configFile(t, connection, `redis_durability = "${durability}"\n`);
    const { code, err } = await runProgram(t, ["consume", "--config", file], { env: { REDIS_URL: urlOf(node) } });
    const why = `this Redis does not know ${command}: install Redis 7.2 or Valkey 8, or choose another`;
    t.same([code, err], [2, `clean-amis: consumer_config.redis_durability = "${durability}": ${why}\n`]);
  }
});
