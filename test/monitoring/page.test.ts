import t from "tap";
import { awayText } from "../../src/monitoring/page/dates.ts";
import { html } from "../../src/monitoring/page/html.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { openServed } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { addNightly, REGION, UPLOADER } from "../support/world/world.ts";

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>\u202e`;

t.test("what comes from outside is text, wherever it stands", (t) => {
  const { text } = html`<a title="${HOSTILE}">${HOSTILE}</a>`;
  t.notMatch(text, /<script|<img|\u202e/);
  t.match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&gt;/);
  t.end();
});

t.test("a date says how far it is away", (t) => {
  for (const [awayMs, words] of [
    [0, "now"],
    [59_000, "now"],
    [MINUTE_MS, "in 1 minute"],
    [-90 * MINUTE_MS, "1 hour ago"],
    [47 * HOUR_MS, "in 47 hours"],
    [3 * DAY_MS + HOUR_MS, "in 3 days"],
  ] as const)
    t.equal(awayText(awayMs, 0), words);
  t.end();
});

t.test("with nothing known, the page says so", async (t) => {
  const served = await openServed(t);
  await rememberHeard(served.world.connection, served.world.clock.now());
  const page = await served.text("/");
  t.match(page, "It runs, and nothing is stuck.");
  t.match(page, "No image is known yet.");
  t.match(page, "Nothing happened in the last day.");
});

t.test("with redis away, the page says so, and comes all the same", async (t) => {
  const served = await openServed(t);
  served.world.connection.redis.disconnect();
  t.match(await served.text("/"), /It does not work as it should\..*Redis\): it does not answer/s);
  await served.world.connection.redis.connect();
});

t.test("an image's life is told in words: what, when, why, and what to do about it", async (t) => {
  const { world, text, get } = await openServed(t);
  const [old, young] = [addNightly(world, 1), addNightly(world, 5)];
  await world.hear(UPLOADER, old.message);
  world.clock.advance(5 * DAY_MS + 1000);
  await world.tick();
  await world.report();
  await world.hear(UPLOADER, young.message);
  const page = await text(`/find?q=${old.amiId}`);
  t.match(page, "nobody can start new machines from it; it will be deleted");
  t.match(page, /not before\s+<time [^>]*>\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC<\/time>\s+\(in (?:9|10) days\)/);
  t.match(page, `restore ${old.amiId} because`);
  t.match(page, /href="http:[^"]*\/ami-reports\/issue\/\d+[^"]*"/);
  t.match(page, young.amiId, "the newer public image");
  t.match(page, "made-private");
  t.match(page, />the report that told of it<\/a/);
  const next = await text(`/find?q=${young.amiId}`);
  t.match(next, `hold ${young.amiId} because`);
  t.match(next, /issue\/\d+[^>]*>the last report<\/a/, "nobody was told of it yet: any report will do");
  t.match(await text(`/find?q=${old.composeId}`), old.amiId);
  t.match(await text("/find?q=Rawhide-20261125"), `<h1>${young.amiId}</h1>`, "the one that has such a name");
  t.match(await text("/find?q=x86_64-Rawhide-2026112"), young.amiId, "by a part of the name");
  const never = await get("/find?q=ami-0123456789abcdef0", { headers: { accept: "text/html" } });
  t.equal(never.status, 404);
  t.match(await never.text(), /Never heard of ami-0123456789abcdef0.*more than 400 days ago/s);
  world.clock.advance(11 * DAY_MS);
  await world.tick();
  const end = await text(`/find?q=${old.amiId}`);
  t.match(end, "it is deleted, and cannot be brought back");
  t.match(end, /<dt>deleted<\/dt>\s*<dd><time [^>]*>2026-12-\d\d \d\d:\d\d UTC<\/time>\s+\(now\)/);
  t.match(end, `${old.snapshotIds[0] ?? ""} (deleted)`);
  t.match(await text("/find?q=Rawhide-20261121"), `<h1>${old.amiId}</h1>`, "by its name as well");
  const short = await get("/find?q=a", { headers: { accept: "text/html" } });
  t.equal(short.status, 400);
});

t.test("nobody is led to an image that is refused, half private or doubtful", async (t) => {
  const { world, text } = await openServed(t);
  const [old, misnamed, doubtful, half] = [1, 2, 3, 4].map((number) => addNightly(world, number));
  if (old === undefined || misnamed === undefined || doubtful === undefined || half === undefined)
    throw new Error("there are four");
  for (const { message } of [old, doubtful, half]) await world.hear(UPLOADER, message);
  await world.hear(UPLOADER, { ...doubtful.message, compose_id: "Fedora-Rawhide-20261123.n.7" });
  await world.hear(UPLOADER, {
    ...misnamed.message,
    image_name: "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261122.9",
  });
  world.clock.advance(5 * DAY_MS + 1000);
  const fault = { kind: "error", code: "InternalError", action: "ModifySnapshotAttribute", times: Infinity } as const;
  for (const resource of half.snapshotIds) world.simulator.faults.add({ ...fault, resource });
  await world.tick();
  t.match(await text(`/find?q=${half.amiId}`), "half done");
  t.match(await text(`/find?q=${old.amiId}`), "no newer public image of its kind is known");
  const good = addNightly(world, 5);
  await world.hear(UPLOADER, good.message);
  const led = `<dt>go over to</dt>\n          <dd><a href="/find?q=${good.amiId}"`;
  t.match(await text(`/find?q=${old.amiId}`), led);
  const { redis, keys } = world.connection;
  await redis.hset(keys.image(REGION, good.amiId), "taken_away", JSON.stringify({ image: true, snapshots: [] }));
  t.notMatch(await text(`/find?q=${old.amiId}`), led, "it is being made private at this moment");
});

t.test("what is kept because two messages contradict each other is told once a compose", async (t) => {
  const { world, text } = await openServed(t);
  const [first, second] = [addNightly(world, 1), addNightly(world, 2)];
  for (const region of ["us-east-1", "eu-west-1"]) {
    await world.hear(UPLOADER, { ...first.message, regions: { [region]: first.amiId } });
    await world.hear(UPLOADER, { ...second.message, regions: { [region]: first.amiId } });
  }
  const page = await text("/");
  t.equal(page.split(`>${first.composeId}<`).length - 1, 1);
  t.match(page, /whoever\s+knows\s+that\s+an\s+image\s+may\s+go/);
});

t.test("what is refused is told with who must act, and what helps", async (t) => {
  const { world, text } = await openServed(t);
  const { message, amiId } = addNightly(world, 1);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS + 1000);
  const action = "ModifyImageAttribute";
  world.simulator.faults.add({ kind: "error", code: "UnauthorizedOperation", action, resource: amiId, times: 1 });
  await world.tick();
  const page = await text("/");
  t.match(page, "Refused: 1, of which these");
  t.match(page, /the people who run this service<\/td>\s*<td class="">grant the permission that the reason names/);
});

t.test("a feed is Atom, whatever an image is called", async (t) => {
  const { world, text } = await openServed(t);
  const { message } = addNightly(world, 1);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS + 1000);
  await world.tick();
  const { redis, keys } = world.connection;
  const events = await redis.xrange(keys.events(REGION), "-", "+");
  const [, told = []] = events.find(([, fields]) => fields.includes("made-private")) ?? [];
  const place = told.indexOf("name") + 1;
  for (const number of [1, 2, 3])
    await redis.xadd(keys.events(REGION), "*", ...told.with(place, `${HOSTILE}\u0001\ufffe\uffff ]]> ${number}`));
  const feed = await text("/feed.atom");
  t.notMatch(feed, /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u, "XML 1.0 has each character");
  t.notMatch(feed, /&(?!(?:amp|lt|gt|quot|#39);)|\]\]>/, "and each mark is escaped");
  const [head = "", ...entries] = feed.split("<entry>");
  t.equal(entries.length, 4);
  t.match(head, /<link rel="self" href="\/feed\.atom" \/>.*<author><name>clean-amis<\/name><\/author>/s);
  const ids = [head, ...entries].map((each) => /<id>(.*)<\/id>/.exec(each)?.[1] ?? "");
  t.equal(new Set(ids).size, 5, "each has an id of its own");
  for (const id of ids) t.match(id.replaceAll("&#39;", "'"), /^tag:clean-amis,2026:[\w.~!'()*:%-]+$/);
  for (const each of [head, ...entries]) {
    t.match(each, /<title>.+<\/title>/s);
    t.match(each, /<updated>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ<\/updated>/);
    t.match(each, /<link rel="alternate" href="\/[^"]*" \/>/);
  }
});

t.test("a hostile name, reason or author stays text on every page", async (t) => {
  const { world, store, text } = await openServed(t);
  const { message, amiId } = addNightly(world, 1);
  await world.hear(UPLOADER, { ...message, image_name: HOSTILE });
  await store.budgets.pause(HOSTILE, HOSTILE, world.clock.now());
  for (const path of ["/", `/find?q=${amiId}`, "/feed.atom", "/find?q=Fedora-Rawhide-20261121.n.0"])
    t.notMatch(await text(path), /<script|<img/, path);
});

t.test("what was made private can be subscribed to, all of it, a stream or a compose", async (t) => {
  const { world, text, get } = await openServed(t);
  const { message, amiId, composeId } = addNightly(world, 1);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS + 1000);
  await world.tick();
  for (const query of ["", "?stream=Fedora", "?stream=Fedora-Rawhide", `?compose=${composeId}`]) {
    const feed = await text(`/feed.atom${query}`);
    t.match(feed, amiId, query);
    t.match(feed, /^<\?xml version="1\.0" encoding="utf-8"\?>\s*<feed xmlns="http:\/\/www\.w3\.org\/2005\/Atom">/);
  }
  for (const query of ["stream=Fedora-Cloud", "compose=Fedora-Rawhide-20261129.n.0"])
    t.notMatch(await text(`/feed.atom?${query}`), amiId, query);
  const both = await text(`/feed.atom?stream=Fedora-Rawhide&compose=${composeId}`);
  t.match(both, `href="/feed.atom?stream=Fedora-Rawhide&amp;compose=${composeId}"`, "what was asked for is what it is");
  t.equal((await get("/feed.atom?stream=%3Cb%3E")).status, 400);
});
