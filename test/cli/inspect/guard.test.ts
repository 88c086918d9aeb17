import t from "tap";
import { redisGuardRounds } from "../../../src/adapters/redis/control/guard.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { guarded } from "../../../src/domain/released/guard.ts";
import { DAY_MS, floorSecond } from "../../../src/domain/time.ts";
import { linesOf, runOver } from "../../support/program/listing.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { PERIODS, seen } from "../../support/world/image.ts";

const NOW = floorSecond(Date.now());
const [WELL, CHANGED, NIGHTLY] = ["ami-0000000000000000a", "ami-0000000000000000b", "ami-0000000000000000c"];

t.test("the released images are listed with how they stand, and those alone that changed", async (t) => {
  const connection = await openTestRedis(t);
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  const schedule = redisSchedule(connection, clock, PERIODS);
  const upload = { region: "us-east-1", composeId: "Fedora-43-20251021.0", imageName: "x", arch: "x86_64" };
  const uploadedAt = NOW - 9 * DAY_MS;
  for (const amiId of [WELL, CHANGED])
    await schedule.add({ ...upload, amiId, uploadedAt }, { kind: "keep", rule: "ga", reason: "a release" }, "ingest");
  const nightly = { ...upload, composeId: "Fedora-Rawhide-20261120.n.0", amiId: NIGHTLY, uploadedAt };
  await schedule.add(nightly, { kind: "delete", rule: "nightly", reason: "a nightly" }, "ingest");
  await redisGuardRounds(connection).note("us-east-1", NOW);
  const image = await schedule.get("us-east-1", CHANGED);
  const within = { now: NOW, warnBeforeMs: 0 };
  const change = image === null ? null : guarded(image, seen({ isPublic: false }), within);
  if (image !== null && change !== null) await schedule.change(image, change);

  const all = await runOver(t, connection, "guard", "list", "--json");
  t.equal(all.code, 0);
  t.match(all.err, /guard\.on = false: nobody looks at them/);
  const lines = linesOf(t, all.out, "guard.json") as readonly { readonly ami: string; readonly stands: string }[];
  t.same(lines.map(({ ami, stands }) => [ami, stands]).sort(), [
    [WELL, "as it should be"],
    [CHANGED, "it is not public"],
  ]);
  const first = await runOver(t, connection, "guard", "list", "--limit", "1", "--json");
  t.equal(linesOf(t, first.out, "guard.json").length, 1);
  t.match(await runOver(t, connection, "guard", "--limit", "0"), {
    code: 2,
    err: /--limit "0": a whole number from 1/,
  });
  const table = await runOver(t, connection, "guard", "--altered", "--region", "us-east-1");
  t.match(table.out, /^REGION +AMI +COMPOSE +RULE +LOOKED AT \(UTC\) +STANDS\n/);
  t.match(table.out, new RegExp(`us-east-1 +${CHANGED} +Fedora-43-20251021\\.0 +ga +\\S+Z it is not public`));
  t.notMatch(table.out, new RegExp(`${WELL}|${NIGHTLY}`));
  const none = await runOver(t, connection, "guard", "--region", "eu-west-1");
  t.match([none.code, none.out], [0, /^no released image is known that was asked for/]);
  t.equal((await runOver(t, connection, "guard", "find")).code, 2);
});
