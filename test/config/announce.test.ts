import { join } from "node:path";
import t, { type Test } from "tap";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { risksOf } from "../../src/config/risks.ts";

function load(t: Test, head: string, announce = "on = true"): Config {
  const text = `${head}\n[consumer_config.announce]\n${announce}\n`;
  return loadConfig(join(t.testdir({ "c.toml": text }), "c.toml"), {}, []);
}

t.test("as shipped the bus is told nothing, and what fedora-messaging says of publishing is ignored", (t) => {
  const keys = 'topic_prefix = "x"\npublish_exchange = 5\npublish_priority = "high"';
  const off = load(t, keys, "");
  t.equal(off.announce, null);
  t.same(off.ignoredKeys, ["topic_prefix", "publish_exchange", "publish_priority"]);
  t.end();
});

t.test("what fedora-messaging says of publishing holds where the bus is told", (t) => {
  t.same(load(t, "").announce, { exchange: "amq.topic", topicPrefix: "", priority: null, everyMs: 30_000 });
  const head = 'topic_prefix = "org.fedoraproject.stg."\npublish_exchange = "pub"\npublish_priority = 5';
  const said = load(t, head, 'on = true\nevery = "5s"');
  t.same(said.announce, { exchange: "pub", topicPrefix: "org.fedoraproject.stg.", priority: 5, everyMs: 5000 });
  t.same(said.ignoredKeys, []);
  t.end();
});

t.test("a prefix by which we would hear ourselves, and what no broker takes, is refused with the key", (t) => {
  for (const [head, message] of [
    [
      'topic_prefix = "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws"',
      /topic_prefix .* heard as uploads/,
    ],
    ['topic_prefix = "a..b"', /topic_prefix = "a\.\.b": words with dots/],
    ['topic_prefix = "a.#"', /topic_prefix/],
    ["topic_prefix = 5", /topic_prefix = 5/],
    [`topic_prefix = "${"a".repeat(240)}"`, /topic_prefix is too long/],
    ['publish_exchange = ""', /publish_exchange = ""/],
    ["publish_priority = 256", /publish_priority = 256: a whole number from 0 to 255/],
    ["publish_priority = 1.5", /publish_priority = 1\.5/],
  ] as const)
    t.throws(() => load(t, head), { name: "ConfigError", message }, head);
  t.throws(() => load(t, "", 'every = "0s"'), { message: /announce\.every = "0s": at least 1s/ });
  t.end();
});

t.test("what would not be heard is told as a risk", (t) => {
  const risks = risksOf(load(t, "")).join("\n");
  for (const risk of [/without topic_prefix/, /public broker/, /announce\.on = true with act = "nothing"/])
    t.match(risks, risk);
  const head = 'amqp_url = "amqps://broker/%2Fpubsub"\ntopic_prefix = "org.fedoraproject.prod"';
  t.notMatch(risksOf(load(t, head, 'on = true\n[consumer_config]\nact = "private"')).join("\n"), /announce/);
  t.end();
});

t.test("the queue is bound to the forge's messages on comments only where that is wanted", (t) => {
  const keysOf = (report: string): readonly string[] =>
    loadConfig(join(t.testdir({ "c.toml": `[consumer_config.report]\n${report}\n` }), "c.toml"), {}, [])
      .amqp.queues.flatMap(({ bindings }) => bindings)
      .flatMap((binding) => binding.routing_keys)
      .filter((key) => /comment/.test(key));
  const pagure = 'kind = "pagure"\nrepo = "releng/amis"\n';
  const forgejo = 'kind = "forgejo"\nurl = "https://forge.example.org"\nrepo = "releng/amis"\nhear_comments = true\n';
  t.same(keysOf(pagure), []);
  t.same(keysOf(`${pagure}hear_comments = true`), ["io.pagure.*.pagure.issue.comment.added"]);
  t.same(keysOf("hear_comments = true"), []);
  t.same(keysOf(`${forgejo}[consumer_config.report.also]\nkind = "pagure"\nurl = "https://pagure.io"\nrepo = "amis"`), [
    "org.fedoraproject.*.forgejo.issue_comment",
    "io.pagure.*.pagure.issue.comment.added",
  ]);
  t.end();
});
