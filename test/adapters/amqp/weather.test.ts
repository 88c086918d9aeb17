import t from "tap";
import { amqpConfig, Listener } from "../../support/servers/broker/listener.ts";
import {
  freeze,
  hangUp,
  RawBroker,
  refuse,
  reset,
  type Asked,
  type Conduct,
} from "../../support/servers/broker/raw-broker.ts";
import { method, shortText, u16 } from "../../support/servers/broker/frames.ts";

// Some wait for what never comes.
t.jobs = 8;

const isHeard = ({ lines }: Listener): boolean => lines.some(({ message }) => message === "consuming");

/** What a broker, or a network, does while a connection is made and set up. */
const WEATHER: readonly (readonly [string, "connect" | Asked, Conduct, RegExp])[] = [
  ["resets the connection that it took", "connect", reset, /ECONNRESET|closed abruptly/],
  ["hangs up at once", "connect", hangUp, /closed abruptly/],
  ["says something else", "connect", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), /./],
  ["resets the connection while it is opened", "connection.open", reset, /ECONNRESET|closed abruptly/],
  ["resets the connection at the channel", "channel.open", reset, /ECONNRESET|Unexpected close/],
  ["resets the connection at the queue", "queue.declare", reset, /ECONNRESET|Unexpected close/],
  ["hangs up at the binding", "queue.bind", hangUp, /Unexpected close/],
  ["closes the connection at the channel", "channel.open", refuse(541, "INTERNAL_ERROR", "connection"), /541/],
  ["closes the connection at the prefetch", "basic.qos", refuse(320, "CONNECTION_FORCED", "connection"), /320/],
  ["closes the channel at the consumer", "basic.consume", refuse(403, "ACCESS_REFUSED"), /403/],
  [
    "closes the connection in one breath with opening it",
    "connection.open",
    (socket) => {
      const close = method(0, "10.50", u16(541), shortText("INTERNAL_ERROR"), u16(0), u16(0));
      socket.write(Buffer.concat([method(0, "10.41", shortText("")), close]));
    },
    /541/,
  ],
  [
    "says nonsense in one breath with opening the connection",
    "connection.open",
    (socket) => socket.write(Buffer.concat([method(0, "10.41", shortText("")), Buffer.alloc(20, 7)])),
    /Frame size|Invalid frame|closed/,
  ],
  ["answers with nonsense at the queue", "queue.declare", (socket) => socket.write(Buffer.alloc(20, 7)), /Frame size/],
  ["does not answer at all", "connect", freeze, /ETIMEDOUT|no connection/],
  ["takes the connection and answers nothing more", "queue.declare", freeze, /no answer of the broker within 30s/],
];

for (const [what, when, conduct, reason] of WEATHER)
  t.test(`a broker that ${what} is told, and tried again`, async (t) => {
    const broker = await RawBroker.open(t, { [when]: conduct });
    const listener = Listener.start(t, amqpConfig(broker.url));
    await listener.until(({ pausesMs }) => pausesMs.length >= 1);
    broker.conduct = {};
    await listener.until(isHeard);
    const told = listener.said("no broker, trying again")[0];
    t.match(told, { error: reason, failures: 1 });
    t.match(told?.["error"], /^broker at amqp:\/\/127\.0\.0\.1:\d+\/%2F cannot be used: [^\n]+: [^\n]+$/);
  });

t.test("a connection that dies right after its set-up is tried again after growing pauses", async (t) => {
  const broker = await RawBroker.open(t, {
    "basic.consume": (socket, channel) => {
      socket.write(method(channel, "60.21", shortText("tag")));
      socket.end();
    },
  });
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(({ pausesMs }) => pausesMs.length === 9);
  for (const [index, pauseMs] of listener.pausesMs.entries()) {
    const wholeMs = Math.min(5_000, 500 * 2 ** index);
    t.ok(pauseMs >= wholeMs / 2 && pauseMs <= wholeMs, `${index}: ${pauseMs}`);
  }
});

t.test("a broker that is away at the start is tried for as long as later", async (t) => {
  const broker = await RawBroker.open(t, { connect: reset });
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(({ pausesMs }) => pausesMs.length === 50);
  broker.conduct = {};
  await listener.until(isHeard);
});

t.test("an outage is told once, with each kind of reason once, and so is its end", async (t) => {
  const broker = await RawBroker.open(t);
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(isHeard);
  for (const times of [1, 2]) {
    const refused = refuse(403, "ACCESS_REFUSED - Login was refused", "connection");
    broker.conduct = { "connection.open": refused };
    listener.pausesMs.splice(0);
    broker.dropAll();
    await listener.until(({ pausesMs }) => pausesMs.length === 20);
    broker.conduct = { "connection.open": refuse(541, "INTERNAL_ERROR", "connection") };
    await listener.until(({ pausesMs }) => pausesMs.length === 40);
    broker.conduct = { "connection.open": refused };
    await listener.until(({ pausesMs }) => pausesMs.length === 60);
    broker.conduct = {};
    await listener.until((each) => each.said("broker is back").length === times);
    t.equal(listener.said("broker lost, connecting again").length, times);
    const codes = listener.said("no broker, trying again").map(({ code }) => code);
    t.same(codes, Array.from({ length: times }, () => ["403", "541"]).flat());
    const failures = Number(listener.said("broker is back")[times - 1]?.["failures"]);
    t.ok(failures >= 60, `${failures} failures`);
  }
});

t.test("a bus that rests hears on, asks for none on the next connection, and for more when it may", async (t) => {
  const broker = await RawBroker.open(t);
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(isHeard);
  listener.bus.rest();
  broker.deliver(Buffer.alloc(2), Buffer.from("{}"));
  await listener.until(({ delivered }) => delivered.length === 1);
  broker.dropAll();
  await broker.whenAsked("basic.qos", 2);
  await listener.until((each) => each.said("broker is back").length === 1);
  t.equal(broker.asked.filter((each) => each === "basic.consume").length, 1);
  listener.bus.resume();
  await broker.whenAsked("basic.consume", 2);
});

t.test("the address says how often, how long between, and how a dead connection is noticed", async (t) => {
  const broker = await RawBroker.open(t, { "queue.declare": refuse(404, "NOT_FOUND - no queue 'raw' in vhost '/'") });
  const config = { connectionAttempts: 3, retryDelaySeconds: 7, heartbeatSeconds: 90 };
  const listener = Listener.start(t, amqpConfig(broker.url, config));
  await t.rejects(listener.ended, { service: "amqp", code: "404", message: /no queue 'raw'/ });
  t.same([broker.connections, listener.pausesMs, broker.heartbeat], [3, [7000, 7000], 90]);

  broker.conduct = {};
  const later = Listener.start(t, amqpConfig(broker.url, { ...config, connectionAttempts: 1, heartbeatSeconds: 0 }));
  await later.until(isHeard);
  t.equal(broker.heartbeat, 0);
  broker.conduct = { connect: reset };
  for (let count = 1; count < 4; count += 1) {
    broker.dropAll();
    await later.until(({ pausesMs }) => pausesMs.length >= count);
  }
  broker.conduct = {};
  await later.until(({ lines }) => lines.filter(({ message }) => message === "consuming").length === 2);
});

t.test("a stop ends the bus at once, whatever it waits for", async (t) => {
  for (const when of ["connect", "connection.open", "queue.declare", "basic.consume"] as const) {
    const broker = await RawBroker.open(t, { [when]: freeze });
    const listener = Listener.start(t, amqpConfig(broker.url));
    if (when === "connect") await broker.whenConnected();
    else await broker.whenAsked(when);
    const start = performance.now();
    listener.stop.abort();
    await listener.ended;
    await listener.bus.stopDeliveries();
    await listener.bus.close();
    const tookMs = performance.now() - start;
    t.ok(tookMs < 6000, `${when}: ${tookMs} ms`);
  }
});
