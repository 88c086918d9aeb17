import { spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import t from "tap";
import { SECRETS } from "../../../src/demo/service-config.ts";
import { MAIN } from "../../support/program/program.ts";
import { openBench, outgoing, until } from "../../support/servers/broker/bus.ts";

t.jobs = 3;

/** What makes more lines than any pipe holds. */
const UNREADABLE = Array.from({ length: 6000 }, () => outgoing("fedimg.image.publish", "no JSON"));

const TARGETS: Readonly<Record<string, { readonly stdio: StdioOptions; readonly isClosed?: boolean }>> = {
  "is on a disk that is full": { stdio: ["ignore", openSync("/dev/full", "w"), openSync("/dev/full", "w")] },
  "is a pipe that nobody reads": { stdio: ["ignore", "pipe", "pipe"] },
  "is a pipe whose reader has gone": { stdio: ["ignore", "pipe", "pipe"], isClosed: true },
};

for (const [what, { stdio, isClosed = false }] of Object.entries(TARGETS))
  t.test(`a log that ${what} neither ends the service nor holds it up`, async (t) => {
    const bench = await openBench(t);
    const first = await bench.start();
    await first.end();
    const child = spawn(process.execPath, [MAIN, "consume", "--config", bench.configFile], { env: SECRETS, stdio });
    t.teardown(() => child.kill("SIGKILL"));
    if (isClosed) for (const pipe of [child.stdout, child.stderr]) pipe?.destroy();
    await bench.publisher.send(UNREADABLE);
    await until("all was taken", async () => (await bench.publisher.waiting(bench.at.queue)) === 0);
    t.equal(child.exitCode, null);
    const start = performance.now();
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    t.equal(code, 0);
    t.comment(`${what}: ended after ${((performance.now() - start) / 1000).toFixed(1)} s`);
    t.equal(await bench.publisher.waiting(bench.at.queue), 0);
  });
