import t, { type Test } from "tap";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { held } from "../../../src/domain/image/holding.ts";
import { DAY_MS, floorSecond, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { addDue, linesOf, runOver } from "../../support/program/listing.ts";
import { isRefusal } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { SettableClock } from "../../support/world/clock.ts";
import { PERIODS } from "../../support/world/world.ts";

interface Line {
  readonly region: string;
  readonly ami: string;
  readonly queue: string | null;
  readonly due_at: string | null;
  readonly stage: string | null;
  readonly refusal?: { readonly code: string; readonly cure: string } | null;
  readonly hold?: { readonly by: string } | null;
  readonly problem: string | null;
}

const NOW = floorSecond(Date.now());

/** Images in three regions: one overdue, one soon, one refused, one held, one kept, one private and untold. */
async function openScene(t: Test) {
  const connection = await openTestRedis(t);
  const schedule = redisSchedule(connection, new SettableClock(NOW), PERIODS);
  const [overdue = "", late = ""] = await addDue(connection, "us-east-1", [NOW - HOUR_MS, NOW + 10 * DAY_MS]);
  const [soon = "", stopped = ""] = await addDue(connection, "eu-west-1", [NOW + HOUR_MS, NOW + 2 * DAY_MS]);
  const other = "Fedora-Cloud-43-20261120.0";
  const [refused = "", untold = ""] = await addDue(connection, "ap-south-1", [NOW + DAY_MS, NOW + DAY_MS], other);
  const change = async (region: string, amiId: string, to: object): Promise<void> => {
    const image = await schedule.get(region, amiId);
    if (image === null) throw new Error(`no ${amiId}`);
    await schedule.change(image, { stage: image.stage, wait: null, fields: {}, event: null, ...to });
  };
  const hold = { by: "relengbot", why: "bisecting a kernel bug", since: NOW, until: NOW + 14 * DAY_MS };
  await change("eu-west-1", stopped, { ...held(hold, "public"), wait: { queue: "held", wakeAt: NOW + 14 * DAY_MS } });
  await change("ap-south-1", refused, {
    wait: { queue: "private", wakeAt: NOW + 30 * MINUTE_MS },
    fields: { lastError: "in-use: it is used by i-0123456789abcdef0", attempts: 3 },
  });
  await change("ap-south-1", untold, { stage: "private", fields: { madePrivateAt: NOW } });
  const run = (...args: string[]) => runOver(t, connection, "queue", ...args);
  const list = async (...args: string[]): Promise<readonly Line[]> => {
    const { code, out, err } = await run(...args, "--json");
    t.same([code, err], [0, ""], args.join(" "));
    return linesOf(t, out, "queue.json") as readonly Line[];
  };
  return { connection, run, list, overdue, late, soon, stopped, refused, untold, other };
}

t.test("what is due is listed over all regions and queues, the next first, as the schema says", async (t) => {
  const { list, run, overdue, late, soon, stopped, refused } = await openScene(t);
  const lines = await list();
  t.same(
    lines.map(({ ami }) => ami),
    [overdue, refused, soon, late, stopped],
  );
  t.match(lines[0], { region: "us-east-1", queue: "private", stage: "public", problem: null });
  t.equal(Date.parse(lines[0]?.due_at ?? ""), NOW - HOUR_MS);
  const { out, code } = await run("--plain", "--limit", "2");
  t.same([code, out], [0, `us-east-1 ${overdue}\nap-south-1 ${refused}\n`]);
  const table = (await run()).out;
  t.match(table, new RegExp(`^DUE +QUEUE +REGION +AMI[^]*\\dh\\S* ago +private +us-east-1 +${overdue}`));
  t.match(table, /held by relengbot until \S+Z: bisecting a kernel bug/);
  t.notMatch(table, /\u001b/, "no colour where nobody sees it");
});

t.test("each filter leaves what it names, and nothing else", async (t) => {
  const { list, overdue, late, soon, stopped, refused, untold, other } = await openScene(t);
  const amis = async (...args: string[]) => (await list(...args)).map(({ ami }) => ami);
  t.same(await amis("--region", "us-east-1"), [overdue, late]);
  t.same(await amis("--region", "us-east-1", "--region", "eu-west-1"), [overdue, soon, late, stopped]);
  t.same(await amis("--region", "us-east-1,eu-west-1"), [overdue, soon, late, stopped]);
  t.same(await amis("--region", "us-west-1"), []);
  t.same(await amis("--due-within", "2h"), [overdue, refused, soon]);
  t.same(await amis("--until", "3d"), [overdue, refused, soon]);
  const day = new Date(NOW + 10 * DAY_MS).toISOString().slice(0, 10);
  t.same(await amis("--until", day), [overdue, refused, soon, late], "to the day's end");
  t.same(await amis("--held"), [stopped]);
  t.same(await amis("--refused"), [refused]);
  t.same(await amis("--compose", other), [refused]);
  t.same(await amis("--compose", other, "--stage", "private"), [untold], "which waits for the notice");
  t.same(await amis("--stage", "held,private"), [stopped, untold], "what waits for nothing comes last");
  t.same(await amis("--stage", "kept"), []);
});

t.test("what is refused is told with what cures it, what is held with who and until when", async (t) => {
  const { list, run, stopped, refused } = await openScene(t);
  const [line] = await list("--refused");
  t.match(line?.refusal, { code: "in-use", reason: /i-0123456789abcdef0/, cure: /end the instance/ });
  t.match((await run("--refused")).out, /refused +in-use: it is used by i-0123456789abcdef0\n +cure +end the instance/);
  t.match((await list("--held"))[0]?.hold, { by: "relengbot", why: "bisecting a kernel bug" });
  t.match((await run("show", refused)).out, /last error +in-use: [^]*cure +end the instance[^]*clean-amis retry/);
  t.match((await run("show", stopped)).out, /hold +by relengbot since \S+, until\s+\S+Z: bisecting a\s+kernel bug/);
  t.match((await run("show", "Fedora-Cloud-43-20261120.0")).out, /images \(2\)[^]*waits for the notice/);
  const [shown] = linesOf(t, (await run("show", refused, "--json")).out, "queue.json") as readonly Line[];
  t.match(shown, { ami: refused, stage: "public", queue: "private" });
});

t.test("an empty Redis lists nothing and says so, with 0", async (t) => {
  const connection = await openTestRedis(t);
  for (const args of [[], ["list"], ["--stage", "kept"], ["--compose", "Fedora-Rawhide-20261121.n.0"]])
    t.match(await runOver(t, connection, "queue", ...args), { code: 0, err: "", out: /^nothing waits/ });
  for (const args of [["--json"], ["--plain"]])
    t.match(await runOver(t, connection, "queue", ...args), { code: 0, err: "", out: "" });
  isRefusal(t, await runOver(t, connection, "queue", "show", "ami-0123456789abcdef0"), 1, /is not known in any region/);
});

t.test("words that mean nothing end with 2, one line, and what would have been meant", async (t) => {
  const connection = await openTestRedis(t);
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["lisst"], /queue: "lisst": did you mean queue list\?/],
    [["ami-0123456789abcdef0"], /did you mean queue show ami-0123456789abcdef0\?/],
    [["list", "more"], /give no further words/],
    [["show"], /give one AMI or one COMPOSE/],
    [["show", "../x"], /neither an AMI id nor a compose id/],
    [["--region", "us-esat"], /"us-esat" is no region of EC2/],
    [["--region", "us-east1"], /--region "us-east1" is no region of EC2: did you mean us-east-1\?/],
    [["--region", "us-east-1,eu-wset-1"], /--region "eu-wset-1" is not known: did you mean eu-west-1\?/],
    [["--until", "soon"], /--until "soon": a day like/],
    [["--stage", "hold"], /--stage "hold": did you mean held\?/],
    [["--stage", "deleted"], /what is deleted waits for nothing/],
    [["--due-within", "soon"], /--due-within "soon": a whole number and s, m, h or d/],
    [["--limit", "0"], /--limit "0": a whole number from 1/],
    [["--json", "--plain"], /--json or --plain, not both/],
    [["--watch"], /--watch draws on a terminal, and standard output is none/],
    [["--watch=x"], /--watch="x": seconds/],
    [["stats", "--watch"], /--watch draws on a terminal/],
  ];
  for (const [args, line] of rows) isRefusal(t, await runOver(t, connection, "queue", ...args), 2, line);
});
