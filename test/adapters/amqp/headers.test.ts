import t from "tap";
import { propertiesWith, shortText, u16, u32, u64 } from "../../support/servers/broker/frames.ts";
import { amqpConfig, Listener } from "../../support/servers/broker/listener.ts";
import { RawBroker } from "../../support/servers/broker/raw-broker.ts";
import { TABLES } from "../../support/servers/broker/tables.ts";

const BODY = Buffer.from("{}");

t.test("headers that cannot be read count as none, and their message is delivered and acknowledged", async (t) => {
  const broker = await RawBroker.open(t);
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(({ lines }) => lines.length > 0);
  t.same(listener.said("consuming"), [{ queue: "raw", prefetch: 10 }]);
  let count = 0;
  for (const [what, { bytes, isReadable }] of Object.entries(TABLES)) {
    count += 1;
    broker.deliver(propertiesWith(bytes, what), BODY);
    await listener.until(({ delivered }) => delivered.length === count);
    await broker.whenAsked("basic.ack", count);
    const message = listener.delivered.at(-1)?.message;
    t.equal(message?.messageId, what);
    t.equal(message?.body.toString(), "{}", what);
    const sentAt = message?.headers["sent-at"];
    t.equal(sentAt, isReadable ? "2026-11-24T10:00:00+00:00" : undefined, what);
  }
  t.equal(broker.acknowledged, BigInt(count));
  t.equal(broker.connections, 1, "the connection stays");
  const told = listener.said("headers cannot be read, and count as none");
  t.same(
    told.map(({ messageId }) => messageId),
    Object.entries(TABLES).flatMap(([what, { isReadable }]) => (isReadable ? [] : [what])),
  );
});

/** Properties that no table spoils: their flags say more than is there, or something odd. */
const PROPERTIES: Readonly<Record<string, Buffer>> = {
  "every flag, and nothing behind it": u16(0xfffc),
  "flags that go on": Buffer.concat([u16(0x0001), u16(0xffff)]),
  "a message id that is cut short": Buffer.concat([u16(0x0080), Buffer.of(200), Buffer.from("id")]),
  "a table that is longer than the frame, and an id behind it": Buffer.concat([
    u16(0x2080),
    u32(9999),
    shortText("id"),
  ]),
  "a time stamp of 64 bits": Buffer.concat([u16(0x0040), u64(2n ** 64n - 1n)]),
  "a time stamp that is cut short": Buffer.concat([u16(0x0040), u16(1)]),
  "a message id that is no UTF-8": Buffer.concat([u16(0x0080), shortText(Buffer.of(0xff, 0xc0, 0x80))]),
  "no properties at all": u16(0),
};

t.test("properties that are odd or cut short lose no message", async (t) => {
  const broker = await RawBroker.open(t);
  const listener = Listener.start(t, amqpConfig(broker.url));
  await listener.until(({ lines }) => lines.length > 0);
  let count = 0;
  for (const [what, properties] of Object.entries(PROPERTIES)) {
    count += 1;
    broker.deliver(properties, BODY, shortText(Buffer.of(0xff, 0xfe)).subarray(1));
    await listener.until(({ delivered }) => delivered.length === count);
    await broker.whenAsked("basic.ack", count);
    t.same(listener.delivered.at(-1)?.message.headers, {}, what);
  }
  t.equal(broker.connections, 1);
});
