import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type Channel } from "amqplib";
import t, { type Test } from "tap";
import { consoleOfRun } from "../../support/servers/broker/broker-console.ts";
import { amqpConfig, Listener, type OfBus } from "../../support/servers/broker/listener.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

const URL_OF_RUN = serverUrl("TEST_AMQP_URL");

/** Somebody else's connection; its queues are removed with the test. */
async function openOther(t: Test, queues: readonly string[]): Promise<Channel> {
  const model = await connect(URL_OF_RUN);
  const channel = await model.createChannel();
  t.teardown(async () => {
    for (const queue of queues) await channel.deleteQueue(queue);
    await model.close();
  });
  return channel;
}

function queueWith(name: string, args: object): NonNullable<OfBus["queue"]> {
  return { name, durable: true, auto_delete: false, exclusive: false, arguments: args };
}

const isHeard = ({ lines }: Listener): boolean => lines.some(({ message }) => message === "consuming");

t.test("what a quorum queue is about to drop is told apart, in its last delivery and the one before", async (t) => {
  const limit = 3;
  const args = { "x-queue-type": "quorum", "x-delivery-limit": limit };
  const names = [0, 1, 2, 3, 4].map((returns) => `returned-${returns}-${randomUUID()}`);
  const other = await openOther(t, names);
  for (const [returns, name] of names.entries()) {
    await other.assertQueue(name, { durable: true, arguments: args });
    other.sendToQueue(name, Buffer.from("{}"));
    for (let count = 0; count < returns;) {
      const message = await other.get(name);
      // It is written, or back, a moment later.
      if (message === false) continue;
      other.nack(message, false, true);
      count += 1;
    }
  }
  const queues = names.map((name) => ({ ...queueWith(name, args), bindings: [] }));
  const listener = Listener.start(t, amqpConfig(URL_OF_RUN, { queues }));
  await listener.until(({ delivered }) => delivered.length === names.length - 1);
  const spent = listener.delivered.map(({ message, spent }) => [message.headers["x-delivery-count"] ?? 0, spent]);
  t.same(spent.sort(), [
    [0, null],
    [1, null],
    [2, "delivered 3 times and never acknowledged: kept before the broker drops it"],
    [3, "delivered 4 times and never acknowledged: kept before the broker drops it"],
  ]);
  const [gone = ""] = names.slice(-1);
  t.equal((await other.checkQueue(gone)).messageCount, 0, "what came back more often the broker has dropped");
});

t.test("of two on a queue with a single active consumer one hears, and the other when that is gone", async (t) => {
  const name = randomUUID();
  const other = await openOther(t, [name]);
  const config = amqpConfig(URL_OF_RUN, { queue: queueWith(name, { "x-single-active-consumer": true }), bindings: [] });
  const first = Listener.start(t, config);
  await first.until(isHeard);
  const second = Listener.start(t, config);
  await second.until(isHeard);
  other.sendToQueue(name, Buffer.from("{}"));
  await first.until(({ delivered }) => delivered.length === 1);
  first.stop.abort();
  await first.bus.close();
  other.sendToQueue(name, Buffer.from("{}"));
  await second.until(({ delivered }) => delivered.length === 1);
  t.equal(first.delivered.length, 1);
});

t.test("a queue that is made anew with other arguments is told once, and heard when it is as it was", async (t) => {
  const name = randomUUID();
  const other = await openOther(t, [name]);
  const listener = Listener.start(t, amqpConfig(URL_OF_RUN, { queue: queueWith(name, {}), bindings: [] }));
  await listener.until(isHeard);
  // Both at once: nobody comes in between.
  await Promise.all([
    other.deleteQueue(name),
    other.assertQueue(name, { durable: true, arguments: { "x-max-length": 5 } }),
  ]);
  await listener.until(({ pausesMs }) => pausesMs.length >= 10);
  t.match(listener.said("broker lost, connecting again"), [{ error: /cancelled the consumer/ }]);
  const told = listener.said("no broker, trying again");
  t.match(told, [
    { code: "406", error: /inequivalent arg 'x-max-length'.*: the queue was made with other properties/ },
  ]);
  t.equal(told.length, 1);
  await other.deleteQueue(name);
  await listener.until((each) => each.said("broker is back").length === 1);
  other.sendToQueue(name, Buffer.from("{}"));
  await listener.until(({ delivered }) => delivered.length === 1);
});

t.test("passwords and permissions that change, and connections that a person closes, are lived through", async (t) => {
  const admin = consoleOfRun(t);
  if (admin === null) {
    t.comment("the broker is another one's: nobody may change its users");
    return;
  }
  const [user, queue] = [`user-${randomUUID()}`, randomUUID()];
  const other = await openOther(t, [queue]);
  await admin.addUser(user, "first");
  t.teardown(() => admin.deleteUser(user));
  await admin.permit(user, [".*", ".*", ".*"]);
  const urlFile = join(t.testdir({}), "amqp-url");
  const write = (password: string): void => {
    const url = new URL(URL_OF_RUN);
    [url.username, url.password] = [user, password];
    writeFileSync(urlFile, `${url.href}\n`);
  };
  write("first");
  const listener = Listener.start(
    t,
    amqpConfig(URL_OF_RUN, { urlFile, retryDelaySeconds: 1, queue: queueWith(queue, {}), bindings: [] }),
  );
  await listener.until(isHeard);
  let times = 0;
  const isBack = async (): Promise<void> => {
    times += 1;
    await listener.until((each) => each.said("broker is back").length === times);
    other.sendToQueue(queue, Buffer.from("{}"));
    await listener.until(({ delivered }) => delivered.length === times);
  };
  const isTold = async (reason: RegExp): Promise<void> => {
    const tellings = (each: Listener): readonly unknown[] =>
      each.said("no broker, trying again").filter(({ error }) => reason.test(String(error)));
    await listener.until((each) => tellings(each).length > 0);
    const tries = listener.pausesMs.length;
    await listener.until(({ pausesMs }) => pausesMs.length > tries + 3);
    t.equal(tellings(listener).length, 1, `told once: ${String(reason)}`);
  };
  await admin.closeConnections(user);
  await isBack();
  t.match(listener.said("broker lost, connecting again")[0], { error: /320 .*closed by a person/ });

  await admin.changePassword(user, "second");
  await admin.closeConnections(user);
  await isTold(/Login was refused/);
  write("second");
  await isBack();

  await admin.permit(user, ["^$", "^$", "^$"]);
  await admin.closeConnections(user);
  await isTold(/403 .*refused for user/);
  await admin.permit(user, [".*", ".*", ".*"]);
  await isBack();
});
