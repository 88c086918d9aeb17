import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { DEFAULT_POLICY } from "../../src/domain/compose/classify.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { AUTHORITY, KEY, LOCALHOST } from "../fixtures/certificates.ts";
import { complaintOf } from "../support/program/complaint.ts";

type Environment = Parameters<typeof loadConfig>[1];

const HERE = "http://127.0.0.1:4566";
const SHIPPED = readFileSync(new URL("../../../config.toml", import.meta.url), "utf8");

/** Writes a configuration file; resolves to its path. */
function write(test: Test, toml: string, others: Record<string, string> = {}): string {
  return join(test.testdir({ "c.toml": toml, ...others }), "c.toml");
}

function load(test: Test, toml: string, env: Environment = {}): Config {
  return loadConfig(write(test, toml), env);
}

/** The one line that somebody with this file sees. */
function complaint(test: Test, toml: string, env: Environment = {}, file = write(test, toml)): string {
  return complaintOf(test, () => loadConfig(file, env)).replaceAll(file, "FILE");
}

const own = (toml: string): string => `[consumer_config]\n${toml}`;

t.test("the shipped file loads, changes nothing, and means what it says", (t) => {
  const pems = { "cacert.pem": AUTHORITY, "fedora-key.pem": KEY, "fedora-cert.pem": LOCALHOST };
  const dir = t.testdir(pems);
  const file = join(dir, "c.toml");
  writeFileSync(file, SHIPPED.replaceAll("/etc/fedora-messaging", dir));
  const config = loadConfig(file, {});

  t.match(config, {
    file,
    act: "nothing",
    environments: ["prod"],
    redis: {
      address: { form: "alone", hosts: [{ host: "127.0.0.1", port: 6379 }], database: 0 },
      prefix: "clean-amis",
      durability: "received",
    },
    policy: DEFAULT_POLICY,
    tickEveryMs: MINUTE_MS,
    reportEveryMs: HOUR_MS,
    report: { kind: "log", isPublic: false },
    ignoredKeys: [],
  });
  t.same(config.periods, {
    privateAfterMs: 5 * DAY_MS,
    deleteAfterMs: 10 * DAY_MS,
    afterHoldMs: 3 * DAY_MS,
    unresolvedForMs: 14 * DAY_MS,
    leaseMs: 5 * MINUTE_MS,
  });
  t.same(config.ec2, {
    endpoint: null,
    credentials: null,
    role: null,
    share: 0.5,
    guards: {
      account: "125523088429",
      protectingTags: [
        { key: "clean-amis:hold", values: "any", value: "" },
        { key: "clean-amis:protect", values: "any", value: "" },
        { key: "do-not-delete", values: "any", value: "" },
        { key: "FedoraGroup", values: "others", value: "cloud" },
      ],
      inUse: true,
      recentlyLaunchedMs: 0,
      unusable: "refuse",
    },
  });
  t.same(config.budgets, { maxDeletesPerDay: 500, maxPrivatePerDay: 1000, maxShareOfRegion: 0.2 });
  t.match(config.amqp, {
    url: "amqps://fedora@rabbitmq.fedoraproject.org/%2Fpublic_pubsub",
    passiveDeclares: false,
    prefetchCount: 250,
    queues: [{ name: "auto", durable: false, auto_delete: false, exclusive: false }],
  });
  t.same(Object.values(config.amqp.tls).map(String), [AUTHORITY, KEY, LOCALHOST]);
  t.equal(config.amqp.queues[0]?.bindings[0]?.routing_keys.length, 7);
  t.end();
});

function report(words: string): string {
  return `[consumer_config.report]\n${words}\n`;
}

t.test("a file with nothing but our table has the same defaults as the shipped one", (t) => {
  const { file, amqp, ...rest } = load(t, own(""));
  const shipped = SHIPPED.replace(/\[tls\][^[]*/, "").replace(/\[client_properties\][^[]*/, "");
  const { file: other, amqp: shippedAmqp, ...same } = load(t, shipped);
  t.same(rest, same);
  t.same(amqp, shippedAmqp);
  t.equal(file, other);
  const { file: empty, ...none } = load(t, "");
  t.same(none, { amqp, ...rest }, "nor need our table be there");
  t.equal(empty, file);
  t.end();
});

t.test("keys that nothing here needs are accepted and named; others are refused, and the nearest named", (t) => {
  const python =
    'callback = "x:y"\ntopic_prefix = ""\npublish_exchange = "z"\npublish_priority = 1\n[log_config]\nversion = 1\n' +
    '[exchanges.e]\ntype = "x-delayed-message"\n[monitoring]\nport = 8070\n';
  t.same(load(t, python + own("")).ignoredKeys.toSorted(), [
    "callback",
    "exchanges",
    "log_config",
    "publish_exchange",
    "publish_priority",
    "topic_prefix",
  ]);
  const rows = [
    [`amqp_ulr = "x"\n${own("")}`, "FILE: unknown key amqp_ulr: did you mean amqp_url? (known: amqp_url, "],
    [own('aact = "nothing"'), "FILE: unknown key consumer_config.aact: did you mean act? (known: act, "],
    [
      "[consumer_config.schedule]\nprivate_afer = '5d'",
      "FILE: unknown key consumer_config.schedule.private_afer: did you mean private_after?",
    ],
    ["[consumer_config.ec2]\naccout = '1'", "FILE: unknown key consumer_config.ec2.accout: did you mean account?"],
    [`[tls]\nca_certs = "x"\n${own("")}`, "FILE: unknown key tls.ca_certs: did you mean ca_cert?"],
    [own("zzzzzzzz = 1"), "FILE: unknown key consumer_config.zzzzzzzz (known: act, environments, "],
    [own('"__proto__" = 1'), "FILE: unknown key consumer_config.__proto__ (known: "],
    [own('"a\\nb" = 1'), 'FILE: unknown key consumer_config."a\\nb" (known: '],
  ] as const;
  for (const [toml, line] of rows) {
    const told = complaint(t, toml);
    t.ok(told.startsWith(line), told);
  }
  t.end();
});

t.test("the report's title, size, operators and limits are as the file says", (t) => {
  const words = 'title = "AMIs on {day}"\npart_bytes = 4000\nread_every = "1m"\noperators = ["releng"]';
  const told = load(t, report(`${words}\nobjections_per_day = 3`)).report;
  const expected = { title: "AMIs on {day}", mostBytes: 4000, readEveryMs: 60_000, operators: ["releng"] };
  t.match(told, { ...expected, objectionsPerDay: 3 });
  const title = "Fedora AMIs made private and deleted on {day}";
  t.match(load(t, own("")).report, { title, mostBytes: 60_000, readEveryMs: 300_000, operators: [] });
  t.end();
});

t.test("a value of the wrong kind is named with its key, itself and what is allowed", (t) => {
  const rows: readonly (readonly [string, string | RegExp])[] = [
    [own('act = "everything"'), /^FILE: consumer_config\.act = "everything": .*: one of nothing, private, delete$/],
    [own("act = 1"), 'FILE: consumer_config.act = 1: one of "nothing", "private", "delete"'],
    [own('environments = "prod"'), 'FILE: consumer_config.environments = "prod": a list in [ ] such as ["prod"]'],
    [
      own('environments = ["production"]'),
      /^FILE: consumer_config\.environments\.0 = "production": .*: one of prod, stg, dev$/,
    ],
    [own("environments = []"), /^FILE: consumer_config\.environments = \[\]: .*fewer than 1/],
    [own('redis_prefix = "a:b"'), /^FILE: consumer_config\.redis_prefix = "a:b": .*first word of every key/],
    ["[consumer_config.ec2]\naccount = '12'", /^FILE: consumer_config\.ec2\.account = "12": .*the account that owns/],
    ["[consumer_config.schedule]\nlease = 300", 'FILE: consumer_config.schedule.lease = 300: a duration such as "5m"'],
    [`passive_declares = "no"\n${own("")}`, 'FILE: passive_declares = "no": true or false'],
    [`[qos]\nprefetch_count = 0\n${own("")}`, "FILE: qos.prefetch_count = 0: must be >= 1"],
    [`[queues.q]\ndurable = true\n${own("")}`, "FILE: missing key queues.q.auto_delete"],
    [`[[bindings]]\nqueue = "auto"\n${own("")}`, "FILE: missing key bindings.0.exchange"],
    [
      `[[bindings]]\nqueue = "other"\nexchange = "x"\nrouting_keys = ["#"]\n${own("")}`,
      'FILE: bindings: queue "other" is not in queues, which has "auto"',
    ],
    [report('title = "AMIs"'), /^FILE: consumer_config\.report\.title = "AMIs": .*\{day\} stands for the day/],
    [report("part_bytes = 1000"), "FILE: consumer_config.report.part_bytes = 1000: must be >= 4000"],
    [report('operators = ["a b"]'), /^FILE: consumer_config\.report\.operators\.0 = "a b": must match/],
    [report("objections_per_day = 0"), "FILE: consumer_config.report.objections_per_day = 0: must be >= 1"],
    [report('read_every = "0s"'), 'FILE: consumer_config.report.read_every = "0s": at least 1s'],
    [`amqp_url = "rabbit"\n${own("")}`, "FILE: amqp_url: an address like amqps://host/vhost"],
    [
      own('redis_url = "redis://[::"'),
      "FILE: consumer_config.redis_url: a host cannot be read: an address like redis://host:6379/0",
    ],
    [
      "[consumer_config.ec2]\nendpoint = 'localhost:4566'",
      /^FILE: consumer_config\.ec2\.endpoint = "localhost:4566": an http/,
    ],
    [
      "[consumer_config.sources]\ncompose_host = 'koji'",
      /^FILE: consumer_config\.sources\.compose_host = "koji": an http/,
    ],
  ];
  for (const [toml, line] of rows) t.match(complaint(t, toml), line, toml);
  t.end();
});

t.test("a duration is checked: its form, its length, and that production waits for days", (t) => {
  const schedule = (line: string): string => `[consumer_config.schedule]\n${line}\n`;
  const ec2 = (endpoint: string): string => `[consumer_config.ec2]\nendpoint = "${endpoint}"\n`;
  const bad: readonly (readonly [string, string | RegExp])[] = [
    [
      schedule('private_after = "5 days"'),
      /^FILE: consumer_config\.schedule\.private_after = "5 days": .*\(a whole number and s, m, h or d\)$/,
    ],
    [schedule('lease = "1.5h"'), /^FILE: consumer_config\.schedule\.lease = "1\.5h": /],
    [schedule('lease = "0s"'), 'FILE: consumer_config.schedule.lease = "0s": at least 1s'],
    [schedule('tick_every = "0s"'), 'FILE: consumer_config.schedule.tick_every = "0s": at least 1s'],
    [schedule('report_every = "0m"'), 'FILE: consumer_config.schedule.report_every = "0m": at least 1s'],
    [schedule('unresolved_for = "99999d"'), 'FILE: consumer_config.schedule.unresolved_for = "99999d": at most 3650d'],
    [
      schedule('private_after = "23h"'),
      'FILE: consumer_config.schedule.private_after = "23h": at least 1d, unless consumer_config.ec2.endpoint is on this machine',
    ],
    [schedule('after_hold = "1h"'), /^FILE: consumer_config\.schedule\.after_hold = "1h": at least 1d, unless /],
    [schedule('delete_after = "0d"'), /^FILE: consumer_config\.schedule\.delete_after = "0d": at least 1d/],
    [
      schedule('delete_after = "10s"') + ec2("https://ec2.us-east-1.amazonaws.com"),
      /delete_after = "10s": at least 1d/,
    ],
    [schedule('delete_after = "10s"') + ec2("http://127.0.0.1.evil.example"), /delete_after = "10s": at least 1d/],
    [schedule('delete_after = "10s"') + ec2("http://localhost.evil.example"), /delete_after = "10s": at least 1d/],
    [schedule('delete_after = "10s"') + ec2("http://10.0.0.1"), /delete_after = "10s": at least 1d/],
  ];
  for (const [toml, line] of bad) t.match(complaint(t, toml), line, toml);
  for (const endpoint of [HERE, "http://localhost:1", "http://[::1]:1"]) {
    const short = 'private_after = "5s"\ndelete_after = "10s"\nafter_hold = "3s"';
    const { periods } = load(t, schedule(short) + ec2(endpoint));
    t.match(periods, { privateAfterMs: 5_000, deleteAfterMs: 10_000, afterHoldMs: 3_000 }, endpoint);
  }
  t.equal(load(t, schedule('private_after = "1d"')).periods.privateAfterMs, DAY_MS, "a day is enough");
  t.end();
});

t.test("a file that is not there, or is no TOML, is named with the place and the remedy", (t) => {
  const dir = t.testdir({ folder: {} });
  const absent = join(dir, "absent.toml");
  t.equal(
    complaint(t, "", {}, absent),
    "configuration file FILE does not exist: give its path with --config or FEDORA_MESSAGING_CONF",
  );
  t.match(complaint(t, "", {}, dir), /^configuration file FILE cannot be read \(EISDIR\): give its path/);
  t.match(complaint(t, 'act = "nothing\n'), /^FILE:1:\d+: not TOML: \S/);
  t.match(complaint(t, "a = 1\nb = 2\nc = = 3\n"), /^FILE:3:\d+: not TOML: \S/);
  t.match(complaint(t, own('act = "nothing"\nact = "delete"')), /^FILE:3:\d+: not TOML: \S/);
  t.end();
});
