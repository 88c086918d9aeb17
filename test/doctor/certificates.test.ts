import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { createServer } from "node:tls";
import t, { type Test } from "tap";
import { judgePem } from "../../src/doctor/certificates.ts";
import { AUTHORITY, KEY, LOCALHOST, OVER } from "../fixtures/certificates.ts";
import { openInstallation } from "../support/program/installation.ts";
import { serverUrl } from "../support/servers/redis/redis.ts";

const NOW = Date.parse("2020-12-01T12:00:00Z");
const RENEW = "renew it; for Fedora's public broker install fedora-messaging's newest certificates";

t.test("a certificate tells its days, warns thirty days before its end, and is over at its end", (t) => {
  const rows: readonly (readonly [string, string, string, string | null])[] = [
    ["2020-12-01T12:00:00Z", "ok", "CN=localhost: 30 days left, until 2021-01-01T00:00:00Z", null],
    ["2020-12-02T00:00:00Z", "ok", "CN=localhost: 30 days left, until 2021-01-01T00:00:00Z", null],
    ["2020-12-02T00:00:01Z", "warning", "CN=localhost: 29 days left, until 2021-01-01T00:00:00Z", RENEW],
    ["2020-12-31T23:59:59Z", "warning", "CN=localhost: 0 days left, until 2021-01-01T00:00:00Z", RENEW],
    ["2021-01-01T00:00:00Z", "failure", "CN=localhost: over since 2021-01-01T00:00:00Z", RENEW],
    [
      "2019-12-31T23:59:59Z",
      "failure",
      "CN=localhost: counts only from 2020-01-01T00:00:00Z",
      "set this machine's clock",
    ],
  ];
  for (const [now, state, message, remedy] of rows)
    t.same(judgePem("c", OVER, Date.parse(now)), [{ check: "c", state, message, remedy }], now);
  t.end();
});

t.test("every certificate of a file is judged, and a file that has none is a failure", (t) => {
  const states = (pem: string): readonly string[] =>
    judgePem("c", pem, NOW).map(({ state, message }) => `${state} ${message}`);
  t.match(states(`${AUTHORITY}\nsome words\n${OVER}`), [
    /^ok CN=clean-amis test authority: 36188 days left/,
    /^ok CN=localhost: 30/,
  ]);
  for (const pem of ["", "rubbish", KEY, AUTHORITY.slice(0, 200)])
    t.match(states(pem), [/^failure no certificate in the file/]);
  t.match(states("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), [/^failure not readable: [^\n]+$/]);
  t.end();
});

/** The run's broker behind TLS with this certificate. */
async function behindTls(test: Test, cert: string): Promise<string> {
  const broker = new URL(serverUrl("TEST_AMQP_URL"));
  const server = createServer({ cert, key: KEY }, (client) => {
    const upstream = connect(Number(broker.port), broker.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  // Who does not trust us hangs up in the middle of the greeting.
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.teardown(() => server.close());
  return `amqps://guest:guest@localhost:${(server.address() as AddressInfo).port}/%2F`;
}

t.test("the broker's own certificate is told, also when it keeps us out", async (t) => {
  const place = await openInstallation(t);
  const caFile = join(dirname(place.configFile), "ca.pem");
  writeFileSync(caFile, AUTHORITY);
  const plain = serverUrl("TEST_AMQP_URL");
  const toldBy = async (url: string, tls = `[tls]\nca_cert = "${caFile}"\n`): Promise<readonly string[]> => {
    place.configure([plain, url], ["[queues", `${tls}[queues`]);
    const found = await place.examine();
    return found
      .filter(({ check }) => /broker|certificate/.test(check))
      .map(({ check, state, message }) => `${state} ${check}: ${message}`);
  };
  t.match(await toldBy(await behindTls(t, LOCALHOST)), [
    /^ok certificate tls\.ca_cert: CN=clean-amis test authority: \d+ days left/,
    /^ok broker: RabbitMQ \S+, logged in/,
    /^ok certificate of the broker: CN=localhost: \d+ days left, until 2120-01-01T00:00:00Z$/,
  ]);
  t.match(await toldBy(await behindTls(t, OVER)), [
    /^ok certificate tls\.ca_cert/,
    /^failure certificate of the broker: CN=localhost: over since 2021-01-01T00:00:00Z$/,
    /^failure certificate of the broker: not trusted: .*CERT_HAS_EXPIRED/,
    /^failure broker: broker at amqps:\/\/localhost:\d+\/%2F cannot be used: .*expired/,
  ]);
  t.match(await toldBy(await behindTls(t, LOCALHOST), ""), [
    /^ok certificate of the broker: CN=localhost/,
    /^failure certificate of the broker: not trusted: /,
    /^failure broker: broker at amqps:/,
  ]);
});
