import { join } from "node:path";
import t, { type Test } from "tap";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { complaintOf } from "../support/program/complaint.ts";

function load(test: Test, toml: string): Config {
  return loadConfig(join(test.testdir({ "c.toml": toml }), "c.toml"), {});
}

function complaint(test: Test, toml: string): string {
  const told = complaintOf(test, () => load(test, toml));
  return told.replaceAll(/\S*\/c\.toml/g, "FILE");
}

const at = (url: string): string => `amqp_url = "${url}"\n`;

t.test("the options of the broker's address are read in pika's words and ranges", (t) => {
  const url = "amqp://me:pw@broker/v";
  const { amqp } = load(t, at(`${url}?heartbeat=7&connection_attempts=3&retry_delay=0.5`));
  t.match(amqp, { url, heartbeatSeconds: 7, connectionAttempts: 3, retryDelaySeconds: 0.5 });
  t.equal(load(t, at(`${url}?heartbeat=0`)).amqp.heartbeatSeconds, 0, "none is a word of its own");
  const silent = load(t, at(`${url}?heartbeat=&retry_delay=`)).amqp;
  t.notOk("heartbeatSeconds" in silent || "retryDelaySeconds" in silent, "Python's parser drops an empty one");
  t.end();
});

t.test("options that pika knows and that do nothing here are taken and named", (t) => {
  const others =
    "channel_max=9&frame_max=4096&socket_timeout=1.5&stack_timeout=2&blocked_connection_timeout=3&locale=en_US&tcp_options=%7B%7D";
  t.same(load(t, at(`amqp://broker?${others}&heartbeat=5`)).ignoredKeys, [
    "amqp_url?channel_max",
    "amqp_url?frame_max",
    "amqp_url?socket_timeout",
    "amqp_url?stack_timeout",
    "amqp_url?blocked_connection_timeout",
    "amqp_url?locale",
    "amqp_url?tcp_options",
  ]);
  t.end();
});

t.test("an option that is unknown, wrong, given twice, or has its table, is refused without the address", (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["hartbeat=7", /^FILE: amqp_url: unknown option hartbeat: take it out, or use heartbeat, connection_attempts, /],
    ["frameMax=4096", /^FILE: amqp_url: unknown option frameMax: /],
    ["a%0Ab=1", /^FILE: amqp_url: unknown option "a\\nb": /],
    ["heartbeat=soon", /^FILE: amqp_url: option heartbeat="soon": a whole number from 0 to 65535$/],
    ["heartbeat=-1", /^FILE: amqp_url: option heartbeat="-1": /],
    ["heartbeat=1.5", /^FILE: amqp_url: option heartbeat="1\.5": /],
    ["heartbeat=65536", /^FILE: amqp_url: option heartbeat="65536": /],
    ["connection_attempts=0", /^FILE: amqp_url: option connection_attempts="0": a whole number from 1 to 1000000$/],
    ["retry_delay=nan", /^FILE: amqp_url: option retry_delay="nan": a number of seconds from 0 to 86400$/],
    ["frame_max=1", /^FILE: amqp_url: option frame_max="1": a whole number from 4096 to 131072$/],
    ["heartbeat=1&heartbeat=2", /^FILE: amqp_url: option heartbeat is given 2 times: keep one$/],
    ["ssl_options=None", /^FILE: amqp_url: option ssl_options is not read: take it out, and use \[tls\]$/],
    ["client_properties={}", /^FILE: amqp_url: option client_properties is not read: .*\[client_properties\]$/],
  ];
  for (const [option, line] of rows) {
    const told = complaint(t, at(`amqp://me:S3CRET@broker/v?${option}`));
    t.match(told, line, option);
    t.notMatch(told, "S3CRET");
  }
  t.end();
});

t.test("an address without a host is this machine's, and of a path the first part is the virtual host", (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["amqp://?connection_attempts=3&retry_delay=5", "amqp://localhost"],
    ["amqp://", "amqp://localhost"],
    ["amqp://broker/v/", "amqp://broker/v"],
    ["amqp://broker/%2Fa/b", "amqp://broker/%2Fa"],
    ["AMQP://broker", "amqp://broker"],
  ];
  for (const [said, meant] of rows) t.equal(load(t, at(said)).amqp.url, meant, said);
  for (const wrong of ["amqp:broker", "amqp:/broker", "https://broker", "amqp://b:port/"])
    t.equal(complaint(t, at(wrong)), "FILE: amqp_url: an address like amqps://host/vhost", wrong);
  t.end();
});

const queue = (name: string): string =>
  `[queues."${name}"]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {}\n`;
const binding = (exchange: string, name?: string): string =>
  `[[bindings]]\nexchange = "${exchange}"\nrouting_keys = ["#"]\n${name === undefined ? "" : `queue = "${name}"\n`}`;

function heard(test: Test, toml: string): readonly string[] {
  return load(test, toml).amqp.queues.map(
    ({ name, bindings }) => `${name}: ${bindings.map(({ exchange }) => exchange).join(" ")}`,
  );
}

t.test("every queue is heard with its own bindings; a binding without a queue is the only one's", (t) => {
  t.same(heard(t, queue("a") + queue("b") + binding("x", "a") + binding("y", "b") + binding("z", "a")), [
    "a: x z",
    "b: y",
  ]);
  t.same(heard(t, queue("a") + binding("x")), ["a: x"]);
  t.same(heard(t, queue("a")), ["a: amq.topic"], "our topics, where the file binds nothing");
  t.same(heard(t, binding("x")), ["auto: x"]);
  t.same(heard(t, queue("a") + queue("") + binding("x")), ["a: ", ": x"], "there the queue without a name is meant");
  t.same(heard(t, `bindings = []\n${queue("a")}`), ["a: "], "it hears what others bound");
  t.end();
});

t.test("a binding of no queue, two queues of one name, and names that AMQP cannot carry are refused", (t) => {
  const long = "é".repeat(128);
  const rows: readonly (readonly [string, string | RegExp])[] = [
    [
      queue("a") + queue("b") + binding("x"),
      'FILE: bindings: one names no queue, and queues has several ("a", "b"): give each binding its queue',
    ],
    [
      queue("a") + binding("x", "b.c"),
      'FILE: bindings: queue "b.c" is not in queues, which has "a": name one of these, or add [queues."b.c"]',
    ],
    [queue("a") + queue("a"), /^FILE:6:\d+: not TOML: \S/],
    [queue(long), /^FILE: queues and bindings: "é{40}"… is longer than AMQP's 255 bytes: shorten it$/],
    [binding(long), /longer than AMQP's 255 bytes/],
    [binding("x").replace("#", long), /longer than AMQP's 255 bytes/],
    [`queues = {}\n`, /^FILE: queues = \{\}: /],
  ];
  for (const [toml, line] of rows) t.match(complaint(t, toml), line, toml);
  t.end();
});

t.test("client properties say anything but what is ours to say", (t) => {
  const said = 'app = 5\napp_contacts_email = "a@b"\ndeep = { list = [1, "two", { three = true }], at = 1.5 }\n';
  t.same(load(t, `[client_properties]\n${said}`).amqp.clientProperties, {
    app: 5,
    app_contacts_email: "a@b",
    deep: { list: [1, "two", { three: true }], at: 1.5 },
  });
  t.same(load(t, '[client_properties]\napp_contacts_email = ["a@b", "c@d"]\n').amqp.clientProperties, {
    app_contacts_email: ["a@b", "c@d"],
  });
  for (const name of ["product", "version", "information"])
    t.equal(
      complaint(t, `[client_properties]\n${name} = "x"\n`),
      `FILE: client_properties.${name} is reserved, as clean-amis names itself there: take it out, and use app`,
    );
  t.end();
});

t.test("monitoring has a port, an address or all of them; an empty table is none", (t) => {
  const monitoring = (lines: string): string => `[monitoring]\n${lines}`;
  t.equal(load(t, "").monitoring, null);
  const off = load(t, monitoring(""));
  t.same([off.monitoring, off.ignoredKeys], [null, []]);
  t.same(load(t, monitoring("port = 8070")).monitoring, { address: "", port: 8070 });
  const here = load(t, monitoring('address = "::1"\nport = 65535'));
  t.same([here.monitoring, here.ignoredKeys], [{ address: "::1", port: 65535 }, []]);
  const rows: readonly (readonly [string, string | RegExp])[] = [
    ['address = "127.0.0.1"', "FILE: missing key monitoring.port: add one, such as 8070, or take [monitoring] out"],
    ["port = 0", "FILE: monitoring.port = 0: must be >= 1"],
    ["port = 65536", "FILE: monitoring.port = 65536: must be <= 65535"],
    ['port = "8070"', 'FILE: monitoring.port = "8070": a whole number'],
    ['port = 1\naddress = "a b"', /^FILE: monitoring\.address = "a b": .*\(a host or an IP address; empty: all\)$/],
    ["prot = 1", "FILE: unknown key monitoring.prot (known: address, port)"],
  ];
  for (const [lines, line] of rows) t.match(complaint(t, monitoring(lines)), line, lines);
  t.end();
});

t.test("how much is prefetched is in AMQP's range, and not without limit", (t) => {
  const qos = (line: string): string => `[qos]\n${line}\n`;
  t.equal(load(t, qos("prefetch_size = 0\nprefetch_count = 25")).amqp.prefetchCount, 25);
  const rows: readonly (readonly [string, RegExp])[] = [
    ["prefetch_count = 0", /^FILE: qos\.prefetch_count = 0: must be >= 1$/],
    ["prefetch_count = 65536", /^FILE: qos\.prefetch_count = 65536: must be <= 65535/],
    ["prefetch_count = 2.5", /^FILE: qos\.prefetch_count = 2\.5: a whole number such as 250$/],
    ["prefetch_size = 9", /^FILE: qos\.prefetch_size = 9: .*take it out, and set prefetch_count\)$/],
  ];
  for (const [line, told] of rows) t.match(complaint(t, qos(line)), told, line);
  t.end();
});

t.test("keys of the top may stand in capitals, once", (t) => {
  t.equal(load(t, 'AMQP_URL = "amqp://there"\n').amqp.url, "amqp://there");
  const both = 'AMQP_URL = "amqp://there"\namqp_url = "amqp://here"\n';
  t.equal(complaint(t, both), 'FILE: key "amqp_url" is given twice: keep one');
  t.match(complaint(t, "[QOS]\nPREFETCH_COUNT = 1\n"), /^FILE: unknown key qos\.PREFETCH_COUNT \(known: /);
  t.end();
});
