import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { openMeter } from "../../src/monitoring/metrics/meter.ts";
import { onPath } from "../support/program/on-path.ts";
import { openServed } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { addNightly, UPLOADER } from "../support/world/world.ts";

const ROOT = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const RULES = "deploy/prometheus/clean-amis.rules.yml";
const DASHBOARD = "deploy/grafana/clean-amis.json";

interface Drawn {
  readonly dashboard: () => object;
}

t.test("alerts and dashboard ask for figures that are told", async (t) => {
  const { world, store, own, text } = await openServed(t);
  await world.hear(UPLOADER, addNightly(world, 1).message);
  const now = world.clock.now();
  await store.breakers.set("eu-west-1", { trouble: "failing", since: now, askAgainAt: now, times: 1, code: "X" });
  await store.pulse.beat("one", now, { tick: now });
  own.meter.message(null, "ignored");
  own.meter.act("private", "done");
  own.meter.ec2("DescribeImages", "ok", 1);
  own.meter.ec2Wait("DescribeImages", 1);
  await rememberHeard(world.connection, now);
  const lease = await store.comments.lease();
  await lease?.noteRead(now, await store.hearing.runId());
  const certificates = await openMeter("1", { ca: fileURLToPath(new URL("config.toml", ROOT)) }).registry.metrics();
  const told = (await text("/metrics")) + certificates;
  const asked = new Set((read(RULES) + read(DASHBOARD)).match(/clean_amis_[a-z0-9_]+/g));
  t.ok(asked.size > 15);
  for (const name of asked) t.match(told, new RegExp(`^${name}[ {]`, "m"), name);
});

t.test("the dashboard is what its source draws", async (t) => {
  const { dashboard } = (await import(new URL(".config/dashboard.mjs", ROOT).href)) as Drawn;
  t.same(JSON.parse(read(DASHBOARD)), dashboard());
});

t.test("each alert says what to do, and comes when it should and not before", (t) => {
  const rules = read(RULES);
  const count = rules.match(/- alert: /g)?.length ?? 0;
  for (const part of ["summary: ", "do: ", "for: ", "severity: "]) t.equal(rules.split(part).length - 1, count, part);
  const tool = onPath("promtool");
  if (tool === null) t.pass("", { skip: "there is no promtool here (Debian's package prometheus)" });
  else
    for (const args of [
      ["check", "rules", "clean-amis.rules.yml"],
      ["test", "rules", "clean-amis.test.yml"],
    ])
      t.match(execFileSync(tool, args, { cwd: new URL("deploy/prometheus/", ROOT), encoding: "utf8" }), "SUCCESS");
  t.end();
});
