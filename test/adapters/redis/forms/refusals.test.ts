import t, { type Test } from "tap";
import { redisHearing } from "../../../../src/adapters/redis/control/hearing.ts";
import { openRedis } from "../../../../src/adapters/redis/connection.ts";
import { silentLog } from "../../../support/run/log.ts";
import { until } from "../../../support/servers/broker/bus.ts";
import { CuttableProxy } from "../../../support/servers/proxy.ts";
import {
  startCluster,
  startServers,
  type RedisForm,
  type RedisNode,
} from "../../../support/servers/redis/redis-forms.ts";
import { isBack } from "../../../support/world/back.ts";
import { addNightly, openWorld, REGION, UPLOADER } from "../../../support/world/world.ts";

/** A world whose Redis is behind one address that leads to the first of two servers. */
async function behindOneAddress(t: Test, ...args: readonly string[]) {
  const [old, next] = await startServers(t, args, []);
  if (old === undefined || next === undefined) throw new Error("not started");
  const urlOf = ({ port }: RedisNode): string => `redis://127.0.0.1:${port}`;
  const proxy = await CuttableProxy.open(urlOf(old));
  t.teardown(() => proxy.close());
  const world = await openWorld(t, { redisUrl: proxy.urlFor(urlOf(old)) });
  const follow = (): void => {
    proxy.follow(urlOf(next));
  };
  return { world, old, next, proxy, follow };
}

/** What a server says that is not, or no more, the one to write to, and how it comes to that. */
const REFUSALS: Readonly<Record<string, (old: RedisNode, next: RedisNode) => Promise<unknown>>> = {
  READONLY: ({ admin }, next) => admin.replicaof("127.0.0.1", next.port),
  MASTERDOWN: async ({ admin }) => {
    await admin.config("SET", "replica-serve-stale-data", "no");
    await admin.replicaof("127.0.0.1", 1);
  },
  NOREPLICAS: ({ admin }) => admin.config("SET", "min-replicas-to-write", "1"),
};

for (const [word, come] of Object.entries(REFUSALS))
  t.test(`a server that says ${word} is left, though its connection lives`, async (t) => {
    const { world, old, next, follow } = await behindOneAddress(t);
    const { redis: client, keys } = world.connection;
    await come(old, next);
    await until(`it says ${word}`, async () => {
      const answers = await Promise.allSettled([client.get(keys.format), client.set(keys.format, "1")]);
      return answers.some((answer) => answer.status === "rejected" && String(answer.reason).includes(word));
    });
    const heard = world.hear(UPLOADER, addNightly(world).message);
    const [told] = await Promise.allSettled([heard]);
    follow();
    if (told.status === "rejected") t.match(told.reason, { name: "UpstreamError", service: "redis" });
    await isBack(world);
    t.equal(await next.admin.exists(keys.images(REGION)), 1, "the next connection met the master");
  });

/** A memory that takes most of a minute to be read. */
const SLOW_TO_READ = [
  ...["--enable-debug-command", "yes", "--rdbcompression", "no"],
  ...["--loading-process-events-interval-bytes", "1024"],
];
async function beginToRead({ admin }: RedisNode): Promise<void> {
  await admin.call("DEBUG", "POPULATE", "1000", "key", "2000");
  await admin.config("SET", "key-load-delay", "50000");
  // Its answer comes when all is read, or never.
  void admin.call("DEBUG", "RELOAD").catch(() => undefined);
}

t.test("a server that reads its memory is waited for, by who has a connection and by who opens one", async (t) => {
  const { world, old, proxy } = await behindOneAddress(t, ...SLOW_TO_READ);
  await beginToRead(old);
  const reader = old.admin.duplicate({ enableReadyCheck: false });
  reader.on("error", () => undefined);
  t.teardown(() => {
    reader.disconnect();
  });
  const isReading = async (): Promise<boolean> => (await reader.info("persistence")).includes("\nloading:1");
  await until("it reads", isReading);
  await t.rejects(world.hear(UPLOADER, addNightly(world).message), { name: "UpstreamError", message: /LOADING/ });
  let isOpen = false;
  const opening = openRedis(proxy.urlFor("redis://127.0.0.1"), "another", silentLog).then((connection) => {
    isOpen = true;
    t.teardown(() => connection.close());
    return connection;
  });
  // Whoever may be served is served by now.
  for (let asked = 0; asked < 20; asked += 1) await reader.time();
  t.same([await isReading(), isOpen], [true, false]);
  await reader.config("SET", "key-load-delay", "0");
  const connection = await opening;
  t.equal(await connection.redis.exists("key:999"), 1, "and all of it is there then");
  await isBack(world);
});

t.test("a connection that brings nothing, and is never closed, is left within seconds", async (t) => {
  const { world, proxy } = await behindOneAddress(t);
  const nightly = addNightly(world);
  t.match(await world.hear(UPLOADER, nightly.message), { new: 1 });
  proxy.hang();
  await isBack(world);
  t.match(await world.hear(UPLOADER, nightly.message), { known: 1 });
});

/** A Cluster, and the master that has the region's slot. */
async function clusterOf(t: Test, options: Parameters<typeof startCluster>[1] = {}) {
  const form = await startCluster(t, options);
  const world = await openWorld(t, { redisUrl: form.url });
  const slot = Number(await form.masters[0]?.admin.call("CLUSTER", "KEYSLOT", world.connection.keys.images(REGION)));
  const owner = form.masters[Math.floor((slot * 3) / 16_384)];
  if (owner === undefined) throw new Error("nobody has the slot");
  const all = (...words: readonly [string, ...(string | number)[]]): Promise<unknown> =>
    Promise.all(form.masters.map(({ admin }) => admin.call(...words).catch(() => null)));
  return { form, world, slot, owner, all };
}

async function idOf({ admin }: RedisNode): Promise<string> {
  return (await admin.call("CLUSTER", "MYID")) as string;
}

async function isServed({ masters }: RedisForm, slot: number, owner: RedisNode): Promise<boolean> {
  const all = await Promise.all(masters.map(({ admin }) => admin.call("CLUSTER", "SLOTS")));
  const ranges = all as readonly (readonly [number, number, readonly [string, number]])[][];
  return ranges.every((each) => each.some(([from, to, [, port]]) => from <= slot && slot <= to && port === owner.port));
}

t.test(
  "a Cluster that serves nothing, as a slot has no master, is waited for, and is the same run after",
  async (t) => {
    const { form, world, slot, owner, all } = await clusterOf(t);
    const hearing = redisHearing(world.connection, silentLog);
    const run = await hearing.runId();
    await all("CLUSTER", "DELSLOTS", slot);
    await until("it is down", async () => {
      const infos = await Promise.all(
        form.masters.map(({ admin }) => admin.call("CLUSTER", "INFO") as Promise<string>),
      );
      return infos.every((info) => info.includes("cluster_state:fail"));
    });
    await t.rejects(world.hear(UPLOADER, addNightly(world).message), { name: "UpstreamError", message: /CLUSTERDOWN/ });
    const [during] = await Promise.allSettled([hearing.runId()]);
    t.ok(during.status === "rejected" || during.value === run, "of a part of it nothing is said");
    await owner.admin.call("CLUSTER", "ADDSLOTS", slot);
    await until("all know who has it", () => isServed(form, slot, owner));
    await isBack(world);
    t.equal(await hearing.runId(), run);
  },
);

t.test("a slot that moved to a node which is dead keeps nobody for ever, and ends nothing else", async (t) => {
  const { form, world, slot, owner, all } = await clusterOf(t, { spares: 1 });
  const [dead] = form.spares;
  if (dead === undefined) throw new Error("no spare node");
  const away = await idOf(dead);
  dead.signal("SIGKILL");
  await all("CLUSTER", "SETSLOT", slot, "NODE", away);
  const image = addNightly(world);
  await t.rejects(world.hear(UPLOADER, image.message), { name: "UpstreamError", service: "redis" });
  const elsewhere = addNightly(world, 3, "eu-west-1");
  t.match(await world.hear(UPLOADER, elsewhere.message), { new: 1 }, "another region's node answers");
  await all("CLUSTER", "SETSLOT", slot, "NODE", await idOf(owner));
  await until("all know who has it", () => isServed(form, slot, owner));
  await isBack(world);
  t.match(await world.hear(UPLOADER, image.message), { kind: "uploads" });
});
