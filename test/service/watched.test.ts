import t from "tap";
import { freePorts } from "../../src/demo/servers/ports.ts";
import { SECRETS } from "../../src/demo/service-config.ts";
import { runProgram } from "../support/program/program.ts";
import { openBench, until, uploads } from "../support/servers/broker/bus.ts";

t.test("the service can be watched: alive, ready or not and why, and what it has done", async (t) => {
  const [port = 0] = await freePorts(1);
  const bench = await openBench(t, undefined, { monitoringPort: port });
  const service = await bench.start();
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  t.equal((await get("/live")).status, 200);
  // Without an archive it is deaf, which is told; the broker delivers all the same.
  t.match(await (await get("/ready")).json(), { parts: { broker: { state: "ok" }, heard: { state: "degraded" } } });
  await bench.publisher.send(uploads(8));
  const counted = /clean_amis_messages_total\{event="fedimg\.image\.publish",outcome="uploads"\} 8\n/;
  await until("eight messages counted", async () => counted.test(await (await get("/metrics")).text()));
  t.match(await (await get("/metrics")).text(), 'clean_amis_decisions_total{rule="nightly"} 8');
  t.match(await (await get("/")).text(), "What becomes of Fedora");
  const second = await runProgram(t, ["consume", "--config", bench.configFile], { env: SECRETS });
  t.equal(second.code, 2);
  t.match(second.err, new RegExp(`^clean-amis: monitoring: 127\\.0\\.0\\.1 port ${port} is in use: `, "m"));
  t.equal(await service.end(), 0);
  await t.rejects(get("/live"), "nothing is served any more");
});
