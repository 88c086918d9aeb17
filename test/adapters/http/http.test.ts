import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { inspect } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { openHttp } from "../../../src/adapters/http/http.ts";
import type { HttpCall, HttpOptions } from "../../../src/adapters/http/http.ts";

async function serve(t: Test, listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return new URL(`http://127.0.0.1:${address.port}/api?key=S3CRET`);
}

function get(url: URL, change: Partial<HttpOptions> = {}) {
  const call: HttpCall = { method: "GET", url };
  return openHttp({
    service: "pagure",
    userAgent: "clean-amis/test",
    timeoutMs: 60_000,
    secrets: ["S3CRET"],
    ...change,
  })(call);
}

/** The call must fail; no secret may stand in the error or what caused it. */
async function failure(t: Test, work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  t.notMatch(inspect(error, { depth: 10, showHidden: true }), /S3CRET/);
  return error;
}

t.test("JSON is read, and the upstream learns who asks", async (t) => {
  const url = await serve(t, (request, response) => response.end(JSON.stringify(request.headers)));
  const { status, body } = await get(url);
  t.equal(status, 200);
  t.match(body, { "user-agent": "clean-amis/test", accept: "application/json", "cache-control": "no-cache" });
});

t.test("a form is sent as Pagure's documentation asks", async (t) => {
  const url = await serve(t, (request, response) => {
    request.setEncoding("utf8").once("data", (body: string) => {
      response.end(JSON.stringify([request.method, request.headers["content-type"], body]));
    });
  });
  const http = openHttp({ service: "pagure", userAgent: "x", timeoutMs: 60_000 });
  const { body } = await http({ method: "POST", url, form: { comment: "a b&ü" } });
  t.match(body, ["POST", /^application\/x-www-form-urlencoded/, "comment=a+b%26%C3%BC"]);
});

t.test("a status below 500 is the adapter's to judge, with or without JSON", async (t) => {
  const url = await serve(t, (request, response) => {
    const isJson = request.headers["user-agent"] === "json";
    response.writeHead(isJson ? 403 : 404).end(isJson ? '{"error":"no"}' : "<html>");
  });
  t.match(await get(url, { userAgent: "json" }), { status: 403, body: { error: "no" }, words: '{"error":"no"}' });
  const { status, body, words, header } = await get(url);
  t.same([status, body, words, header("date") === null, header("Link")], [404, undefined, "", false, null]);
});

t.test("a redirected GET is followed, and a redirected POST is not repeated as a GET", async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === "/there") response.end('"arrived"');
    else response.writeHead(302, { location: "/there" }).end();
  });
  t.match(await get(url), { status: 200, body: "arrived", words: '"arrived"' });
  const http = openHttp({ service: "pagure", userAgent: "x", timeoutMs: 60_000 });
  t.match(await http({ method: "POST", url, form: {} }), { status: 302 });
});

t.test("what may pass is an upstream's trouble, said in one line with its place", async (t) => {
  const cases: [RequestListener, string, RegExp, number?][] = [
    [(_, response) => response.writeHead(503).end("busy S3CRET"), "HTTP_503", /answered 503 \("busy \*\*\*"\)/],
    [(_, response) => response.writeHead(429).end(), "HTTP_429", /answered 429 \(an empty answer\)/],
    [
      (_, response) => response.end("<html>\n<body>"),
      "NOT_JSON",
      /answered 200 without whole JSON \("<html> <body>"\)/,
    ],
    [(_, response) => response.end('{"key":"S3CRET","cut'), "NOT_JSON", /without whole JSON/],
    [(_, response) => response.end(`"${"x".repeat(2_000)}"`), "TOO_LONG", /answered more than 1000 bytes/],
    [(_, response) => response.writeHead(200).write("["), "TIMEOUT", /within 500 ms/, 500],
    [(_, response) => response.destroy(), "UND_ERR_SOCKET", /found no connection or lost it/],
    [
      (_, response) => response.writeHead(200, { "content-length": 9 }).write("[", () => response.destroy()),
      "UND_ERR_SOCKET",
      /lost it/,
    ],
  ];
  for (const [listener, code, sentence, timeoutMs = 60_000] of cases) {
    const url = await serve(t, listener);
    const error = await failure(t, get(url, { timeoutMs, maxBytes: 1_000 }));
    t.match(error, { name: "UpstreamError", service: "pagure", code, message: sentence });
    t.match(error.message, /^pagure: GET http:\/\/127\.0\.0\.1:\d+\/api [^\n?]*; it is tried again later$/);
  }
});

t.test("a server that is not there is named with the system's own code", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  await new Promise((resolve) => server.close(resolve));
  const url = new URL(`http://127.0.0.1:${port}/api`);
  const error = await failure(t, get(url));
  t.match(error, {
    name: "UpstreamError",
    code: "ECONNREFUSED",
    message: /GET http:\/\/127\.0\.0\.1:\d+\/api found no connection or lost it \(ECONNREFUSED\)/,
  });
});

t.test("a password in an address is refused and never repeated", async (t) => {
  const error = await failure(t, get(new URL("http://bot:S3CRET@127.0.0.1/x")));
  t.match(error, { name: "RefusedError", message: /remove it from the configuration$/ });
});
