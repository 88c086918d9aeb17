import t from "tap";
import { openBench, outgoing, uploads, until } from "../support/servers/broker/bus.ts";
import { CuttableProxy } from "../support/servers/proxy.ts";
import { serverUrl } from "../support/servers/redis/redis.ts";

// One waits most of half a minute for a Redis that is away.
t.jobs = 4;

t.test(
  "stopped by SIGTERM in the middle of a load and started again, the service has scheduled every image",
  async (t) => {
    const bench = await openBench(t);
    const first = await bench.start();
    const sent = bench.publisher.send(uploads(3000));
    await until("some images are scheduled", async () => (await bench.ledger.images()).size > 50);
    t.equal(await first.end("SIGTERM"), 0, `exit code; it complained: ${first.complaints}`);
    await sent;
    const before = (await bench.ledger.images()).size;
    t.ok(before < 3000, `${before} of 3000 were scheduled when it stopped`);
    const second = await bench.start();
    await until("all images are scheduled", async () => (await bench.ledger.images()).size === 3000);
    t.equal(await second.end("SIGTERM"), 0);
    t.equal(await bench.publisher.waiting(bench.at.queue), 0, "and every message was acknowledged");
  },
);

t.test("killed in the middle of a load, the service has lost nothing when it is back", async (t) => {
  const bench = await openBench(t);
  const first = await bench.start();
  const sent = bench.publisher.send(uploads(2000));
  await until("some images are scheduled", async () => (await bench.ledger.images()).size > 50);
  await first.end("SIGKILL");
  await sent;
  const second = await bench.start();
  await until("all images are scheduled", async () => (await bench.ledger.images()).size === 2000);
  t.equal(await second.end("SIGTERM"), 0);
  t.equal(await bench.publisher.waiting(bench.at.queue), 0);
});

t.test(
  "while Redis is away deliveries are held, none is acknowledged, and all are scheduled when it is back",
  async (t) => {
    const proxy = await CuttableProxy.open(serverUrl("TEST_REDIS_URL"));
    t.teardown(() => proxy.close());
    const bench = await openBench(t, proxy.urlFor(serverUrl("TEST_REDIS_URL")));
    const service = await bench.start();
    proxy.cut();
    await bench.publisher.send(uploads(100));
    await service.line((line) => line.msg === "holding deliveries until redis is back");
    t.equal((await bench.ledger.images()).size, 0);
    proxy.mend();
    await until("all images are scheduled", async () => (await bench.ledger.images()).size === 100);
    t.equal(await service.end("SIGTERM"), 0);
    t.equal(await bench.publisher.waiting(bench.at.queue), 0);
  },
);

t.test("stopped while Redis is away, the service gives its deliveries back to the queue", async (t) => {
  const proxy = await CuttableProxy.open(serverUrl("TEST_REDIS_URL"));
  t.teardown(() => proxy.close());
  const bench = await openBench(t, proxy.urlFor(serverUrl("TEST_REDIS_URL")));
  const service = await bench.start();
  proxy.cut();
  await bench.publisher.send(uploads(50));
  await service.line((line) => line.msg === "holding deliveries until redis is back");
  await service.end("SIGTERM");
  await until("they wait again", async () => (await bench.publisher.waiting(bench.at.queue)) === 50);
  t.same(service.complaints, "", "and it says nothing on standard error");
});

t.test("rubbish among good messages is kept with its reason, once, and stops nothing", async (t) => {
  const bench = await openBench(t);
  const service = await bench.start();
  const good = uploads(20);
  const bad = ["not JSON", "[]", "{}", '{"extra": {"id": "ami-1"}, "compose": "x", "destination": "moon"}'];
  await bench.publisher.send(
    good.flatMap((message, index) => [message, outgoing("fedimg.image.publish", bad[index % bad.length] ?? "")]),
  );
  await until("all images are scheduled", async () => (await bench.ledger.images()).size === 20);
  await until("all rubbish is kept", async () => (await bench.ledger.rejected()) === 20);
  t.equal(await service.end("SIGTERM"), 0);
  t.equal(await bench.publisher.waiting(bench.at.queue), 0);
});

t.test(
  "a message about what cannot be read in Redis is kept once, with what to type, and the next ones are worked",
  async (t) => {
    const bench = await openBench(t);
    // Somebody else's key in the place of a compose's facts: no message about that compose can be worked.
    await bench.ledger.spoil("compose:Fedora-Rawhide-20261124.n.0");
    const service = await bench.start();
    const other = outgoing("fedimg.image.publish", {
      compose: "Fedora-Rawhide-20261123.n.0",
      destination: "us-east-1",
      extra: { id: "ami-0aaaaaaaaaaaaaaaa" },
    });
    await bench.publisher.send([...uploads(1), other]);
    await until("the other one is scheduled", async () => (await bench.ledger.images()).size === 1);
    await until("the first one is kept", async () => (await bench.ledger.rejected()) === 1);
    const [entry] = await bench.ledger.rejectedEntries();
    t.match(entry, {
      reason: /the compose Fedora-Rawhide-20261124.n.0 cannot be read: clean-amis doctor says what to type/,
      topic: "org.fedoraproject.prod.fedimg.image.publish",
    });
    t.equal(await service.end("SIGTERM"), 0);
  },
);

t.test("when its queue is deleted under it, the service makes it again and goes on", async (t) => {
  const bench = await openBench(t);
  const service = await bench.start();
  await bench.publisher.deleteQueue(bench.at.queue);
  const isConsuming = (line: { msg?: string }): boolean => line.msg === "consuming";
  await until("it consumes again", () => Promise.resolve(service.lines.filter(isConsuming).length === 2));
  await bench.publisher.send(uploads(5));
  await until("all images are scheduled", async () => (await bench.ledger.images()).size === 5);
  t.equal(await service.end("SIGTERM"), 0);
});
