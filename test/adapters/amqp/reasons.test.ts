import { randomUUID } from "node:crypto";
import { connect } from "amqplib";
import t from "tap";
import { amqpConfig, Listener, type OfBus } from "../../support/servers/broker/listener.ts";
import { RawBroker, refuse } from "../../support/servers/broker/raw-broker.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

const OPTIONS = { durable: false, auto_delete: true, exclusive: false, arguments: {} };

t.test("RabbitMQ's own reason is kept, with the remedy that fits it", async (t) => {
  const url = serverUrl("TEST_AMQP_URL");
  const holder = await connect(url);
  t.teardown(() => holder.close());
  const channel = await holder.createChannel();
  const [taken, other] = [randomUUID(), randomUUID()];
  await channel.assertQueue(taken, { exclusive: true });
  await channel.assertQueue(other, { durable: false, autoDelete: true, exclusive: false });
  await channel.consume(other, () => undefined, { exclusive: true });
  const named = (name: string, more: object = {}): OfBus => ({ queue: { name, ...OPTIONS, ...more } });
  const [stranger, nowhere] = [new URL(url), new URL(url)];
  stranger.password = "S3CRET";
  nowhere.pathname = "/nowhere";
  const rows: readonly (readonly [string, string, OfBus, RegExp])[] = [
    ["a wrong password", stranger.href, {}, /403 .*Login was refused.*: mend user and password in amqp_url/],
    ["no such virtual host", nowhere.href, {}, /530 .*vhost nowhere not found: mend the virtual host/],
    ["no such queue", url, { passiveDeclares: true, ...named(randomUUID()) }, /404 .*no queue '.*: have it made/],
    [
      "no such exchange",
      url,
      { ...named(randomUUID()), bindings: [{ exchange: "nowhere", routing_keys: ["#"] }] },
      /404 .*no exchange 'nowhere' .*: mend exchange in bindings/,
    ],
    ["another's own queue", url, named(taken, { exclusive: true }), /405 .*RESOURCE_LOCKED.*: another connection has/],
    [
      "other properties",
      url,
      named(other, { durable: true }),
      /406 .*inequivalent arg 'durable'.*: the queue was made/,
    ],
    ["one consumer alone", url, named(other), /403 .*in exclusive use.*: another consumer has/],
    [
      "arguments that are none",
      url,
      named(randomUUID(), { arguments: { "x-expires": "soon" } }),
      /406 .*: mend queues: /,
    ],
    ["a reserved name", url, named("amq.mine"), /403 .*'amq\.mine'.*: mend the names in queues and bindings, or ask/],
  ];
  for (const [what, at, more, line] of rows) {
    const listener = Listener.start(t, amqpConfig(at, more));
    await listener.until(({ pausesMs }) => pausesMs.length > 0);
    listener.stop.abort();
    const error = String(listener.said("no broker, trying again")[0]?.["error"]);
    t.match(error, line, what);
    t.notMatch(error, "S3CRET", what);
    t.notMatch(error, "\n", what);
  }
});

t.test("a consumer or a channel that the broker ends later is told, and begun again", async (t) => {
  const broker = await RawBroker.open(t, {
    "basic.ack": refuse(406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"),
  });
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(({ lines }) => lines.length > 0);
  broker.deliver(Buffer.alloc(2), Buffer.from("{}"));
  await listener.until(({ pausesMs }) => pausesMs.length > 0);
  t.match(listener.said("broker lost, connecting again")[0], {
    error: /406 .*acknowledgement .* timed out/,
    failures: 1,
  });
  broker.conduct = {};
  await listener.until(({ lines }) => lines.filter(({ message }) => message === "consuming").length === 2);
  t.ok(listener.delivered[0]?.lost.aborted);
});

t.test("all queues are consumed, on every connection", async (t) => {
  const url = serverUrl("TEST_AMQP_URL");
  const publisher = await connect(url);
  t.teardown(() => publisher.close());
  const channel = await publisher.createConfirmChannel();
  const names = [randomUUID(), randomUUID(), ""];
  const queues = names.map((name) => ({
    name,
    ...OPTIONS,
    bindings: [{ exchange: "amq.topic", routing_keys: [`several.${name}`] }],
  }));
  const listener = Listener.start(t, amqpConfig(url, { prefetchCount: 1, queues }));
  for (let round = 1; round <= 2; round += 1) {
    await listener.until((each) => each.said("consuming").length === 3 * round);
    for (const name of names)
      for (let count = 0; count < 5; count += 1) channel.publish("amq.topic", `several.${name}`, Buffer.from("{}"));
    await channel.waitForConfirms();
    await listener.until(({ delivered }) => delivered.length === 15 * round);
    if (round === 1) await channel.deleteQueue(names[0] ?? "");
  }
  t.match(listener.said("broker lost, connecting again"), [{ error: /cancelled the consumer of .*: / }]);
  const topics = listener.delivered.map(({ message }) => message.topic);
  for (const name of names) t.equal(topics.filter((topic) => topic === `several.${name}`).length, 10);
});
