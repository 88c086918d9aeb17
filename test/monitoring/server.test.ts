import { once } from "node:events";
import { connect, type Socket } from "node:net";
import t, { type Test } from "tap";
import { ConfigError, UpstreamError } from "../../src/errors.ts";
import { jsonAnswer, type Answer } from "../../src/monitoring/answer.ts";
import { problemPage } from "../../src/monitoring/page/problem.ts";
import type { Route } from "../../src/monitoring/routes.ts";
import { startServer, type Bounds } from "../../src/monitoring/server.ts";
import { silentLog } from "../support/run/log.ts";

/** No test waits for the end of these; where one has to come, it is `SOON`. */
const BOUNDS: Bounds = { most: 3, withinMs: 60_000, longestUrl: 200 };
const SOON: Bounds = { ...BOUNDS, withinMs: 300 };

async function serve(test: Test, routes: readonly Route[], bounds = BOUNDS): Promise<string> {
  const options = { address: "127.0.0.1", port: 0, routes, asPage: problemPage, log: silentLog, bounds };
  const server = await startServer(options);
  test.teardown(() => server.close());
  return server.url;
}

function route(path: string, answer: () => Answer | Promise<Answer>, parameters: readonly string[] = []): Route {
  return { path, parameters, answer };
}

/** A promise that the test keeps. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  const made = { opened: Promise.resolve(), open: (): void => undefined };
  made.opened = new Promise((resolve) => {
    made.open = resolve;
  });
  return made;
}

const HELLO = route("/hello", () => jsonAnswer({ hello: "there" }));
const LIVE = route("/live", () => jsonAnswer({ status: "OK" }));

/** What a raw client reads until the other end closes. */
async function rawAnswer(url: string, send: (socket: Socket) => void): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = once(socket, "close");
  send(socket);
  await closed;
  return text;
}

t.test("it is read only: GET and HEAD, and a no that says so", async (t) => {
  const url = await serve(t, [HELLO]);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const answer = await fetch(`${url}/hello`, { method, ...(method === "POST" && { body: "x".repeat(100_000) }) });
    t.equal(answer.status, 405, method);
    t.equal(answer.headers.get("allow"), "GET, HEAD");
    t.match(await answer.json(), { status: 405, title: "Method Not Allowed" });
  }
  const head = await fetch(`${url}/hello`, { method: "HEAD" });
  t.equal(head.status, 200);
  t.equal(head.headers.get("content-length"), String('{"hello":"there"}\n'.length));
  t.equal(await head.text(), "");
});

t.test("an answer that is known is not sent again, and each forbids what a page of ours never needs", async (t) => {
  const url = await serve(t, [HELLO]);
  const first = await fetch(`${url}/hello`);
  const etag = first.headers.get("etag") ?? "";
  t.match(first.headers.get("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'/);
  t.equal(first.headers.get("set-cookie"), null);
  const again = await fetch(`${url}/hello`, { headers: { "if-none-match": `"other", W/${etag}` } });
  t.equal(again.status, 304);
  t.equal(await again.text(), "");
});

t.test("what cannot be understood is refused with the parameter's name", async (t) => {
  const url = await serve(t, [HELLO, route("/words/{word}", () => jsonAnswer({}), ["kind"])]);
  for (const [path, status, detail] of [
    ["/nothing", 404, /no such page/],
    ["/hello/", 404, /no such page/],
    ["/words/%ff", 400, /^word: /],
    ["/words/%00", 400, /^word: /],
    [`/words/${"a".repeat(250)}`, 414, /at most 200/],
    ["/words/a?kind=1&kind=2", 400, /^kind: give it once/],
    ["/words/a?colour=red", 400, /^colour: it is not known here; this page takes kind/],
    ["/hello?x=%0a", 400, /no parameters/],
  ] as const) {
    const answer = await fetch(`${url}${path}`);
    t.equal(answer.status, status, path);
    t.match(answer.headers.get("content-type"), /problem\+json/);
    t.match(await answer.json(), { status, detail });
  }
  const page = await fetch(`${url}/words/a?colour=<b>`, { headers: { accept: "text/html" } });
  t.match(page.headers.get("content-type"), /text\/html/);
  t.match(await page.text(), /colour: it is not known here/);
});

t.test("too many at once are turned away, and the sign of life is given all the same", async (t) => {
  const [enough, release] = [gate(), gate()];
  let waiting = 0;
  const slow = route("/slow", async () => {
    waiting += 1;
    if (waiting === BOUNDS.most) enough.open();
    await release.opened;
    return jsonAnswer({});
  });
  const url = await serve(t, [slow, LIVE, HELLO]);
  const under = Array.from({ length: BOUNDS.most }, () => fetch(`${url}/slow`));
  await enough.opened;
  const more = await fetch(`${url}/hello`);
  t.equal(more.status, 503);
  t.equal(more.headers.get("retry-after"), "5");
  t.equal((await fetch(`${url}/live`)).status, 200);
  release.open();
  for (const answer of await Promise.all(under)) t.equal(answer.status, 200);
  t.equal((await fetch(`${url}/hello`)).status, 200);
});

t.test("what takes too long is told, and still counts until it has ended", async (t) => {
  const release = gate();
  t.teardown(() => {
    release.open();
  });
  const stuck = route("/stuck", async () => {
    await release.opened;
    return jsonAnswer({});
  });
  const url = await serve(t, [stuck, HELLO], { ...BOUNDS, withinMs: 2_000 });
  const asked = Array.from({ length: BOUNDS.most }, () => fetch(`${url}/stuck`));
  for (const answer of await Promise.all(asked)) {
    t.equal(answer.status, 503);
    t.match(await answer.json(), { detail: /took longer than 2000 ms/ });
  }
  t.match(await (await fetch(`${url}/hello`)).json(), { detail: /too many ask at once/ });
});

t.test("a client that dawdles is cut off, whether it asks or listens", async (t) => {
  const large = route("/large", () => jsonAnswer("x".repeat(30_000_000)));
  const url = await serve(t, [HELLO, large], SOON);
  t.match(await rawAnswer(url, (socket) => socket.write("GET /hello HTTP/1.1\r\nHost: x\r\n")), /^(?:HTTP\/1.1 408|$)/);
  const begun = await rawAnswer(url, (socket) => {
    socket.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.pause();
    // It reads again only when the other end has given it up.
    setTimeout(() => socket.resume(), 3 * SOON.withinMs);
  });
  t.ok(begun.length < 30_000_000, `${begun.length} bytes`);
  const headers = await rawAnswer(url, (socket) =>
    socket.write(`GET /hello HTTP/1.1\r\nX: ${"y".repeat(20_000)}\r\n\r\n`),
  );
  t.match(headers, /^HTTP\/1.1 431 /);
  // A busy machine may take longer than that for its own request, which is told as well.
  t.ok([200, 408].includes((await fetch(`${url}/hello`)).status));
});

t.test("of a client that asks much at once and goes, nothing is waited for", async (t) => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const [asked, release] = [gate(), gate()];
  const slow = route("/slow", async () => {
    asked.open();
    await release.opened;
    return jsonAnswer({});
  });
  const before = timers();
  const options = { address: "127.0.0.1", port: 0, routes: [slow, HELLO], asPage: problemPage, log: silentLog };
  const server = await startServer({ ...options, bounds: BOUNDS });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  await asked.opened;
  socket.destroy();
  release.open();
  await server.close();
  // Node tells of an end some turns of its loop later.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  t.equal(timers(), before);
});

t.test("an address that cannot be had is one line with the key to mend", async (t) => {
  const url = await serve(t, [HELLO]);
  const port = Number(new URL(url).port);
  const base = { routes: [HELLO], asPage: problemPage, log: silentLog };
  for (const [address, taken, words] of [
    ["127.0.0.1", port, /^monitoring: 127\.0\.0\.1 port \d+ is in use: /],
    ["203.0.113.7", 0, /^monitoring: 203\.0\.113\.7 port 0 is no address of this machine: mend monitoring\.address$/],
  ] as const) {
    const error: unknown = await startServer({ ...base, address, port: taken }).catch((reason: unknown) => reason);
    t.ok(error instanceof ConfigError);
    t.match(String(error), new RegExp(words.source.replace("^", "")));
  }
});

t.test("a failure of ours or of redis ends one request, and says nothing of what is inside", async (t) => {
  const away = route("/away", () =>
    Promise.reject(new UpstreamError("redis", "ECONNREFUSED", "redis at 10.0.0.7 is away")),
  );
  const bug = route("/bug", () => Promise.reject(new Error("secret state")));
  const url = await serve(t, [away, bug, HELLO]);
  t.match(await (await fetch(`${url}/away`)).json(), { status: 503, detail: /^redis does not answer/ });
  const answer = await fetch(`${url}/bug`);
  t.equal(answer.status, 500);
  t.notMatch(await answer.text(), "secret");
  t.equal((await fetch(`${url}/hello`)).status, 200);
});
