import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import type { RedisConnection } from "../../src/adapters/redis/connection.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../src/demo/outside/datagrepper/double.ts";
import { generateMonth } from "../../src/demo/outside/datagrepper/month.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";
import { fieldCase, type FieldCase } from "../support/world/inputs/cases.ts";
import { limitFor } from "../support/run/limit.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const START = Date.parse("2026-10-01T00:00:00Z");
const DAYS = 10;
const MESSAGES = Number(process.env["CHAOS_BACKFILL"] ?? 1_200);
const KILLS = process.env["CHAOS_BACKFILL"] === undefined ? 2 : 20;
/** Of what was published. */
const SEED = Number(process.env["CHAOS_SEED"] ?? 7);
const RANGE = ["--start", "2026-10-01T00:00:00Z", "--end", "2026-10-11T00:00:00Z", "--rate", "1000"];

interface GatewayCase extends FieldCase<Readonly<Record<string, string>>> {
  readonly proxy: { readonly answer: number; readonly forRangesLongerThanHours: number; readonly command: string };
  readonly "proxy-504": GatewayCase["proxy"];
}

limitFor(t, "CHAOS_BACKFILL");

async function openArchive(t: Test): Promise<DatagrepperDouble> {
  const messages = generateMonth({ seed: SEED, count: MESSAGES, start: START, days: DAYS, regions: 1 });
  const archive = await startDatagrepper({ messages });
  t.teardown(() => archive.close());
  return archive;
}

async function configOf(t: Test, { keys }: RedisConnection, datagrepper: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-test-"));
  t.teardown(() => rm(dir, { recursive: true }));
  const file = join(dir, "config.toml");
  const prefix = keys.format.replace(/:format$/, "");
  const text = `[consumer_config]\nredis_prefix = "${prefix}"\n[consumer_config.sources]\ncompose_host = ""\ndatagrepper = "${datagrepper}"\n`;
  await writeFile(file, text);
  return file;
}

/** Runs the command; `killAfter` progress lines it is killed. Resolves to its lines and how it ended. */
async function backfill(
  args: readonly string[],
  killAfter = Infinity,
): Promise<{ lines: string[]; end: number | string | null; err: string }> {
  const env = { PATH: process.env["PATH"] ?? "", REDIS_URL: serverUrl("TEST_REDIS_URL") };
  const child = spawn(process.execPath, [MAIN, "backfill", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    if (out.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { lines: out.trimEnd().split("\n"), end: signal ?? code, err };
}

/** Every key with what it holds, but for stream ids, revisions, counts and times of hearing. */
async function contents({ redis, keys }: RedisConnection): Promise<Record<string, unknown>> {
  const prefix = keys.format.replace(/:format$/, "");
  const found: Record<string, unknown> = {};
  for await (const batch of redis.scanStream({ match: `${prefix}:*`, count: 1000 }))
    for (const key of batch as string[]) {
      const name = key.slice(prefix.length);
      const type = await redis.type(key);
      if (type === "hash") {
        const hash = await redis.hgetall(key);
        found[name] = Object.fromEntries(
          Object.entries(hash).filter(
            ([field]) => !/^(?:revision|counted|epoch|next)$|heard_at|\.by$|released_/.test(field),
          ),
        );
      } else if (type === "zset" && !name.endsWith(":unresolved"))
        found[name] = await redis.zrange(key, "0", "-1", "WITHSCORES");
      else if (type === "zset") found[name] = await redis.zrange(key, "0", "-1");
      else if (type === "set") found[name] = (await redis.smembers(key)).sort();
      else if (type === "stream" && name !== ":rejected") found[name] = await redis.xlen(key);
    }
  return found;
}

t.test(
  `killed ${KILLS} times over ${MESSAGES} messages, a backfill ends in the same Redis as an undisturbed one`,
  async (t) => {
    const archive = await openArchive(t);
    const [calm, troubled] = [await openTestRedis(t), await openTestRedis(t)];
    const undisturbed = await backfill([...RANGE, "--config", await configOf(t, calm, archive.url)]);
    t.same([undisturbed.end, undisturbed.err], [0, ""]);
    const config = await configOf(t, troubled, archive.url);
    let kills = 0;
    for (let run = 0; run < KILLS; run += 1) {
      const { end } = await backfill([...RANGE, "--config", config], 1 + Math.floor(Math.random() * 5));
      if (end === "SIGKILL") kills += 1;
    }
    t.ok(kills > 0, `${kills} of ${KILLS} kills landed before the end`);
    const last = await backfill([...RANGE, "--config", config]);
    t.equal(last.end, 0);
    const expected = await contents(calm);
    t.ok(Object.keys(expected).length > 100, `${Object.keys(expected).length} keys are compared`);
    t.same(await contents(troubled), expected);
  },
);

t.test("a stopped backfill goes on where it stopped, and once it has ended a repeat changes nothing", async (t) => {
  const archive = await openArchive(t);
  const connection = await openTestRedis(t);
  const config = await configOf(t, connection, archive.url);
  await backfill([...RANGE, "--config", config], 4);
  const second = await backfill([...RANGE, "--config", config]);
  const first = JSON.parse(second.lines[0] ?? "{}") as { done: number; of: number };
  t.ok(first.done > 1, `it went on with slice ${first.done} of ${first.of}`);
  t.equal(first.of, 2 * DAYS);
  const before = await contents(connection);
  const third = await backfill([...RANGE, "--config", config]);
  t.equal((JSON.parse(third.lines[0] ?? "{}") as { done: number }).done, 1, "and begins anew when it had ended");
  t.same(await contents(connection), before);
});

t.test("a dry run tells what would be scheduled, and writes nothing", async (t) => {
  const archive = await openArchive(t);
  const connection = await openTestRedis(t);
  const before = await contents(connection);
  const { end, lines } = await backfill([
    ...RANGE,
    "--dry-run",
    "--config",
    await configOf(t, connection, archive.url),
  ]);
  t.equal(end, 0);
  t.match(lines.join("\n"), /delete \(nightly\)[^\n]*private at 20/);
  t.same(await contents(connection), before);
  const named = lines.filter((line) => line.includes(" ami-")).map((line) => line.split(" ").slice(0, 2).join(" "));
  t.equal(named.length, new Set(named).size, "each image once");
});

t.test("case 09: a backfill ends well over a gateway that gives up on long searches", async (t) => {
  const field = fieldCase("09") as GatewayCase;
  t.match(field.expected, { "proxy.json": /^exit 0/, "proxy-504.json": /^exit 0/ });
  const end = Date.now();
  const messages = generateMonth({ seed: 9, count: 200, start: end - 2 * DAY_MS, days: 2, regions: 1 });
  for (const { answer, forRangesLongerThanHours: hours, command } of [field.proxy, field["proxy-504"]]) {
    const archive = await startDatagrepper({ messages });
    t.teardown(() => archive.close());
    archive.fail({
      trouble: { kind: "answer", status: answer, body: "<h1>Bad Gateway</h1>" },
      times: Infinity,
      when: (_, query) => Number(query.get("end")) - Number(query.get("start")) > hours * 3_600,
    });
    const connection = await openTestRedis(t);
    const config = await configOf(t, connection, archive.url);
    const [, ...args] = command.split(" ");
    const { end: code, err, lines } = await backfill([...args, "--rate", "1000", "--config", config]);
    t.same([code, err], [0, ""], lines.join("\n"));
    t.ok((await connection.redis.scard(connection.keys.regions)) > 0, "and what the archive has is known");
  }
});

t.test("impossible ranges and an archive that is not there are told in one line", async (t) => {
  const connection = await openTestRedis(t);
  const config = await configOf(t, connection, "http://127.0.0.1:9/datagrepper");
  const wrong = [
    [],
    ["--days", "0"],
    ["--days", "1", "--start", "5"],
    ["--days", "99999"],
    ["--start", "x"],
    ["--start", "9", "--end", "8"],
  ];
  for (const args of [...wrong, ["--start", "1", "--end", "999999999"], ["--days", "1", "--rate", "0"]]) {
    const { end, err } = await backfill([...args, "--config", config]);
    t.equal(end, 2, args.join(" "));
    t.match(err, /^clean-amis: [^\n]+\n$/);
  }
});
