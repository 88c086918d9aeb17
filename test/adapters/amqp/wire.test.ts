import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { AUTHORITY, KEY, LOCALHOST, OVER } from "../../fixtures/certificates.ts";
import { field, longText } from "../../support/servers/broker/frames.ts";
import { amqpConfig, Listener } from "../../support/servers/broker/listener.ts";
import { RawBroker, reset } from "../../support/servers/broker/raw-broker.ts";

const isHeard = ({ lines }: Listener): boolean => lines.some(({ message }) => message === "consuming");

t.test("bindings are made with passive_declares too, and exchanges are left to others", async (t) => {
  for (const passiveDeclares of [false, true]) {
    const broker = await RawBroker.open(t);
    const bindings = [{ exchange: "amq.topic", routing_keys: ["a.#", "b.#"] }];
    await Listener.start(t, amqpConfig(broker.url, { passiveDeclares, bindings })).until(isHeard);
    t.same(broker.asked.slice(4), ["queue.declare", "queue.bind", "queue.bind", "basic.qos", "basic.consume"]);
  }
});

t.test("product, version and information are ours, and all else is told as it is configured", async (t) => {
  const broker = await RawBroker.open(t);
  const clientProperties = {
    app: "nightlies",
    app_contacts_email: "me@example.org",
    product: "theirs",
    version: "0",
    information: "theirs",
    since: new Date(0),
    odd: [NaN, 1.5, { deep: -Infinity }],
  };
  await Listener.start(t, amqpConfig(broker.url, { clientProperties })).until(isHeard);
  const has = (name: string, text: string): boolean => broker.introduction.includes(field(name, "S", longText(text)));
  for (const [name, text] of [
    ["product", "clean-amis"],
    ["app", "nightlies"],
    ["app_contacts_email", "me@example.org"],
    ["since", "1970-01-01T00:00:00.000Z"],
    ["deep", "-Infinity"],
  ] as const)
    t.ok(has(name, text), name);
  t.notOk(broker.introduction.includes("theirs"));
  t.match(broker.introduction.toString("latin1"), /version(?:S\0\0\0.)\d+\.\d+\.\d+/s);
});

t.test("certificates are read anew at each dial, and trusted whatever the environment says", async (t) => {
  const broker = await RawBroker.open(t, {}, { key: KEY, cert: LOCALHOST });
  const dir = t.testdir({ "ca.pem": OVER });
  const ca = join(dir, "ca.pem");
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  t.teardown(() => delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]);
  const listener = Listener.start(t, amqpConfig(broker.url, { tlsFiles: { ca } }));
  await listener.until(({ pausesMs }) => pausesMs.length > 0);
  t.equal(broker.connections, 0);
  t.match(listener.said("no broker, trying again")[0], { error: /unable to .* certificate.*: mend tls\.ca_cert: / });
  writeFileSync(ca, AUTHORITY);
  await listener.until(isHeard);
});

t.test("a certificate file that is gone for a while is weather", async (t) => {
  const broker = await RawBroker.open(t, {}, { key: KEY, cert: LOCALHOST });
  const ca = join(t.testdir({}), "ca.pem");
  const listener = Listener.start(t, amqpConfig(broker.url, { tlsFiles: { ca } }));
  await listener.until(({ pausesMs }) => pausesMs.length > 0);
  t.match(listener.said("no broker, trying again")[0], { code: "ENOENT", error: /ca\.pem/ });
  writeFileSync(ca, AUTHORITY);
  await listener.until(isHeard);
});

t.test("the log-in is by certificate for amqps with certificate and key, else by password", async (t) => {
  const dir = t.testdir({ "ca.pem": AUTHORITY, "cert.pem": LOCALHOST, "key.pem": KEY });
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) => join(dir, name)) as [string, string, string];
  const mechanismOf = async (broker: RawBroker, tlsFiles: object): Promise<string> => {
    await Listener.start(t, amqpConfig(broker.url, { tlsFiles })).until(isHeard);
    return /EXTERNAL|PLAIN/.exec(broker.introduction.toString("latin1"))?.[0] ?? "";
  };
  const secure = await RawBroker.open(t, {}, { key: KEY, cert: LOCALHOST });
  t.equal(await mechanismOf(secure, { ca, cert, key }), "EXTERNAL");
  t.equal(await mechanismOf(secure, { ca }), "PLAIN");
  t.equal(await mechanismOf(await RawBroker.open(t), { ca, cert, key }), "PLAIN");
});

t.test("a password that needs more than ASCII comes as it was meant", async (t) => {
  const broker = await RawBroker.open(t);
  const url = new URL(broker.url);
  url.password = "pä%25/:@";
  await Listener.start(t, amqpConfig(url.href)).until(isHeard);
  t.ok(broker.introduction.includes("\0guest\0pä%/:@"));
  broker.conduct = { connect: reset };
});
