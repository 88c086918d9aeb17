import t, { type Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { runHere } from "../../support/program/here.ts";
import { linesOf, runOver } from "../../support/program/listing.ts";
import { configFile, isRefusal } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { UPLOADER } from "../../support/world/world.ts";

interface Entry {
  readonly id: string;
  readonly reason: string;
  readonly bytes: number;
  readonly kept_bytes: number;
  readonly sent_at: string | null;
}

const AT = Date.parse("2026-11-24T08:00:00Z");
const AMI = "ami-0123456789abcdef0";
const GOOD = { architecture: "x86_64", compose_id: "Fedora-Rawhide-20261121.n.0", image_name: "x" };

/** Messages that were not understood when they came; only the first is good by the rules of now. */
async function openScene(t: Test) {
  const connection = await openTestRedis(t);
  const store = redisRejected(connection);
  const add = (body: object | string | Buffer, reason: string, sentAt = ""): Promise<boolean> =>
    store.add({
      reason,
      sentAt,
      at: AT,
      messageId: `message-${reason.length}`,
      topic: `org.fedoraproject.prod.${UPLOADER}`,
      body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    });
  await add({ ...GOOD, regions: { "us-east-1": AMI } }, "bug: it is mended since", "2026-11-24T07:00:00Z");
  await add("not JSON \u001b[31m", "an old reason");
  await add({ ...GOOD, regions: { "eu-west-1": AMI, atlantis: AMI } }, '"atlantis" is no EC2 region');
  await add("x".repeat(300_000), "too long");
  const run = (...args: string[]) => runOver(t, connection, "rejected", ...args);
  const list = async (): Promise<readonly Entry[]> =>
    linesOf(t, (await run("--json")).out, "rejected.json") as readonly Entry[];
  return { connection, store, run, list };
}

async function stagesOf({ redis, keys }: RedisConnection, region: string): Promise<Record<string, string>> {
  return redis.hgetall(keys.image(region, AMI));
}

t.test(
  "what was not understood is listed with its reason, and shown whole without commanding the terminal",
  async (t) => {
    const { run, list } = await openScene(t);
    const entries = await list();
    t.same(
      entries.map(({ reason }) => reason),
      ["bug: it is mended since", "an old reason", '"atlantis" is no EC2 region', "too long"],
    );
    t.match(entries[0], { sent_at: "2026-11-24T07:00:00Z" });
    t.match(entries[3], { bytes: 300_000, kept_bytes: 256 * 1024, sent_at: null });
    t.match(
      (await run("list", "--limit", "2")).out,
      /^ID +WHEN[^\n]*\n(?:\d+-\d+ +2026-11-24T08:00:00Z +[^\n]*\n){2}$/,
    );
    const shown = await run("show", entries[1]?.id ?? "");
    t.match(shown, { code: 0, err: "" });
    t.match(shown.out, /reason +an old reason\n[^]*sent +not told\n[^]*\n\nnot JSON \\u\{1b\}\[31m\n$/);
    const json = (await run("show", entries[1]?.id ?? "", "--json")).out;
    t.match(linesOf(t, json, "rejected.json")[0], { body: "not JSON \u001b[31m" });
  },
);

t.test(
  "after a fix a message is taken by the same ingest and leaves; what is not understood stays, once",
  async (t) => {
    const { connection, run, list } = await openScene(t);
    const [good, rubbish, part, long] = await list();
    const all = await run("replay", "--all");
    t.match(all, { code: 1, err: "" });
    const outcomes = [
      `${good?.id ?? ""}: understood: 1 new images, 0 known`,
      `${rubbish?.id ?? ""}: not understood: the body is not JSON: [^\n]+`,
      `${part?.id ?? ""}: not understood: "atlantis" is no EC2 region`,
      `${long?.id ?? ""}: not understood: only its beginning was kept: [^\n]+`,
      "1 understood now, 3 not",
    ];
    t.match(all.out, new RegExp(`^${outcomes.join("\n")}\n$`));
    t.match(await stagesOf(connection, "us-east-1"), { stage: "public", uploaded_at: "2026-11-24T07:00:00Z" });
    t.match(await stagesOf(connection, "eu-west-1"), { stage: "public" }, "the good part of a message, too");
    const left = await list();
    t.same(left.map(({ reason }) => reason).sort(), [
      '"atlantis" is no EC2 region',
      left.find(({ reason }) => reason.startsWith("the body is not JSON"))?.reason,
      "too long",
    ]);
    await run("replay", "--all");
    t.same(await list(), left, "a repeat changes nothing");
  },
);

t.test("one message is replayed by its id, and with everything understood the code is 0", async (t) => {
  const { run, list } = await openScene(t);
  const [good] = await list();
  t.match(await run("replay", good?.id ?? "", "--json"), { code: 0, err: "", out: /"understood":true/ });
  t.equal((await list()).length, 3);
  isRefusal(t, await run("replay", good?.id ?? ""), 1, /is not there: it was replayed or purged, or never was/);
});

t.test("nothing is purged without a yes, and then only what was named", async (t) => {
  const { connection, run, list } = await openScene(t);
  const [first, second] = await list();
  isRefusal(t, await run("purge", first?.id ?? ""), 2, /forget 1 of 4 messages .*: give --yes, as nobody can be asked/);
  const asked = (input: string) => {
    const args = ["rejected", "purge", first?.id ?? "", "--config", configFile(t, connection)];
    return runHere(args, { isTerminal: true, input });
  };
  t.match(await asked("no\n"), { code: 2, err: /not confirmed; nothing is done/ });
  t.equal((await list()).length, 4);
  t.match(await asked("y\n"), { code: 0, out: /forget 1 of 4[^?]*\? \[y\/N\] 1 purged, 3 left\n$/ });
  t.match(await run("purge", "--before", "2026-11-01", "--yes"), { code: 0, out: "0 purged, 3 left\n" });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  t.match(await run("purge", "--before", tomorrow, "--yes"), { code: 0, out: "3 purged, 0 left\n" });
  isRefusal(t, await run("show", second?.id ?? ""), 1, /is not there/);
  t.match(await run(), { code: 0, out: "everything was understood\n" });
});

t.test("words that mean nothing end with 2 and one line", async (t) => {
  const connection = await openTestRedis(t);
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["relpay"], /rejected: "relpay": list, show, replay or purge|did you mean/],
    [["show"], /give one ID/],
    [["show", "x"], /"x" is no ID/],
    [["replay"], /give IDs, or --all/],
    [["replay", "1-1", "--all"], /give IDs, or --all/],
    [["purge"], /give IDs, or --before/],
    [["purge", "--before", "soon", "--yes"], /--before "soon": a day/],
    [["list", "more"], /is no ID|no further words/],
  ];
  for (const [args, line] of rows) isRefusal(t, await runOver(t, connection, "rejected", ...args), 2, line);
});
