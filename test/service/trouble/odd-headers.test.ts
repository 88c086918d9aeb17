import t from "tap";
import { openBench, until, uploads } from "../../support/servers/broker/bus.ts";
import { propertiesWith } from "../../support/servers/broker/frames.ts";
import { RawClient } from "../../support/servers/raw-client.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";
import { TABLES } from "../../support/servers/broker/tables.ts";

/** What RabbitMQ reads, and hands on; the rest it answers with an end of the connection. */
const IS_READ_BY_RABBITMQ = /^type [^U]$|tag L|thousand deep/;

t.test("whatever headers RabbitMQ hands on, the service takes each message once, and goes on", async (t) => {
  const bench = await openBench(t);
  const client = await RawClient.open(t, serverUrl("TEST_AMQP_URL"));
  const tables = Object.entries(TABLES).filter(([what]) => IS_READ_BY_RABBITMQ.test(what));
  const messages = uploads(tables.length + 1);
  const service = await bench.start();
  for (const [index, [what, { bytes }]] of tables.entries()) {
    const { topic, body } = messages[index] ?? { topic: "", body: Buffer.alloc(0) };
    await client.publish(bench.at.exchange, topic, propertiesWith(bytes, what), body);
  }
  await bench.publisher.send(messages.slice(-1));
  await until("all are delivered", async () => (await bench.publisher.waiting(bench.at.queue)) === 0);
  t.comment(`${tables.length} tables of headers`);
  t.equal(await service.end(), 0);
  t.match(service.lines.at(-1), { msg: "clean-amis has stopped", received: messages.length, new: messages.length });
  t.equal(service.lines.filter(({ msg }) => msg === "consuming").length, 1, "one connection");
  t.equal(await bench.publisher.waiting(bench.at.queue), 0, "all was acknowledged");
});
