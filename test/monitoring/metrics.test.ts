import { execFileSync } from "node:child_process";
import t from "tap";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { openMeter } from "../../src/monitoring/metrics/meter.ts";
import { onPath } from "../support/program/on-path.ts";
import { openServed } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { addNightly, UPLOADER } from "../support/world/world.ts";

/** Every series: its name, its labels' names and their values. */
function seriesIn(text: string): { readonly name: string; readonly labels: Readonly<Record<string, string>> }[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const { name = "", labels = "" } =
      /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>[^}]*)\})? \S+$/.exec(line)?.groups ?? {};
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", value = ""]) => [key, value]);
    return { name, labels: Object.fromEntries(pairs) as Record<string, string> };
  });
}

t.test("figures of what stands in redis and of what this process did are told, and no id is a label", async (t) => {
  const { world, store, own, text } = await openServed(t);
  await rememberHeard(world.connection, world.clock.now());
  const { message, amiId } = addNightly(world, 1);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS + HOUR_MS);
  await world.tick();
  const now = world.clock.now();
  await store.breakers.set("eu-west-1", { trouble: "failing", since: now, askAgainAt: now, times: 1, code: "X" });
  own.meter.message("fedora_image_uploader.published.v1.aws", "uploads");
  own.meter.message(null, "ignored");
  own.meter.ec2("DescribeImages", "Weird code with spaces", 0.2);
  const metrics = await text("/metrics");
  for (const line of [
    `clean_amis_shared_images{stage="private",region="us-east-1"} 1`,
    `clean_amis_shared_untold_images{region="us-east-1"} 1`,
    `clean_amis_messages_total{event="fedora_image_uploader.published.v1.aws",outcome="uploads"} 1`,
    `clean_amis_messages_total{event="other",outcome="ignored"} 1`,
    `clean_amis_acts_total{kind="private",outcome="make-private"} 1`,
    `clean_amis_ec2_requests_total{action="ModifyImageAttribute",result="ok"} 1`,
    `clean_amis_ec2_request_duration_seconds_count{action="ModifyImageAttribute"} 1`,
    `clean_amis_reconnects_total{service="redis"} 0`,
    `clean_amis_ec2_requests_total{action="DescribeImages",result="other"} 1`,
    `clean_amis_shared_breaker_open_since_timestamp_seconds{region="eu-west-1",trouble="failing"} ${now / 1000}`,
    `clean_amis_shared_budget_limit_acts{kind="delete"} 500`,
    "clean_amis_redis_up 1",
    "clean_amis_shared_deaf 1",
  ])
    t.match(metrics, `${line}\n`);
  t.match(metrics, /^clean_amis_shared_report_lag_seconds [1-9]/m);
  t.match(metrics, /^clean_amis_build_info\{version="[^"]+"\} 1$/m);
  t.match(metrics, /^process_cpu_seconds_total /m);
  t.notMatch(metrics, amiId);
  t.notMatch(metrics, "Fedora-Rawhide");
  for (const { name } of seriesIn(metrics)) t.match(name, /^(?:clean_amis|process|nodejs)_[a-z0-9_]+$/);
});

t.test("what is the same from every replica says so, and is gone while redis is away", async (t) => {
  const { world, text } = await openServed(t);
  const metrics = await text("/metrics");
  for (const line of metrics.split("\n").filter((each) => each.startsWith("# HELP clean_amis_shared_")))
    t.match(line, /never the sum\.$/);
  world.connection.redis.disconnect();
  const without = await text("/metrics");
  t.match(without, /^clean_amis_redis_up 0$/m);
  t.notMatch(without, "clean_amis_shared_");
  await world.connection.redis.connect();
});

t.test("where nothing may be done, nobody waits for a report or for comments to be read", async (t) => {
  const { world, store, text } = await openServed(t, { act: "nothing" });
  await world.hear(UPLOADER, addNightly(world, 1).message);
  const lease = await store.comments.lease();
  await lease?.noteRead(world.clock.now(), null);
  const metrics = await text("/metrics");
  t.match(metrics, /^clean_amis_shared_report_lag_seconds 0$/m);
  t.notMatch(metrics, "comments_read_until");
});

t.test("however many words come, a label has few values", async (t) => {
  const { meter, registry } = openMeter("1", {});
  for (let number = 0; number < 1000; number += 1) meter.act("private", `outcome-${number}`);
  const outcomes = new Set(
    seriesIn(await registry.metrics()).flatMap(({ name, labels }) =>
      name === "clean_amis_acts_total" ? (labels["outcome"] ?? []) : [],
    ),
  );
  t.equal(outcomes.size, 201);
  t.ok(outcomes.has("other"));
});

t.test("promtool finds nothing to better in the figures", async (t) => {
  const tool = onPath("promtool");
  if (tool === null) {
    t.plan(0, "there is no promtool here (Debian's package prometheus)");
    return;
  }
  const { world, own, text } = await openServed(t);
  await world.hear(UPLOADER, addNightly(world, 1).message);
  world.clock.advance(5 * DAY_MS + HOUR_MS);
  await world.tick();
  own.meter.message(null, "ignored");
  own.meter.ec2Wait("DescribeImages", 1);
  const input = await text("/metrics");
  const said = execFileSync(tool, ["check", "metrics"], { input, encoding: "utf8", stdio: "pipe" });
  t.equal(said, "");
});
