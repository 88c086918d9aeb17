import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import t from "tap";
import { askedFor, readTopic, routingKeys, topicsOf } from "../../src/domain/topics.ts";
import { readSchema } from "../../src/schema.ts";

interface Binding {
  readonly routing_keys: readonly string[];
}

/** What a routing key of a topic exchange takes: `*` is one word, `.#` any number of further ones. */
function matcherOf(key: string): RegExp {
  const words = key.split(".").map((word) => (word === "*" ? "[^.]+" : word));
  return new RegExp(`^${words.join("\\.").replace("\\.#", "(?:\\..+)?")}$`);
}

const SHIPPED = parse(readFileSync(new URL("../../../config.toml", import.meta.url), "utf8"));
const DEFAULTS = readSchema("config.json") as { properties: { bindings: { default: readonly Binding[] } } };

t.test("the shipped file, and a file that names none, bind the queue to all that is understood and no more", (t) => {
  t.same(
    (SHIPPED["bindings"] as unknown as readonly Binding[]).flatMap((each) => each.routing_keys),
    routingKeys(),
  );
  t.same(
    DEFAULTS.properties.bindings.default.flatMap((each) => each.routing_keys),
    routingKeys(),
  );
  t.end();
});

t.test("what a binding brings is understood, and what no binding brings is not", (t) => {
  const rows: readonly (readonly [string, string | null])[] = [
    ["org.fedoraproject.prod.fedimg.image.upload", "fedimg.image.upload"],
    ["org.fedoraproject.stg.fedimg.image.copy.more", null],
    ["org.fedoraproject.prod.fedimg.image.test", null],
    ["org.fedoraproject.prod.fedora_image_uploader.published.v1.aws", "fedora_image_uploader.published.v1.aws"],
    ["org.fedoraproject.dev.fedora_image_uploader.published.v1.aws.43.x", "fedora_image_uploader.published.v1.aws"],
    ["org.fedoraproject.prod.fedora_image_uploader.published.v1.awsome", null],
    ["org.fedoraproject.prod.pungi.compose.status.change", "pungi.compose.status.change"],
    ["org.fedoraproject.prod.releng.atomic.twoweek.begin", null],
  ];
  const matchers = routingKeys().map(matcherOf);
  for (const [topic, event] of rows) {
    t.equal(readTopic(topic)?.event, event, topic);
    t.equal(
      matchers.some((matcher) => matcher.test(topic)),
      event !== null,
      topic,
    );
  }
  for (const topic of ["", "org.fedoraproject.prod.", "org.centos.prod.fedimg.image.upload"])
    t.equal(readTopic(topic), null, topic);
  t.end();
});

t.test("an archive is asked for whole topics, and for a category where a topic has endings", (t) => {
  t.same(askedFor("uploads", ["prod"]), { categories: ["fedimg", "fedora_image_uploader"] });
  t.same(askedFor("facts", ["prod", "stg"]), {
    topics: [
      "org.fedoraproject.prod.pungi.compose.status.change",
      "org.fedoraproject.prod.releng.atomic.twoweek.complete",
      "org.fedoraproject.stg.pungi.compose.status.change",
      "org.fedoraproject.stg.releng.atomic.twoweek.complete",
    ],
  });
  t.same(topicsOf(["pungi.compose.status.change"], ["dev"]), ["org.fedoraproject.dev.pungi.compose.status.change"]);
  t.end();
});
