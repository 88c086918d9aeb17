import t from "tap";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { silentLog } from "../../support/run/log.ts";
import { openTestRedis } from "../../support/servers/redis.ts";
import { REGION } from "../../support/world/world.ts";

const GA_AMI = "ami-000000000000000aa";

t.test("a history is found in a stream of any length, and ends with the image's first event", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const journal = redisJournal(connection, "log", silentLog);
  const add = (ami: string, what: string): Promise<unknown> =>
    redis.xadd(keys.events(REGION), "*", "what", what, "when", "2026-11-24T08:00:00Z", "ami", ami);
  const noise = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 1500 }, () => add("ami-00000000000000002", "refused")));
  };
  await add(GA_AMI, "gone");
  for (const what of ["scheduled", "made-private", "noticed", "deleted"]) {
    await add(GA_AMI, what);
    await noise();
  }
  const history = await journal.history(REGION, GA_AMI);
  t.same(
    history.map(({ what }) => what),
    ["scheduled", "made-private", "noticed", "deleted"],
  );
  t.equal((await journal.history(REGION, "ami-00000000000000002")).length, 1000, "and is bounded");
  t.same(await journal.history("eu-west-1", GA_AMI), []);
});

t.test("what the reporter itself has not read in a region is not removed there, whoever else has", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const before = Date.parse("2026-11-24T08:00:00Z");
  const stream = keys.events(REGION);
  for (const number of [1, 2, 3]) await redis.xadd(stream, `${before - DAY_MS + number}-0`, "what", "refused");
  const [log, pagure] = await Promise.all(
    ["log", "pagure"].map((kind) => redisJournal(connection, kind, silentLog).reporterLease()),
  );
  if (!log || !pagure) throw new Error("the lease is taken");
  t.teardown(() => Promise.all([log.end(), pagure.end()]));
  await log.finishPost({ [REGION]: `${before}-0` }, {});
  await pagure.finishPost({ "eu-west-1": `${before}-0` }, {});
  t.equal(await pagure.trim(REGION, before, Date.now()), 0);
  t.equal(await redis.xlen(stream), 3);
  await pagure.finishPost({ [REGION]: `${before - DAY_MS + 2}-0` }, {});
  t.equal(await pagure.trim(REGION, before, Date.now()), 1, "up to its place");
  await pagure.finishPost({ [REGION]: `${before}-0` }, {});
  t.equal(await pagure.trim(REGION, before, Date.now()), 2, "and all that both have read");
});
