import { once } from "node:events";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import { runOver } from "../../support/program/listing.ts";
import { configFile, isRefusal, runProgram, startProgram } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { WrittenSource } from "../../support/world/inputs/sources.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "../../support/world/world.ts";

const GA = "Fedora-43-20261020.0";
const GA_AMI = "ami-000000000000000aa";
const DATED = "Fedora-Cloud-43-20261120.0";

async function explain(t: Test, world: World, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await runOver(t, world.connection, "explain", ...args);
  t.same([code, err], [0, ""], args.join(" "));
  t.comment(out);
  return out;
}

function hearGa(
  world: World,
  regions: readonly string[] = [REGION],
  name = "Fedora-Cloud-Base-43-1.6",
): Promise<unknown> {
  return world.hear(UPLOADER, {
    architecture: "x86_64",
    compose_id: GA,
    image_name: name,
    regions: Object.fromEntries(regions.map((region) => [region, GA_AMI])),
  });
}

function labelGa(world: World): Promise<unknown> {
  return world.hear("pungi.compose.status.change", {
    status: "FINISHED",
    compose_id: GA,
    compose_type: "production",
    compose_label: "RC-1.6",
  });
}

/** The rows before the history by their names, unwrapped. */
function rowsOf(text: string): Readonly<Record<string, string>> {
  const rows: Record<string, string> = {};
  let name = "";
  for (const line of (text.split(/^history$/m)[0] ?? "").split("\n").filter((each) => each.startsWith("  "))) {
    const isMore = line.startsWith(" ".repeat(16));
    if (!isMore) name = line.slice(2, 15).trim();
    rows[name] = isMore ? `${rows[name] ?? ""} ${line.trim()}` : line.slice(16);
  }
  return rows;
}

t.test("a kept release: the rule, who said the label, and that nothing is done to it", async (t) => {
  const world = await openWorld(t);
  await labelGa(world);
  await hearGa(world);
  const text = await explain(t, world, GA_AMI);
  t.match(rowsOf(text), {
    compose: GA,
    decision: "keep (ga): labelled RC-1.6: a release or a candidate for one is kept",
    stage: "kept: nothing is done to it",
    id: "type production, of 20261020, respin 0",
    pungi: /^type production, label RC-1\.6; heard 2026-11-24T08:00:00Z, message-\d+$/,
    uploaded: /^2026-11-24T08:00:00Z \((in|\d).*\)$/,
  });
  t.notMatch(text, /private at|delete at|next look/, "what keeps has no deadline");
  for (const line of text.split("\n")) t.ok(line.length <= 80, line);
});

t.test("a nightly half-way: private, noticed, and when it is deleted", async (t) => {
  const world = await openWorld(t);
  const { amiId, message, snapshotIds } = addNightly(world);
  await world.hear(UPLOADER, message);
  t.match(rowsOf(await explain(t, world, amiId)), {
    stage: "public: will be made private",
    "private at": /^2026-11-29T08:00:00Z \(.+\)$/,
    "next look": /^2026-11-29T08:00:00Z \(.+\), queue private$/,
  });
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  t.match(rowsOf(await explain(t, world, amiId)), {
    stage: "private: waits for the public notice; not deleted without",
    "delete at": "not set before the notice is confirmed",
  });
  await world.report();
  const text = await explain(t, world, amiId);
  t.match(rowsOf(text), {
    stage: "private: will be deleted",
    "made private": /^2026-11-29T08:00:00Z/,
    noticed: /^2026-11-29T08:00:00Z/,
    "delete at": /^2026-12-09T08:00:00Z \(.+\)$/,
    "taken away": new RegExp(`everybody's launch permission; .* of ${snapshotIds.join(", ")}$`),
  });
  t.match(text, /history\n {2}scheduled .*by ingest: a nightly compose\n {2}made-private .*by ticker.*\n {2}noticed/);
});

t.test("a held image has no date on which it is deleted, only one from before", async (t) => {
  const world = await openWorld(t);
  const { amiId, message } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  const order = {
    verb: "hold",
    by: "tester",
    why: "a test",
    until: null,
    at: world.clock.now(),
    composeId: null,
  } as const;
  await world.clerk.orders.add({ ...order, images: [{ region: REGION, amiId }] });
  await carryOutOrders(world.clerk);
  t.match(rowsOf(await explain(t, world, amiId)), {
    stage: /^held/,
    "delete at": "not while it is held; before the hold it was 2026-12-09T08:00:00Z",
  });
});

t.test("a deleted image is explained with all that happened to it", async (t) => {
  const world = await openWorld(t);
  const { amiId, message, composeId } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  world.clock.advance(10 * DAY_MS);
  await world.tick();
  const text = await explain(t, world, amiId);
  t.match(rowsOf(text), { stage: "deleted: image and snapshots are accounted for", snapshot: /^snap-\w+ deleted$/ });
  t.match(text, /scheduled[^]*made-private[^]*noticed[^]*deleting[^]*deleted/);
  const json = JSON.parse(await explain(t, world, amiId, "--json")) as {
    history: { details: { snapshots: string } }[];
  };
  t.match(json, {
    ami: amiId,
    region: REGION,
    compose_id: composeId,
    stage: "deleted",
    decision: "delete",
    rule: "nightly",
    known: true,
    waits: null,
    delete_at: "2026-12-09T08:00:00Z",
  });
  t.match(JSON.parse(json.history.at(-1)?.details.snapshots ?? ""), { "snap-00000000000000001": "deleted" });

  await world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: composeId } });
  t.match(rowsOf(await explain(t, world, amiId)), {
    decision: /^keep \(released-two-week\)/,
    recorded: "nightly: a nightly compose",
    released: /^as a two-week compose; heard .*, message-\d+$/,
  });
});

t.test("sources that were asked are told, those that knew nothing too", async (t) => {
  const sources = [
    new WrittenSource("composeinfo", "nothing"),
    new WrittenSource("datagrepper", { label: "RC-20261120.0" }),
  ];
  const world = await openWorld(t, { sources });
  await world.hear(UPLOADER, { compose_id: DATED, image_name: "x", regions: { [REGION]: GA_AMI } });
  t.match(rowsOf(await explain(t, world, GA_AMI)), {
    decision: "unresolved: the compose's label is not known yet",
    stage: "unresolved: waits for facts of its compose; nothing is done to it",
    "next look": /queue unresolved$/,
  });
  await world.resolve();
  t.match(rowsOf(await explain(t, world, GA_AMI)), {
    decision: /^delete \(dated-label\)/,
    composeinfo: "knew nothing; asked 2026-11-24T08:00:00Z",
    datagrepper: /^label RC-20261120\.0; heard .*, a test; asked 2026-11-24T08:00:00Z$/,
  });
});

t.test("what keeps an image for its own sake is its decision, whatever its compose's is", async (t) => {
  const world = await openWorld(t);
  const { amiId, message } = addNightly(world);
  await world.hear(UPLOADER, message);
  await world.hear(UPLOADER, { ...message, compose_id: "Fedora-Rawhide-20261122.n.0" });
  t.match(rowsOf(await explain(t, world, amiId)), {
    decision: /^keep \(conflict\): announced for compose Fedora-Rawhide-20261121\.n\.0, and again for Fedora-/,
  });
  const compose = JSON.parse(await explain(t, world, "Fedora-Rawhide-20261121.n.0", "--json")) as object;
  t.match(compose, { decision: "delete", rule: "nightly", images: [{ decision: "keep", rule: "conflict" }] });
});

t.test("a compose has one line an image; with facts alone it says so", async (t) => {
  const world = await openWorld(t);
  await labelGa(world);
  t.match(await explain(t, world, GA), /decision +keep \(ga\)[^]*pungi[^]*images: none was announced/);
  await hearGa(world, ["us-east-1", "ap-southeast-2", "eu-west-1"]);
  const lines = ["ap-southeast-2", "eu-west-1     ", "us-east-1     "].map(
    (region) => `  ${region} ${GA_AMI} kept (ga)`,
  );
  t.ok((await explain(t, world, GA)).endsWith(`images (3)\n${lines.join("\n")}\n`));
  const json = (await explain(t, world, GA_AMI, "--json")).trimEnd().split("\n");
  t.same(
    json.map((line) => (JSON.parse(line) as { region: string }).region),
    ["ap-southeast-2", "eu-west-1", "us-east-1"],
    "an AMI id that several regions know is told for each",
  );
});

t.test("what nobody has heard of ends with 1, what is no id with 2, in one line", async (t) => {
  const connection = await openTestRedis(t);
  const run = (...args: string[]) => runOver(t, connection, "explain", ...args);
  isRefusal(t, await run("ami-0123456789abcdef0"), 1, /ami-0123456789abcdef0 is not known in any region: /);
  const says = /not known: .*; its id alone says delete \(nightly\): a nightly compose$/m;
  isRefusal(t, await run("Fedora-Rawhide-20261121.n.0"), 1, says);
  isRefusal(t, await run("frobnicate"), 1, /its id alone says keep \(malformed\)/);
  const { code, out } = await run("Fedora-Rawhide-20261121.n.0", "--json");
  t.same([code, (JSON.parse(out) as { known: boolean }).known], [1, false]);
  for (const bad of ["ami-1", "AMI-0123456789ABCDEF0", "ami-0123456789abcdef0\n", "", "../x", "a b", "x".repeat(200)])
    isRefusal(t, await run(bad), 2, /is neither an AMI id .* nor a compose id/);
  isRefusal(t, await run(), 2, /give one AMI or one COMPOSE/);
  isRefusal(t, await run("a", "b"), 2, /give one AMI or one COMPOSE/);
});

t.test("it needs Redis alone: neither Pagure's token nor certificates", async (t) => {
  const world = await openWorld(t);
  await hearGa(world);
  const more = '[consumer_config.report]\nkind = "pagure"\nrepo = "x"\n[tls]\nca_cert = "/nowhere/ca.pem"\n';
  const { code, err } = await runProgram(t, ["explain", GA_AMI, "--config", configFile(t, world.connection, more)]);
  t.same([code, err], [0, ""]);
  const file = join(t.testdir({ "c.toml": "[consumer_config]\n" }), "c.toml");
  isRefusal(t, await runProgram(t, ["explain", GA_AMI, "--config", file + "x"]), 2, /does not exist/);
});

t.test("a name from a message cannot command the terminal", async (t) => {
  const world = await openWorld(t);
  await hearGa(world, [REGION], "\u001b]0;owned\u0007\u202egnp.exe\r\nstage        deleted");
  const text = await explain(t, world, GA_AMI);
  t.match(text, /^[^\p{Cf}\u0000-\u0009\u000b-\u001f\u007f-\u009f]+$/u);
  t.equal(text.match(/^ {2}stage /gm)?.length, 1);
});

t.test("a reader that has seen enough is no error", async (t) => {
  const world = await openWorld(t);
  await hearGa(world);
  const child = startProgram(t, ["explain", GA_AMI, "--config", configFile(t, world.connection)]);
  child.stdout.destroy();
  await once(child, "close");
  t.equal(child.exitCode, 0);
});
