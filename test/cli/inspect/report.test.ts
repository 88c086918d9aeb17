import t from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { formatInstant, DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { configFile, isRefusal, runProgram } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";

const REGION = "us-east-1";
const COMPOSE = "Fedora-Rawhide-20261118.n.0";
const NAME = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261118.0";
const MIDNIGHT = Date.parse("2026-11-24T00:00:00Z");
const DAY = ["--date", "2026-11-24"];

/** An event in the stream of the one region, written a little later than it says that it happened. */
async function happened({ redis, keys }: RedisConnection, what: string, at: number, number: number): Promise<void> {
  await redis.sadd(keys.regions, REGION);
  const head = ["what", what, "when", formatInstant(at), "who", "ticker", "why", "a nightly compose"];
  const subject = ["ami", `ami-${String(number).padStart(17, "0")}`, "compose", COMPOSE, "name", NAME];
  await redis.xadd(keys.events(REGION), `${at + 5000}-${number}`, ...head, ...subject, "gib", "5", "snapshots", "1");
}

async function aDay(connection: RedisConnection): Promise<void> {
  await happened(connection, "made-private", MIDNIGHT - 1000, 1);
  await happened(connection, "made-private", MIDNIGHT, 2);
  await happened(connection, "noticed", MIDNIGHT + HOUR_MS, 2);
  await happened(connection, "refused", MIDNIGHT + DAY_MS - 1000, 3);
  await happened(connection, "refused", MIDNIGHT + DAY_MS, 4);
}

t.test(
  "a day's report is printed from the events alone, from midnight to midnight, and nothing is posted",
  async (t) => {
    const connection = await openTestRedis(t);
    await aDay(connection);
    // No token is set: a report that is only printed needs none.
    const pagure = '[consumer_config.report]\nkind = "pagure"\nrepo = "ami-reports"\n';
    const { code, out, err } = await runProgram(t, ["report", ...DAY, "--config", configFile(t, connection, pagure)]);
    t.same([code, err], [0, ""]);
    t.same(out.match(/ami-0{16}\d/g), ["ami-00000000000000002", "ami-00000000000000003"]);
    t.match(out, /^# Fedora AMIs made private and deleted on 2026-11-24\n\n\*\*What this is/);
    t.match(out, /## Made private \(1\)\n\nThey are deleted only after a public notice/);
    const { redis, keys } = connection;
    t.equal(await redis.exists(keys.control("reporter:pagure:cursors"), keys.control("reporter:pagure:lease")), 0);
  },
);

t.test("programs read one line an entry, with the deadline that the notice set", async (t) => {
  const connection = await openTestRedis(t);
  await aDay(connection);
  const { redis, keys } = connection;
  await redis.hset(keys.image(REGION, "ami-00000000000000002"), {
    stage: "private",
    compose_id: COMPOSE,
    uploaded_at: "2026-11-18T08:00:00Z",
    private_at: "2026-11-23T08:00:00Z",
    made_private_at: formatInstant(MIDNIGHT),
    delete_at: "2026-12-04T01:00:00Z",
  });
  const { code, out } = await runProgram(t, ["report", ...DAY, "--json", "--config", configFile(t, connection)]);
  const lines = out.trimEnd().split("\n");
  t.equal(code, 0);
  t.match(
    lines.map((line) => JSON.parse(line) as object),
    [
      {
        day: "2026-11-24",
        section: "made-private",
        ami: /2$/,
        delete_at: "2026-12-04T01:00:00Z",
        details: { gib: "5" },
      },
      { section: "refused", ami: /3$/, when: "2026-11-24T23:59:59Z", why: "a nightly compose", delete_at: null },
    ],
  );
  t.equal(lines.length, 2);
});

t.test("a day without events says so, and one that no calendar has is refused", async (t) => {
  const connection = await openTestRedis(t);
  const config = ["--config", configFile(t, connection)];
  const { code, out } = await runProgram(t, ["report", ...config]);
  t.equal(code, 0);
  t.match(out, /Nothing happened on that day/);
  for (const date of ["2026-02-30", "yesterday", "20261124"])
    isRefusal(t, await runProgram(t, ["report", "--date", date, ...config]), 2, /--date .* a day such as 2026-11-24/);
});
