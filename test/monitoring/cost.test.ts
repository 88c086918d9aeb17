import { once } from "node:events";
import { connect } from "node:net";
import t from "tap";
import type { ControlName } from "../../src/adapters/redis/keys.ts";
import { MINUTE_MS } from "../../src/domain/time.ts";
import { addDue } from "../support/program/listing.ts";
import { openServed, type Served } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { REGION } from "../support/world/world.ts";

/** Listens to what is asked of Redis: the command with its first argument, which is a key for most. */
function listenTo({ world }: Served): { readonly asked: string[] } {
  const heard = { asked: [] as string[] };
  const { redis } = world.connection;
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (...args: Parameters<typeof send>) => {
    const [{ name, args: words }] = args;
    heard.asked.push(`${name} ${String(words[0] ?? "")}`);
    return send(...args);
  };
  return heard;
}

t.test("no page costs more commands than a fixed number, however many images there are", async (t) => {
  const served = await openServed(t);
  const { clock, connection } = served.world;
  await rememberHeard(connection, clock.now());
  const heard = listenTo(served);
  const composeId = "Fedora-Rawhide-20261121.n.0";
  const add = (count: number): Promise<readonly string[]> =>
    addDue(
      connection,
      REGION,
      Array.from({ length: count }, (_, index) => clock.now() + index * MINUTE_MS),
      composeId,
    );
  // The first image of all: what is written after it hides its history.
  const [amiId = ""] = await add(1);
  const paths = [
    ...["/", "/ready", "/metrics", "/api/v1/stats", "/feed.atom", `/find?q=${amiId}`, `/find?q=${composeId}`],
    ...["/find?q=Rawhide-2026", `/api/v1/images/${amiId}`, `/api/v1/composes/${composeId}`, "/api/v1/queue"],
    ...["/api/v1/queue?stage=held", "/api/v1/events?since=30d", "/api/v1/events?since=30d&kind=deleted"],
  ];
  const costs = async (): Promise<Readonly<Record<string, number>>> => {
    const found: Record<string, number> = {};
    for (const path of paths) {
      heard.asked.length = 0;
      t.equal((await served.get(path)).status, 200, path);
      found[path] = heard.asked.length;
    }
    return found;
  };
  await add(11_000);
  // A script is sent whole when it is asked for first.
  await costs();
  const many = await costs();
  await add(2_000);
  t.same(await costs(), many);
  t.ok(Math.max(...Object.values(many)) < 4_000, JSON.stringify(many));
  t.match(await served.text(`/find?q=${composeId}`), "The first 500 of its images");
  t.match(await served.json(`/api/v1/composes/${composeId}`), { more: true });
});

t.test("a crowd that asks for the same at once costs as much as one", async (t) => {
  const served = await openServed(t);
  await rememberHeard(served.world.connection, served.world.clock.now());
  const heard = listenTo(served);
  for (const path of ["/", "/metrics", "/api/v1/stats", "/feed.atom?stream=Fedora-Cloud", "/find?q=x86_64"]) {
    await crowd(served.url, path, 1);
    heard.asked.length = 0;
    await crowd(served.url, path, 1);
    const [one, alone] = [heard.asked.length, heard.asked.splice(0)];
    t.equal(await crowd(served.url, path, 5), 5, path);
    t.same(heard.asked.splice(0), alone, `${path}: ${one} commands`);
  }
});

/** So many ask before the first is answered; resolves to how many are. */
async function crowd(url: string, path: string, size: number): Promise<number> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const request = (end: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${end}\r\n`;
  socket.write(request("").repeat(size - 1) + request("Connection: close\r\n"));
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(socket, "close");
  return text.split(/HTTP\/1\.1 (?:200|404) /).length - 1;
}

t.test("the first page asks for nothing twice", async (t) => {
  const served = await openServed(t);
  const { keys } = served.world.connection;
  await rememberHeard(served.world.connection, served.world.clock.now());
  const heard = listenTo(served);
  await served.get("/");
  const timesOf = (name: ControlName): number =>
    heard.asked.filter((each) => each.endsWith(` ${keys.control(name)}`)).length;
  for (const name of ["paused", "breakers", "status", "replicas", "reporter:pagure:status"] as const)
    t.equal(timesOf(name), 1, name);
  t.equal(timesOf("stopped"), 2, "one for each kind of act");
});
