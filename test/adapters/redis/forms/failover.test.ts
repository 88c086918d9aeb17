import t, { type Test } from "tap";
import { redisHearing } from "../../../../src/adapters/redis/control/hearing.ts";
import { silentLog } from "../../../support/run/log.ts";
import { until } from "../../../support/servers/broker/bus.ts";
import {
  startCluster,
  startSentinels,
  type RedisForm,
  type RedisNode,
} from "../../../support/servers/redis/redis-forms.ts";
import { isBack } from "../../../support/world/back.ts";
import { addNightly, openWorld, REGION, UPLOADER } from "../../../support/world/world.ts";

/** A world over such a Redis, with one image that all replicas have. */
async function serveOn(t: Test, { url, masters }: Pick<RedisForm, "url" | "masters">) {
  const lines: string[] = [];
  const say = (_: object, message: string): void => void lines.push(message);
  const world = await openWorld(t, { redisUrl: url, log: { ...silentLog, warn: say, info: say } });
  const nightly = addNightly(world);
  t.match(await world.hear(UPLOADER, nightly.message), { new: 1 });
  // A replica has what a connection wrote before, too.
  for (const { admin } of masters) {
    await admin.set("last", "1").catch(() => null);
    await admin.wait(1, 60_000);
  }
  return { world, nightly, lines };
}

const LOSSES: Readonly<
  Record<string, { readonly start: (t: Test) => Promise<RedisForm>; readonly signal: "SIGKILL" | "SIGSTOP" }>
> = {
  "a master under a sentinel is killed": { start: (t) => startSentinels(t), signal: "SIGKILL" },
  "a master under a sentinel stands still, and its connection is open": {
    start: (t) => startSentinels(t),
    signal: "SIGSTOP",
  },
  "a master of a Cluster is killed, and its replica promoted": {
    start: (t) => startCluster(t, { replicas: 1 }),
    signal: "SIGKILL",
  },
};

for (const [what, { start, signal }] of Object.entries(LOSSES))
  t.test(`${what}: the service goes on by itself, and knows that it is another run`, async (t) => {
    const form = await start(t);
    const { world, nightly, lines } = await serveOn(t, form);
    const hearing = redisHearing(world.connection, silentLog);
    const before = await hearing.runId();
    const victim = await holderOf(form, world.connection.keys.image(REGION, nightly.amiId));
    victim.signal(signal);
    t.teardown(() => {
      if (signal === "SIGSTOP") victim.signal("SIGCONT");
    });
    await form.promote(victim);
    await isBack(world);
    const after = await hearing.runId();
    t.not(after, before, "what the last second brought may be lost");
    t.equal(await hearing.runId(), after, "and this run is one run");
    t.match(await world.hear(UPLOADER, nightly.message), { known: 1 }, "what replicas had is there");
    const outages = lines.filter((line) => /away|back/.test(line));
    await until("its end is told", () => Promise.resolve(lines.includes("redis is back") || outages.length === 0));
    t.ok(lines.filter((line) => line.startsWith("redis is away")).length <= 1, "an outage is told once");
  });

/** The master that has a key. */
async function holderOf({ masters }: RedisForm, key: string): Promise<RedisNode> {
  for (const node of masters) {
    const there = await node.admin.exists(key.replace(/image:.*/, "images")).catch(() => 0);
    if (there === 1) return node;
  }
  throw new Error("no master has it");
}
