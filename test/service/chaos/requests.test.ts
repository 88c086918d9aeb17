import t from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import type { Log } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { Dice } from "../../support/random/mutate.ts";
import { mutatedAsking, mutatedTarget } from "../../support/requests/mutate.ts";
import { openServed, type Served } from "../../support/servers/monitoring.ts";
import { ask, type RawAnswer } from "../../support/requests/ask.ts";
import { everyKey, watchRedis } from "../../support/requests/redis-watch.ts";
import { rememberHeard } from "../../support/servers/redis/redis.ts";
import { addNightly, UPLOADER } from "../../support/world/world.ts";
import { limitFor } from "../../support/run/limit.ts";

/** `npm run chaos` asks for more. */
const REQUESTS = Number(process.env["CHAOS_REQUESTS"] ?? 2_000);
const SEED = Number(process.env["CHAOS_SEED"] ?? 2026);
const AT_ONCE = 8;
/** What can be said to a request; 500 would be a fault of ours. 400, 408, 413, 417 and 431 may be Node's own. */
const STATUSES = [200, 304, 400, 404, 405, 408, 413, 414, 417, 431, 503];

limitFor(t, "CHAOS_REQUESTS");

/** Images of two regions in some stages, told to the public; resolves to addresses that are answered with 200. */
async function fill({ world }: Served): Promise<readonly string[]> {
  const nightlies = [1, 2, 3].flatMap((number) => [addNightly(world, number), addNightly(world, number, "eu-west-1")]);
  for (const { message } of nightlies) await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS + 1000);
  await world.tick();
  await world.report();
  await rememberHeard(world.connection, world.clock.now());
  const [nightly] = nightlies;
  if (nightly === undefined) throw new Error("there is none");
  const { amiId, composeId } = nightly;
  const queue = "/api/v1/queue?stage=private&region=us-east-1&due_within=30d";
  return [
    ...["/", "/live", "/ready", "/metrics", "/style.css", "/icon.svg", "/api/v1/stats", "/api/v1/openapi.json"],
    ...[`/find?q=${amiId}`, `/find?q=${composeId}`, "/find?q=x86_64-Rawhide"],
    ...["/feed.atom", "/feed.atom?stream=Fedora-Rawhide", `/feed.atom?compose=${composeId}`],
    ...[`/api/v1/images/${amiId}`, `/api/v1/images/us-east-1/${amiId}`, `/api/v1/composes/${composeId}`],
    ...["/api/v1/queue", queue, `${queue}&after=1795500000.us-east-1.delete.${amiId}`],
    ...["/api/v1/events?since=30d", "/api/v1/events?kind=scheduled&since=2026-11-24T08:00:00Z"],
    "/api/v1/events?since=30d&after=1795507200000-0.us-east-1",
  ];
}

/** Null: it is as it should be. */
function wrongWith({ status, headers, body }: RawAnswer): string | null {
  if (!STATUSES.includes(status)) return `it is answered with ${status}`;
  if (headers.has("set-cookie")) return "a cookie";
  // Node's own have a status and nothing else: what it could not read is no request yet.
  const isOurs = headers.has("content-security-policy");
  if (!isOurs && (status < 400 || !["", "0\r\n\r\n"].includes(body)))
    return `${status} without what each page of ours has`;
  if (/<script|<img|\u202e/.test(body)) return "what was asked for is no text in the answer";
  const type = headers.get("content-type") ?? "";
  // A machine that is busy may be unready, which is an answer of its own.
  if (status === 503 && body.startsWith('{"status":"unready"')) return null;
  if (isOurs && status >= 400 && !/^(?:application\/problem\+json$|text\/html;)/.test(type))
    return `${status} as ${type}`;
  return null;
}

t.test(`${REQUESTS} odd requests read what is theirs to read, change nothing and end nothing`, async (t) => {
  const bugs: string[] = [];
  const error: Log["error"] = (data, message) => {
    bugs.push(`${message}: ${JSON.stringify(data)}`);
  };
  const served = await openServed(t, {}, { ...silentLog, error });
  const { connection } = served.world;
  const port = Number(new URL(served.url).port);
  const good = await fill(served);
  for (const path of good) t.equal((await served.get(path)).status, 200, path);
  const [before, watch] = [await everyKey(connection), await watchRedis(t, connection)];
  const [wrong, counts]: [string[], Record<string, number>] = [[], {}];
  const note = (name: string | number): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  let [asked, number] = [0, 0];

  /** Each has dice of its own, so that one can be thrown again alone. */
  async function askRaw(dice: Dice, name: string): Promise<void> {
    const asking = mutatedAsking(good, dice);
    asked += asking.requests;
    const heard = await ask(port, asking);
    const { manner, isTunnel } = asking;
    const isMute = manner === "listen" && !isTunnel && heard.answers.length === 0;
    for (const { status } of heard.answers) note(status);
    for (const why of [isMute ? "no answer at all" : null, heard.wrong, ...heard.answers.map(wrongWith)])
      if (why !== null) wrong.push(`${name}: ${why}: ${JSON.stringify(asking.bytes.toString("latin1").slice(0, 500))}`);
  }

  async function askByFetch(dice: Dice, name: string): Promise<void> {
    const target = mutatedTarget(dice.pick(good), dice);
    const accept = dice.pick(["text/html", "*/*", "application/atom+xml;q=0.1"]);
    const method = dice.pick(["GET", "GET", "GET", "HEAD", "POST", "DELETE"]);
    asked += 1;
    const url = `${served.url}/${target.replace(/^\//, "")}`;
    // What no client of this kind would send.
    if (!URL.canParse(url) || new URL(url).origin !== served.url) {
      note("not sent");
      return;
    }
    const answer = await fetch(url, { method, headers: { accept }, redirect: "error" });
    note(answer.status);
    const why = wrongWith({ status: answer.status, headers: answer.headers as never, body: await answer.text() });
    if (why !== null) wrong.push(`${name}: ${why}: ${method} ${url.slice(0, 500)}`);
  }

  const work = async (): Promise<void> => {
    while (asked < REQUESTS && wrong.length < 20) {
      number += 1;
      const dice = new Dice(SEED * 1_000_003 + number);
      await (dice.roll(8) === 0 ? askByFetch : askRaw)(dice, `number ${number}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await watch.caughtUp();
  t.comment(`seed ${SEED}: ${asked} requests, ${watch.seen()} commands to Redis; ${JSON.stringify(counts)}`);
  t.same(wrong, [], "each is answered in HTTP, with a status that we know");
  t.same(watch.wrong, [], "Redis is only read, and by nothing that was not checked");
  t.same(await everyKey(connection), before, "nothing has changed");
  t.same(bugs, [], "nothing was a bug");
  t.ok(
    (counts[200] ?? 0) > REQUESTS / 20 && (counts[400] ?? 0) > REQUESTS / 20 && watch.seen() > REQUESTS,
    "it could fail",
  );
  for (const path of good) t.equal((await served.get(path)).status, 200, `${path}, afterwards`);
});
