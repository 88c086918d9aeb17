import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { brokerCheckup } from "../../../src/adapters/amqp/checkup.ts";
import type { AmqpConfig } from "../../../src/config/amqp.ts";
import { onFreePorts } from "../../../src/demo/servers/ports.ts";
import type { BrokerNode } from "../../../src/demo/servers/rabbitmq.ts";
import { consoleOfRun, type BrokerConsole } from "../../support/servers/broker/broker-console.ts";
import { Authority, type Wanted } from "../../support/servers/certificates.ts";
import { amqpConfig, Listener, type OfBus } from "../../support/servers/broker/listener.ts";

const DAY_MS = 86_400_000;
const OVER = { from: Date.now() - 2 * DAY_MS, until: Date.now() - DAY_MS };
const TO_COME = { from: Date.now() + DAY_MS, until: Date.now() + 2 * DAY_MS };

const isHeard = ({ lines }: Listener): boolean => lines.some(({ message }) => message === "consuming");

/** The files of both ends, which are read anew at each connection. */
class Files {
  readonly #dir: string;

  constructor(t: Test) {
    this.#dir = t.testdir({});
  }

  path(name: string): string {
    return join(this.#dir, name);
  }

  authority(name: string, { cert }: Authority): void {
    writeFileSync(this.path(name), cert);
  }

  identity(name: string, authority: Authority, wanted: Partial<Wanted> = {}): void {
    const { cert, key } = authority.issue(wanted);
    writeFileSync(this.path(`${name}.pem`), cert);
    writeFileSync(this.path(`${name}.key`), key);
  }
}

/** The run's broker, spoken to over TLS, with a log-in by certificate alone; resolves to its port. */
async function listenSecurely(console: BrokerConsole, files: Files): Promise<number> {
  const { home } = JSON.parse(process.env["TEST_AMQP_NODE"] ?? "{}") as BrokerNode;
  const plugins = join(home, "enabled_plugins");
  writeFileSync(plugins, "[rabbitmq_auth_mechanism_ssl].\n");
  await console.ask(`rabbit_plugins:ensure("${plugins}")`);
  const options = [
    ...[`{cacertfile, "${files.path("clients.pem")}"}`, `{certfile, "${files.path("broker.pem")}"}`],
    ...[`{keyfile, "${files.path("broker.key")}"}`, "{verify, verify_peer}", "{fail_if_no_peer_cert, true}"],
  ];
  await console.ask("application:set_env(rabbit, auth_mechanisms, ['PLAIN', 'AMQPLAIN', 'EXTERNAL'])");
  await console.ask(`application:set_env(rabbit, ssl_options, [${options.join(", ")}])`);
  return onFreePorts(1, async (port = 0) => {
    // It ends with the run.
    const listener = `{"127.0.0.1", ${port}}`;
    await console.ask(`ok = rabbit_networking:start_ssl_listener(${listener}, rabbit_networking:ensure_ssl(), 2)`);
    return port;
  });
}

/** What both ends have, and whom the broker knows by the certificate's name. */
async function openSecure(t: Test, console: BrokerConsole) {
  const [files, ours, strange] = [new Files(t), new Authority("ours"), new Authority("strange")];
  const subject = `us-${randomUUID().slice(0, 8)}`;
  files.authority("ca.pem", ours);
  files.authority("clients.pem", ours);
  files.identity("broker", ours);
  files.identity("us", ours, { subject });
  const user = `CN=${subject}`;
  await console.addUser(user, randomUUID());
  t.teardown(() => console.deleteUser(user));
  await console.permit(user, [".*", ".*", ".*"]);
  const port = await listenSecurely(console, files);
  const tlsFiles = { ca: files.path("ca.pem"), cert: files.path("us.pem"), key: files.path("us.key") };
  const config = (more: OfBus = {}): AmqpConfig =>
    amqpConfig(`amqps://127.0.0.1:${port}/%2F`, { tlsFiles, retryDelaySeconds: 1, ...more });
  const forget = (): Promise<string> => console.ask("ssl:clear_pem_cache()");
  return { files, ours, strange, subject, user, config, forget };
}

const skipped = "the broker is another one's: nobody may change how it listens";

t.test(
  "a broker over TLS takes our certificate for the log-in, and each that is wrong is told with what helps",
  async (t) => {
    const console = consoleOfRun(t);
    if (console === null) {
      t.comment(skipped);
      return;
    }
    const { files, ours, strange, subject, config, forget } = await openSecure(t, console);
    const look = (more: OfBus = {}) => brokerCheckup(config(more)).look([], null);
    t.match(await look(), { product: /^RabbitMQ / });

    const theirs: readonly (readonly [string, () => void, RegExp])[] = [
      [
        "another host's",
        () => {
          files.identity("broker", ours, { names: ["elsewhere.example"] });
        },
        /altnames.*: mend the host/,
      ],
      [
        "one that is over",
        () => {
          files.identity("broker", ours, OVER);
        },
        /has expired: the broker's certificate, or this/,
      ],
      [
        "one that counts from tomorrow",
        () => {
          files.identity("broker", ours, TO_COME);
        },
        /not yet valid: the broker's cert/,
      ],
      [
        "a stranger's",
        () => {
          files.identity("broker", strange);
        },
        /verify.*: mend tls.ca_cert/,
      ],
    ];
    for (const [what, write, why] of theirs) {
      write();
      await forget();
      await t.rejects(look(), { name: "UpstreamError", message: why }, `theirs is ${what}`);
    }
    files.identity("broker", ours);
    await forget();

    const { ca } = config().tlsFiles;
    const wrong: readonly (readonly [string, () => void, RegExp, OfBus?])[] = [
      [
        "one that is over",
        () => {
          files.identity("us", ours, { subject, ...OVER });
        },
        /alert certificate.*: the broker does not take our/,
      ],
      [
        "one that counts from tomorrow",
        () => {
          files.identity("us", ours, { subject, ...TO_COME });
        },
        /alert .*: the broker does not take our/,
      ],
      [
        "a stranger's",
        () => {
          files.identity("us", strange, { subject });
        },
        /alert unknown ca.*: the broker does not take our/,
      ],
      [
        "of a name that the broker does not know",
        () => {
          files.identity("us", ours);
        },
        /Login was refused.*: the broker takes no log-in by/,
      ],
      [
        "not there",
        () => undefined,
        /(?:CERTIFICATE_REQUIRED|certificate required).*: the broker does not take our/,
        { tlsFiles: { ca: ca ?? "" } },
      ],
      [
        "there with a key that does not fit",
        () => {
          files.identity("us", ours, { subject });
          writeFileSync(files.path("us.key"), ours.issue().key);
        },
        /key values mismatch: mend tls.certfile and tls.keyfile/,
      ],
    ];
    for (const [what, write, why, more] of wrong) {
      write();
      await t.rejects(look(more), { name: "UpstreamError", message: why }, `ours is ${what}`);
    }
    files.identity("us", ours, { subject });
    t.match(await look(), { product: /^RabbitMQ / }, "with the right ones all is well again");
  },
);

t.test("all certificates change while the service hears, and each connection reads them anew", async (t) => {
  const console = consoleOfRun(t);
  if (console === null) {
    t.comment(skipped);
    return;
  }
  const { files, subject, user, config, forget } = await openSecure(t, console);
  const listener = Listener.start(t, config());
  await listener.until(isHeard);

  const next = new Authority("the next");
  files.authority("clients.pem", next);
  files.identity("broker", next);
  await forget();
  await console.closeConnections(user);
  await listener.until(({ pausesMs }) => pausesMs.length >= 4);
  t.match(
    listener.said("no broker, trying again"),
    [{ error: /mend tls.ca_cert/ }],
    "told once: ours are the old ones",
  );
  files.authority("ca.pem", next);
  files.identity("us", next, { subject });
  await listener.until((each) => each.said("broker is back").length === 1);
  t.equal(listener.said("broker lost, connecting again").length, 1);
});
