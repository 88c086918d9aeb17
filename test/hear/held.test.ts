import { once } from "node:events";
import t, { type Test } from "tap";
import { redisFacts } from "../../src/adapters/redis/facts.ts";
import { redisRejected } from "../../src/adapters/redis/rejected.ts";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { redisSchedule } from "../../src/adapters/redis/images/schedule.ts";
import { systemClock } from "../../src/adapters/clock.ts";
import { DEFAULT_POLICY } from "../../src/domain/compose/classify.ts";
import { Consumer } from "../../src/hear/consume.ts";
import { NO_METER, type Delivery, type Log, type RejectedMessages } from "../../src/ports/index.ts";
import { outgoing, uploads, until } from "../support/servers/broker/bus.ts";
import { CuttableProxy } from "../support/servers/proxy.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";
import { silentLog } from "../support/run/log.ts";
import { PERIODS } from "../support/world/world.ts";

type Outgoing = ReturnType<typeof outgoing>;

interface Scene {
  readonly consumer: Consumer;
  readonly stop: AbortController;
  readonly giveUp: AbortController;
  readonly proxy: CuttableProxy;
  /** Redis goes away, and our client knows: what is asked from then on fails within a second, not by its time-out. */
  readonly cut: () => Promise<void>;
  /** What became of the deliveries, by the channel's name and their number on it. */
  readonly answers: string[];
  /** As a channel would bring it. */
  readonly deliver: (channel: Channel, message: Outgoing, spent?: string) => void;
  readonly rejected: RejectedMessages;
  readonly untilHeld: () => Promise<void>;
}

interface Channel {
  readonly name: string;
  readonly lost: AbortController;
  delivered: number;
}

function channel(name: string): Channel {
  return { name, lost: new AbortController(), delivered: 0 };
}

/** A consumer on a Redis that can be away. */
async function open(t: Test, mostBytes?: number): Promise<Scene> {
  const proxy = await CuttableProxy.open(serverUrl("TEST_REDIS_URL"));
  const { keys } = await openTestRedis(t);
  const prefix = keys.format.replace(/:format$/, "");
  const connection = await openRedis(proxy.urlFor(serverUrl("TEST_REDIS_URL")), prefix, silentLog);
  t.teardown(async () => {
    connection.abandon();
    await proxy.close();
  });
  let isHeld = false;
  const log: Log = {
    ...silentLog,
    warn: (_, words) => {
      if (words.startsWith("holding")) isHeld = true;
    },
  };
  const ingester = {
    schedule: redisSchedule(connection, systemClock, PERIODS),
    facts: redisFacts(connection),
    rejected: redisRejected(connection),
    clock: systemClock,
    log,
    meter: NO_METER,
    periods: PERIODS,
    policy: DEFAULT_POLICY,
    environments: ["prod"],
  };
  const [stop, giveUp] = [new AbortController(), new AbortController()];
  const consumer = new Consumer(ingester, { stop: stop.signal, giveUp: giveUp.signal }, null, mostBytes);
  const answers: string[] = [];
  const deliver = (on: Channel, { topic, messageId, headers, body }: Outgoing, spent?: string): void => {
    on.delivered += 1;
    const name = `${on.name}${on.delivered}`;
    const delivery: Delivery = {
      message: { topic, messageId, headers, body, arrivedAt: Date.now() },
      lost: on.lost.signal,
      spent: spent ?? null,
      ackUpTo: () => answers.push(`ack ${name}`),
      giveBack: () => answers.push(`back ${name}`),
    };
    consumer.deliver(delivery);
  };
  const untilHeld = (): Promise<void> => until("it holds", () => Promise.resolve(isHeld));
  const cut = async (): Promise<void> => {
    const gone = once(connection.redis, "close");
    proxy.cut();
    await gone;
  };
  return { consumer, stop, giveUp, proxy, cut, answers, deliver, rejected: ingester.rejected, untilHeld };
}

/** Understood, and of no interest: it needs no Redis. */
const NEEDS_NO_REDIS = outgoing("fedimg.image.publish", {
  compose: "Fedora-Rawhide-20261124.n.0",
  destination: "us-east-1",
  service: "EC2",
  status: "started",
  extra: { id: "ami-0aaaaaaaaaaaaaaaa" },
});

t.test("after it gave up for a Redis that is away, nothing is acknowledged, whatever still comes", async (t) => {
  const { consumer, stop, giveUp, cut, answers, deliver, untilHeld } = await open(t);
  const bus = channel("a");
  await cut();
  for (const message of uploads(50)) deliver(bus, message);
  await untilHeld();
  stop.abort();
  giveUp.abort();
  await consumer.idle();
  deliver(bus, NEEDS_NO_REDIS);
  await consumer.idle();
  t.same(answers, [], "its acknowledgement would cover the fifty that nobody has");
  t.equal(consumer.heldBytes, 0);
});

t.test("what needs no Redis waits behind what does, and one acknowledgement covers both", async (t) => {
  const { consumer, proxy, cut, answers, deliver, untilHeld } = await open(t);
  const bus = channel("a");
  await cut();
  for (const message of uploads(2)) deliver(bus, message);
  await untilHeld();
  deliver(bus, NEEDS_NO_REDIS);
  t.same(answers, []);
  proxy.mend();
  await consumer.idle();
  t.same(answers.at(-1), "ack a3");
  t.notOk(answers.some((answer) => answer.startsWith("back")));
});

t.test("what a lost channel had delivered is dropped, and nothing of it acknowledged on the next one", async (t) => {
  const { consumer, proxy, cut, answers, deliver, untilHeld } = await open(t);
  await cut();
  const heldAfter: number[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    const bus = channel(name);
    for (const message of uploads(20)) deliver(bus, message);
    await untilHeld();
    heldAfter.push(consumer.heldBytes);
    if (name !== "d") bus.lost.abort();
  }
  const size = uploads(20).reduce((sum, { body }) => sum + body.length, 0);
  await until("only the last channel's are held", () => Promise.resolve(consumer.heldBytes === size));
  proxy.mend();
  await consumer.idle();
  t.same(answers, ["ack d20"]);
  t.ok(Math.max(...heldAfter) <= 4 * size);
});

t.test("more than so many bytes are not held: the broker is asked for no more, and the rest given back", async (t) => {
  const messages = uploads(30);
  const size = messages[0]?.body.length ?? 0;
  const { consumer, proxy, cut, answers, deliver, untilHeld } = await open(t, 10 * size);
  let isOpen = true;
  consumer.useTap({ close: () => (isOpen = false), rest: () => undefined, open: () => (isOpen = true) });
  const bus = channel("a");
  await cut();
  for (const message of messages) deliver(bus, message);
  await untilHeld();
  t.equal(isOpen, false);
  t.ok(consumer.heldBytes <= 11 * size + 100, `${consumer.heldBytes} bytes`);
  const back = answers.filter((answer) => answer.startsWith("back"));
  t.equal(back.length, 30 - consumer.counts.received, "what came on its way is given back");
  const [spent] = uploads(1);
  if (spent !== undefined) deliver(bus, spent, "delivered 3 times");
  t.same(
    answers.filter((answer) => answer.startsWith("back")),
    back,
    "but not what the broker would drop",
  );
  proxy.mend();
  await consumer.idle();
  t.equal(isOpen, true, "and when Redis has taken it, more is asked for");
  t.equal(answers.at(-1), "ack a31");
});

t.test("what a lost channel had is not asked for again before Redis is back, and then it is", async (t) => {
  const { consumer, proxy, cut, answers, deliver, untilHeld } = await open(t);
  const asked: string[] = [];
  const note = (word: string) => () => void asked.push(word);
  consumer.useTap({ close: note("close"), rest: note("rest"), open: note("open") });
  const bus = channel("a");
  await cut();
  for (const message of uploads(5)) deliver(bus, message);
  await untilHeld();
  bus.lost.abort();
  await until("nothing is held", () => Promise.resolve(consumer.heldBytes === 0));
  t.same([...new Set(asked)], ["rest"], "a broker would count each delivery");
  proxy.mend();
  await consumer.idle();
  t.equal(asked.at(-1), "open");
  t.same(answers, []);
});

t.test("what a broker is about to drop is kept as rejected, unworked, with its reason, and acknowledged", async (t) => {
  const { consumer, rejected, answers, deliver } = await open(t);
  const [first, spent, last] = uploads(3);
  if (first === undefined || spent === undefined || last === undefined) throw new Error("three were asked for");
  const bus = channel("a");
  deliver(bus, first);
  deliver(bus, spent, "delivered 3 times");
  deliver(bus, last);
  await consumer.idle();
  t.same(answers, ["ack a3"]);
  t.match(await rejected.page(null, 10), [
    { reason: "delivered 3 times", messageId: spent.messageId, body: spent.body },
  ]);
  t.match(consumer.counts, { new: 2, rejected: 1 });
});
