import t from "tap";
import { whileWanted } from "../../../src/adapters/abandon.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { BusMessage } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { until } from "../../support/servers/broker/bus.ts";
import { method, shortText, u64 } from "../../support/servers/broker/frames.ts";
import { Hearer } from "../../support/servers/broker/hearer.ts";
import { freeze, RawBroker, refuse, reset } from "../../support/servers/broker/raw-broker.ts";

const MESSAGE: BusMessage = {
  id: "4a1c0b5e-52f4-4f1b-8d39-000000000001",
  topic: "clean_amis.image.private",
  schema: "clean_amis.image.private.v1",
  severity: "info",
  sentAt: Date.parse("2026-11-24T08:00:00.750Z"),
  body: { ami: "ami-00000000000000001" },
};

t.test("a message is on the wire as fedora-messaging writes its own", async (t) => {
  const hearer = await Hearer.open(t);
  await hearer.publisher(t, { priority: 3 }).publish({ ...MESSAGE, severity: "warning" });
  const [body] = await hearer.bodies(1);
  t.same(body, MESSAGE.body);
  const [heard] = hearer.heard;
  t.equal(heard?.fields.routingKey, "org.fedoraproject.prod.clean_amis.image.private");
  t.match(heard?.properties, {
    messageId: MESSAGE.id,
    contentType: "application/json",
    contentEncoding: "utf-8",
    deliveryMode: 2,
    priority: 3,
  });
  t.same(heard?.properties.headers, {
    fedora_messaging_schema: "clean_amis.image.private.v1",
    fedora_messaging_schema_package: "clean_amis_messages",
    fedora_messaging_severity: 30,
    "sent-at": "2026-11-24T08:00:00+00:00",
    priority: 3,
  });
});

t.test("a message that nobody hears comes back, is told with the remedy, and harms none that follows", async (t) => {
  const hearer = await Hearer.open(t, ["#.deleted"]);
  const publisher = hearer.publisher(t);
  await t.rejects(publisher.publish(MESSAGE), {
    name: "RefusedError",
    code: "unroutable",
    message:
      /^broker: org\.\S+\.private was not taken by exchange "test-\S+: nobody hears it \(312 NO_ROUTE\): bind a /,
  });
  await publisher.publish({ ...MESSAGE, id: "2", topic: "clean_amis.image.deleted" });
  await hearer.bind("#");
  await publisher.publish(MESSAGE);
  await hearer.bodies(2);
  t.same(
    hearer.heard.map(({ properties }) => properties.messageId as unknown),
    ["2", MESSAGE.id],
  );
});

t.test("a message that a full queue refuses is tried again", async (t) => {
  const hearer = await Hearer.open(t, []);
  await hearer.bind("#", { isFull: true });
  await t.rejects(hearer.publisher(t).publish(MESSAGE), { name: "UpstreamError", code: "nack", message: /is full/ });
});

t.test("an exchange that is not there is named, and its key", async (t) => {
  const hearer = await Hearer.open(t);
  const publisher = hearer.publisher(t, { exchange: "nobody-made-it" });
  const [code, message] = ["404", /NOT_FOUND - no exchange 'nobody-made-it' .*: mend publish_exchange: /];
  await t.rejects(publisher.publish(MESSAGE), { name: "RefusedError", code, message });
  // The channel is gone, and the next message has another.
  await t.rejects(publisher.publish(MESSAGE), { name: "RefusedError", code, message });
});

t.test("what the broker may answer, or not, has its name, and only what a person must mend is refused", async (t) => {
  const rows = [
    [refuse(403, "ACCESS_REFUSED - write to topic refused"), RefusedError, /ask who runs the broker for the right/],
    [refuse(406, "PRECONDITION_FAILED - message size 9 is larger"), RefusedError, /take messages of that size/],
    [refuse(541, "INTERNAL_ERROR"), UpstreamError, /ask who runs the broker: its log says more/],
    [refuse(320, "CONNECTION_FORCED", "connection"), UpstreamError, /CONNECTION_FORCED.*: nothing, if it is back soon/],
    [reset, UpstreamError, /cannot be used/],
  ] as const;
  const hearer = await Hearer.open(t);
  for (const [conduct, type, message] of rows) {
    const broker = await RawBroker.open(t, { "basic.publish": conduct });
    const publisher = hearer.publisher(t, { url: broker.url });
    const error: unknown = await publisher.publish(MESSAGE).catch((thrown: unknown) => thrown);
    t.ok(error instanceof type, String(error));
    t.match(String(error), message);
    t.notMatch(String(error), "guest:guest");
    t.equal(broker.connections, 1);
  }
  await t.rejects(hearer.away(t).publish(MESSAGE), { name: "UpstreamError", code: "ECONNREFUSED" });
});

t.test("who waits for a confirmation that does not come can be given up", async (t) => {
  const broker = await RawBroker.open(t, { "basic.publish": freeze });
  const publisher = (await Hearer.open(t)).publisher(t, { url: broker.url });
  const given = new AbortController();
  const publishing = whileWanted(given.signal, () => publisher.publish(MESSAGE));
  await broker.whenAsked("basic.publish");
  given.abort(new Error("over"));
  await t.rejects(publishing, { name: "UpstreamError" });
});

t.test(
  "a broker that takes nothing for want of memory is told at once, and when it takes messages again",
  async (t) => {
    const broker = await RawBroker.open(t, {
      "basic.publish": (socket) => socket.write(method(0, "10.60", shortText("low on memory"))),
    });
    const lines: string[] = [];
    const say = (data: object, message: string): void => void lines.push(`${message} ${JSON.stringify(data)}`);
    const log = { ...silentLog, info: say, warn: say };
    const publisher = (await Hearer.open(t)).publisher(t, { url: broker.url }, log);
    const given = new AbortController();
    const publishing = whileWanted(given.signal, () => publisher.publish(MESSAGE));
    publishing.catch(() => undefined);
    const isSaid = async (words: RegExp): Promise<void> =>
      until(String(words), () => Promise.resolve(lines.some((line) => words.test(line))));
    await isSaid(/^the broker takes no messages .*low on memory/);
    given.abort(new Error("over"));
    await t.rejects(publishing, {
      message: /takes no messages: low on memory: nothing, if it is rare: .* free memory/,
    });

    broker.conduct["basic.publish"] = (socket, channel) => {
      socket.write(method(0, "10.60", shortText("low on disk")));
      socket.write(method(0, "10.61"));
      socket.write(method(channel, "60.80", u64(1n), Buffer.of(0)));
    };
    await publisher.publish(MESSAGE);
    await isSaid(/^the broker takes messages again/);
  },
);
