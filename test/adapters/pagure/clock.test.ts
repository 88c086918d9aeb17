import { createServer } from "node:http";
import t from "tap";
import { DAY_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { openPagure } from "../../support/outside/adapters.ts";

for (const [what, offMs, isTaken] of [
  ["right", 0, true],
  ["half a minute wrong", -30 * SECOND_MS, true],
  ["a month behind Pagure's", 30 * DAY_MS, false],
  ["a month ahead of Pagure's", -30 * DAY_MS, false],
  ["asked of a Pagure that tells no time", null, true],
] as const)
  t.test(`a clock that is ${what} ${isTaken ? "may date a report" : "dates none"}`, async (t) => {
    const server = createServer((_, response) => {
      response.sendDate = false;
      if (offMs !== null) response.setHeader("date", new Date(Date.now() + offMs).toUTCString());
      response.setHeader("content-type", "application/json").end('{"username": "bot"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const url = `http://127.0.0.1:${port}`;
    const access = { url, repo: "ami-reports", tags: [], token: "x", userAgent: "test", timeoutMs: 60_000 };
    const reports = openPagure(access);
    if (isTaken) t.same(await reports.check(), { user: "bot" });
    else
      await t.rejects(reports.check(), { name: "UpstreamError", code: "clock-skew", message: /apart: set the clock/ });
  });
