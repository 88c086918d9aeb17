import { readFile, writeFile } from "node:fs/promises";
import t from "tap";
import { SECRETS } from "../../../src/demo/service-config.ts";
import { ServiceProcess } from "../../../src/demo/service.ts";
import { runProgram } from "../../support/program/program.ts";
import { openBench, until, uploads } from "../../support/servers/broker/bus.ts";
import { freeze, RawBroker, reset } from "../../support/servers/broker/raw-broker.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

t.jobs = 2;

const AMI = "ami-00000000000000000";

for (const [what, conduct] of [
  ["takes connections and says nothing", freeze],
  ["is away", reset],
] as const)
  t.test(`while the broker ${what}, people's orders are carried out, and a stop ends the service`, async (t) => {
    const bench = await openBench(t);
    const before = await bench.start();
    await bench.publisher.send(uploads(1));
    await until("the image is scheduled", async () => (await bench.ledger.images()).size === 1);
    await before.end();
    const broker = await RawBroker.open(t, { connect: conduct });
    const config = await readFile(bench.configFile, "utf8");
    await writeFile(bench.configFile, config.replace(serverUrl("TEST_AMQP_URL"), broker.url));

    const service = new ServiceProcess(["consume", "--config", bench.configFile], SECRETS);
    t.teardown(() => service.end("SIGKILL"));
    await service.line((line) => line.msg === "clean-amis is running");
    const words = ["hold", AMI, "--reason", "a test", "--config", bench.configFile];
    const held = await runProgram(t, words, { env: SECRETS });
    t.match(held, { code: 0, err: "" });
    await broker.whenConnected();
    const start = performance.now();
    t.equal(await service.end(), 0);
    const tookS = (performance.now() - start) / 1000;
    t.comment(`${what}: ended after ${tookS.toFixed(1)} s`);
    t.equal(service.complaints, "");
  });
