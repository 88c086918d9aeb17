import t from "tap";
import { runHere } from "../../../support/program/here.ts";
import { configFile } from "../../../support/program/program.ts";
import { until } from "../../../support/servers/broker/bus.ts";
import { startSentinels } from "../../../support/servers/redis/redis-forms.ts";
import { openWorld } from "../../../support/world/world.ts";

const PAUSED = "paused: nothing is made private, deleted or given back until clean-amis resume";

t.test("a pause that a replica has stands after a failover, and where none has it that is said", async (t) => {
  const form = await startSentinels(t);
  const [[master], [replica]] = [form.masters, form.replicas];
  if (master === undefined || replica === undefined) throw new Error("not started");
  const world = await openWorld(t, { redisUrl: form.url });
  const file = configFile(t, world.connection);
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await runHere([...args, "--config", file], { env: { REDIS_URL: form.url } });
    t.same([code, err], [0, ""]);
    return out;
  };
  t.equal(
    await run("pause", "--reason", "release day"),
    `${PAUSED}\na replica of Redis has it too: it survives a failover\n`,
  );
  await form.promote(master);
  await until("the replica is the master", async () => (await replica.admin.role())[0] === "master");
  await until("the old master follows it", async () => /state=online/.test(await replica.admin.info("replication")));
  await until("its pause stands", async () => {
    const counts = await world.tick().catch(() => null);
    return counts !== null && t.same(counts, { paused: 1 });
  });
  t.match(await run("resume"), /^resumed: it was paused since .*: release day\n/);

  master.signal("SIGSTOP");
  t.teardown(() => {
    master.signal("SIGCONT");
  });
  const words =
    /^not confirmed by a replica of Redis: after a failover look whether it still stands .*, and pause again$/m;
  t.match(await run("pause", "--reason", "release day"), words);
});

t.test("where Redis has no replica nothing is said of any", async (t) => {
  const { connection } = await openWorld(t);
  const { out } = await runHere(["pause", "--reason", "release day", "--config", configFile(t, connection)]);
  t.equal(out, `${PAUSED}\n`);
});
