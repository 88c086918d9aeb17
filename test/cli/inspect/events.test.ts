import t, { type Test } from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { runHere } from "../../support/program/here.ts";
import { linesOf, runOver } from "../../support/program/listing.ts";
import { configFile, isRefusal } from "../../support/program/program.ts";
import { until } from "../../support/servers/broker/bus.ts";
import { CuttableProxy } from "../../support/servers/proxy.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";
import { addNightly, openWorld, UPLOADER, type World } from "../../support/world/world.ts";

interface Event {
  readonly what: string;
  readonly region: string;
  readonly ami: string;
  readonly who: string;
  readonly why: string;
  readonly when: string;
}

/** A nightly in two regions, made private, told and deleted. */
async function openLife(
  t: Test,
): Promise<{ readonly world: World; readonly amiId: string; readonly composeId: string }> {
  const world = await openWorld(t);
  const { amiId, composeId, message } = addNightly(world, 1, "us-east-1");
  addNightly(world, 1, "eu-west-1");
  await world.hear(UPLOADER, { ...message, regions: { "us-east-1": amiId, "eu-west-1": amiId } });
  world.clock.advance(5 * DAY_MS);
  for (const region of ["us-east-1", "eu-west-1"]) await world.tick(region);
  await world.report();
  world.clock.advance(10 * DAY_MS);
  await world.tick("us-east-1");
  return { world, amiId, composeId };
}

t.test(
  "the history of an image has all that happened to it in every region, in order: what, when, who, why",
  async (t) => {
    const { world, amiId, composeId } = await openLife(t);
    const { code, out, err } = await runOver(t, world.connection, "history", amiId, "--json");
    t.same([code, err], [0, ""]);
    const events = linesOf(t, out, "event.json") as readonly Event[];
    const of = (region: string) => events.filter((event) => event.region === region).map(({ what }) => what);
    t.same(of("us-east-1"), ["scheduled", "made-private", "noticed", "deleting", "deleted"]);
    t.same(of("eu-west-1"), ["scheduled", "made-private", "noticed"]);
    t.match(events[0], { who: "ingest", why: "a nightly compose", when: "2026-11-24T08:00:00Z" });
    t.equal(events.at(-1)?.what, "deleted", "regions are merged by time");
    const text = (await runOver(t, world.connection, "history", amiId)).out;
    t.match(text, /^ {2}scheduled +2026-11-24T08:00:00Z \S+ by ingest: a nightly compose\n/);
    t.match(text, /\n {2}deleted +2026-12-09T08:00:00Z us-east-1 by ticker/);
    for (const line of text.split("\n")) t.ok(line.length <= 80, line);
    const compose = await runOver(t, world.connection, "history", composeId);
    t.equal(compose.out.match(new RegExp(amiId, "g"))?.length, 8);
  },
);

t.test("how many images of each compose were deleted is counted, the most first", async (t) => {
  const { world, composeId } = await openLife(t);
  const other = addNightly(world, 2, "us-east-1");
  await world.hear(UPLOADER, other.message);
  const count = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await runOver(t, world.connection, "events", "--since", "3650d", "--count", ...args);
    t.same([code, err], [0, ""]);
    return out;
  };
  t.equal(await count("--kind", "deleted"), `     1  ${composeId}\n`);
  t.equal(await count("--kind", "scheduled"), `     2  ${composeId}\n     1  ${other.composeId}\n`);
  t.equal(await count("--kind", "gone"), "nothing happened that was asked for\n");
});

t.test("the audit trail of all regions is told in order, and narrowed by time, region and kind", async (t) => {
  const { world } = await openLife(t);
  const whats = async (...args: string[]): Promise<string[]> => {
    const { code, out, err } = await runOver(t, world.connection, "events", "--json", ...args);
    t.same([code, err], [0, ""], args.join(" "));
    return (linesOf(t, out, "event.json") as readonly Event[]).map(({ what }) => what);
  };
  t.equal((await whats()).length, 8);
  t.same((await whats("--region", "eu-west-1")).length, 3);
  t.same(await whats("--kind", "deleting,deleted"), ["deleting", "deleted"]);
  t.same((await whats("--since", "1d")).length, 8);
  t.same(await whats("--limit", "2"), (await whats()).slice(0, 2));
  t.same(await whats("--until", "1h"), []);
  t.equal((await whats("--since", "3650d", "--until", new Date(Date.now() + 60_000).toISOString())).length, 8);
  t.same(await whats("--since", new Date(Date.now() + 60_000).toISOString()), []);
  const table = (await runOver(t, world.connection, "events", "--kind", "made-private")).out;
  t.match(table, /^WHEN \(UTC\) +WHAT +REGION[^\n]*\n\S+Z +made-private +\S+ +ami-/);
  const empty = await runOver(t, await openTestRedis(t), "events");
  t.match(empty, { code: 0, err: "", out: "nothing happened that was asked for\n" });
});

t.test("followed events come while they happen, and the order to stop ends it with 0", async (t) => {
  const world = await openWorld(t);
  const stop = new AbortController();
  let seen = "";
  const onPrint = (text: string): void => void (seen += text);
  const args = ["events", "--follow", "--json", "--config", configFile(t, world.connection)];
  const ended = runHere(args, { stop: stop.signal, onPrint });
  const { message } = addNightly(world, 1);
  await world.hear(UPLOADER, message);
  await until("the upload is told", () => Promise.resolve(seen.includes('"scheduled"')));
  const second = addNightly(world, 2, "eu-west-1");
  await world.hear(UPLOADER, second.message);
  await until("one in a region that is new is told too", () => Promise.resolve(seen.includes(second.amiId)));
  stop.abort();
  const { code, out, err } = await ended;
  t.same([code, err], [0, ""]);
  t.equal(linesOf(t, out, "event.json").length, 2, "each once");
});

t.test(
  "a Redis that goes away while events are followed is told once, and what happened meanwhile comes after",
  async (t) => {
    const world = await openWorld(t);
    const proxy = await CuttableProxy.open(serverUrl("TEST_REDIS_URL"));
    t.teardown(() => proxy.close());
    const stop = new AbortController();
    let seen = "";
    const args = ["events", "--follow", "--json", "--config", configFile(t, world.connection)];
    const env = { REDIS_URL: proxy.urlFor(serverUrl("TEST_REDIS_URL")) };
    const ended = runHere(args, { stop: stop.signal, env, onPrint: (text) => void (seen += text) });
    const [first, second] = [addNightly(world, 1), addNightly(world, 2)];
    await world.hear(UPLOADER, first.message);
    await until("the first upload is told", () => Promise.resolve(seen.includes(first.amiId)));
    proxy.cut();
    await world.hear(UPLOADER, second.message);
    await until("its absence is told", () => Promise.resolve(seen.includes("redis")));
    proxy.mend();
    await until("the second upload is told", () => Promise.resolve(seen.includes(second.amiId)));
    stop.abort();
    const { code, out, err } = await ended;
    t.equal(code, 0);
    t.match(err, /^clean-amis: redis: [^\n]+: trying again until it is back\n$/);
    t.equal(linesOf(t, out, "event.json").length, 2);
  },
);

t.test("what nobody has heard of ends with 1, words that mean nothing with 2, in one line", async (t) => {
  const connection = await openTestRedis(t);
  const run = (...args: string[]) => runOver(t, connection, ...args);
  isRefusal(t, await run("history", "ami-0123456789abcdef0"), 1, /nothing is known to have happened to ami-/);
  isRefusal(t, await run("history", "Fedora-Rawhide-20261121.n.0"), 1, /nothing is known/);
  isRefusal(t, await run("events", "--follow", "--until", "1h"), 2, /--until or --follow, not both/);
  isRefusal(t, await run("events", "--region", "eu-wset-1"), 2, /"eu-wset-1" is not known: did you mean eu-west-1\?/);
  isRefusal(t, await run("history", "ami-1"), 2, /neither an AMI id nor a compose id/);
  isRefusal(t, await run("history"), 2, /give one AMI or one COMPOSE/);
  isRefusal(t, await run("events", "--kind", "delete"), 2, /--kind "delete": did you mean deleted\?/);
  isRefusal(t, await run("events", "--since", "yesterday"), 2, /--since "yesterday": a duration like 1h/);
  isRefusal(t, await run("events", "--region", "x"), 2, /is no region/);
});
