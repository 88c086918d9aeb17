import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisPositions } from "../../../src/adapters/redis/control/positions.ts";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { runHere } from "../../support/program/here.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";

function configOf(t: Test, { keys }: RedisConnection, datagrepper: string): string {
  const prefix = keys.format.replace(/:format$/, "");
  const sources = `[consumer_config.sources]\ncompose_host = ""\ndatagrepper = "${datagrepper}"\ndatagrepper_rate = 1000\n`;
  const dir = t.testdir({});
  const file = join(dir, "config.toml");
  writeFileSync(file, `[consumer_config]\nredis_prefix = "${prefix}"\n${sources}`);
  return file;
}

function linesOf(out: string): readonly string[] {
  return out.trimEnd().split("\n");
}

t.test("a dry run sees that one AMI is named with two composes, and tells programs in JSON alone", async (t) => {
  const at = Date.now() - DAY_MS;
  const upload = (number: number) => ({
    id: `message-${number}`,
    topic: "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws",
    at: at + number * 1000,
    headers: { "sent-at": new Date(at + number * 1000).toISOString() },
    body: {
      architecture: "x86_64",
      compose_id: `Fedora-Rawhide-2026112${number}.n.0`,
      image_name: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-2026112${number}.0`,
      regions: { "us-east-1": "ami-0123456789abcdef0" },
    },
  });
  const archive = await startDatagrepper({ messages: [upload(1), upload(2)] });
  t.teardown(() => archive.close());
  const config = configOf(t, await openTestRedis(t), archive.url);
  const { code, err, out } = await runHere(["backfill", "--days", "2", "--dry-run", "--json", "--config", config]);
  t.same([code, err], [0, ""]);
  const [image, sum] = linesOf(out).map((line) => JSON.parse(line) as object);
  t.match(image, { ami: "ami-0123456789abcdef0", fate: /^keep \(conflict\): .*20261121.*20261122/, private_at: null });
  t.same(sum, { done: true, images: 1, fates: { "keep (conflict)": 1 } });
});

t.test("a backfill ends within seconds of an order to stop, whatever hangs, and says so", async (t) => {
  const archive = await startDatagrepper({ messages: [] });
  t.teardown(() => archive.close());
  const config = configOf(t, await openTestRedis(t), archive.url);
  let isAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  archive.fail({ trouble: { kind: "withhold" }, times: Infinity, when: () => (isAsked(), true) });
  const stop = new AbortController();
  const running = runHere(["backfill", "--days", "2", "--json", "--config", config], { stop: stop.signal });
  await asked;
  stop.abort();
  const { code, out } = await running;
  t.equal(code, 1);
  t.same(JSON.parse(out.trim().split("\n").at(-1) ?? ""), { done: false, error: "stopped" });
});

t.test("days go on with what was begun within a day, read on to now, and begin anew after that", async (t) => {
  const archive = await startDatagrepper({ messages: [] });
  t.teardown(() => archive.close());
  const connection = await openTestRedis(t);
  const config = configOf(t, connection, archive.url);
  const positions = redisPositions(connection);
  const now = Math.floor(Date.now() / 1000) * 1000;
  const begin = async (agoMs: number) => {
    await positions.write("days=2", { start: now - agoMs - 2 * DAY_MS, end: now - agoMs, next: 3 });
    return runHere(["backfill", "--days", "2", "--json", "--config", config]);
  };
  const fresh = await begin(3 * HOUR_MS);
  t.match(fresh.err, /going on with 20.* to 20.*, which was begun: 3 of its slices are read/);
  const ends = linesOf(fresh.out).map((line) => (JSON.parse(line) as { end?: string }).end ?? "");
  t.ok(
    ends.some((end) => Date.parse(end) >= now),
    "it has read to now",
  );
  const old = await begin(30 * HOUR_MS);
  t.equal(old.err, "");
  t.equal((JSON.parse(linesOf(old.out)[0] ?? "{}") as { done: number }).done, 1);
});
