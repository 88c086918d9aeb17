import t from "tap";
import { decode } from "../../src/hear/decode.ts";
import {
  ARRIVED_AT,
  delivered,
  hear,
  reasonOf,
  sample,
  uploadsOf,
  type Sample,
} from "../support/world/inputs/messages.ts";

const COPY = sample("fedimg-copy-arch-2019");
const PUBLISH = sample("fedimg-publish-base-2020");
const UPLOADER = sample("uploader-aws-2024-09-beta");
const PUNGI = sample("pungi-status-2019-cloud");
const WHOLE_SECOND = Math.floor(ARRIVED_AT / 1000) * 1000;

t.test("a region is understood in each of the forms that fedimg wrote, and in no other", (t) => {
  const good = [
    ["us-east-1", "us-east-1"],
    ["EC2 (us-east-1)", "us-east-1"],
    ["EC2-eu-west-1", "eu-west-1"],
    ["EC2 (ap-southeast-3)", "ap-southeast-3"],
    ["us-gov-west-1", "us-gov-west-1"],
  ] as const;
  for (const [destination, region] of good) {
    const uploads = uploadsOf(hear(PUBLISH, { ...PUBLISH.body, destination }));
    t.same(
      uploads.map((upload) => upload.region),
      [region],
      destination,
    );
  }
  const odd = [
    "",
    "somewhere",
    "EC2",
    "EC2-",
    "EC2-east",
    "EC2 ()",
    "EC2 (us-east-1",
    "EC2  (us-east-1)",
    "us-east-1 ",
  ];
  const bad = [
    ...odd,
    "US-EAST-1",
    "us-east-0",
    "us-east-100",
    "us_east_1",
    "us-east-1}:x",
    "us-east-1\n",
    "../us-east-1",
  ];
  for (const destination of bad)
    t.match(
      reasonOf(hear(PUBLISH, { ...PUBLISH.body, destination })),
      / is no EC2 region$/,
      JSON.stringify(destination),
    );
  t.end();
});

t.test("an AMI id is eight or seventeen hexadecimal digits", (t) => {
  const ids = [
    "ami-1234fda",
    "ami-123",
    "ami-",
    "ami-0F4C7283A18ABBC53",
    "ami-0f4c7283a18abbc5g",
    "xami-0f4c7283",
    "i-0f4c7283",
  ];
  for (const id of [...ids, "ami-0f4c7283\n", "ami-0f4c7283a18abbc530", "ami-０f4c7283", "{}"])
    t.match(reasonOf(hear(PUBLISH, { ...PUBLISH.body, extra: { id } })), / is no AMI id$/, JSON.stringify(id));
  for (const id of ["ami-0f4c7283", "ami-0f4c7283a18abbc53"])
    t.equal(uploadsOf(hear(PUBLISH, { ...PUBLISH.body, extra: { id } }))[0]?.amiId, id);
  t.end();
});

t.test("what a message must have and has not is named in the reason", (t) => {
  const rows: readonly (readonly [Sample, string, RegExp])[] = [
    [PUBLISH, "compose", /required property 'compose'/],
    [COPY, "compose_id", /required property 'compose'/],
    [PUBLISH, "destination", /required property 'destination'/],
    [PUBLISH, "extra", /required property 'extra'/],
    [UPLOADER, "compose_id", /required property 'compose_id'/],
    [UPLOADER, "regions", /required property 'regions'/],
    [PUNGI, "compose_id", /required property 'compose_id'/],
  ];
  for (const [message, key, reason] of rows) {
    const body = Object.fromEntries(Object.entries(message.body).filter(([name]) => name !== key));
    t.match(reasonOf(hear(message, body)), reason, `${message.id} without ${key}`);
  }
  t.match(reasonOf(hear(PUBLISH, { ...PUBLISH.body, extra: null })), /extra must be object/);
  t.match(reasonOf(hear(PUBLISH, { ...PUBLISH.body, extra: {} })), /required property 'id'/);
  t.match(reasonOf(hear(PUBLISH, { ...PUBLISH.body, compose: {} })), /required property 'compose_id'/);
  t.match(reasonOf(hear(UPLOADER, { ...UPLOADER.body, regions: {} })), /fewer than 1 properties/);
  t.match(reasonOf(hear(UPLOADER, { ...UPLOADER.body, regions: ["us-east-1"] })), /regions must be object/);
  t.end();
});

t.test("a compose is understood as text, as an object and as compose_id, at any date", (t) => {
  const { compose, ...rest } = PUBLISH.body;
  const forms = [
    { compose },
    { compose: { compose_id: compose } },
    { compose_id: compose },
    { compose, compose_id: compose },
  ];
  for (const form of forms)
    t.equal(uploadsOf(hear(PUBLISH, { ...rest, ...form }))[0]?.composeId, "Fedora-32-20200312.0", JSON.stringify(form));
  t.match(reasonOf(hear(PUBLISH, { ...rest, compose, compose_id: "x" })), /names two composes/);
  for (const text of ["a b", "x:y", "Fedora-{us-east-1}", "../../etc", "x".repeat(129), "é"])
    t.match(reasonOf(hear(PUBLISH, { ...rest, compose: text })), / is no compose id$/, text.slice(0, 20));
  t.end();
});

t.test("one bad region among 22 costs that region, not the other 21", (t) => {
  const regions = UPLOADER.body["regions"] as Record<string, string>;
  const rows: readonly (readonly [string, object, string])[] = [
    ["a malformed id", { ...regions, "us-east-1": "ami-123" }, 'us-east-1: "ami-123" is no AMI id'],
    ["a number", { ...regions, "us-east-1": 42 }, 'us-east-1: "number" is no AMI id'],
    ["null", { ...regions, "us-east-1": null }, 'us-east-1: "object" is no AMI id'],
    ["a list", { ...regions, "us-east-1": ["ami-0a1a3731a749a16db"] }, 'us-east-1: "object" is no AMI id'],
  ];
  for (const [what, mutated, reason] of rows) {
    const heard = hear(UPLOADER, { ...UPLOADER.body, regions: mutated });
    t.equal(uploadsOf(heard).length, 21, what);
    t.same(heard.kind === "uploads" && heard.unreadable, [reason], what);
  }
  const misnamed = hear(UPLOADER, { ...UPLOADER.body, regions: { ...regions, "Moon 1": "ami-0a1a3731a749a16db" } });
  t.equal(uploadsOf(misnamed).length, 22);
  t.same(misnamed.kind === "uploads" && misnamed.unreadable, ['"Moon 1" is no EC2 region']);
  t.end();
});

t.test("an upload's time is the message's own in whole seconds, and never later than its arrival", (t) => {
  const rows = [
    ["2026-01-22T09:00:00+00:00", Date.UTC(2026, 0, 22, 9)],
    ["2026-01-22T10:00:00.999+01:00", Date.UTC(2026, 0, 22, 9)],
    ["2026-11-24T22:00:01Z", WHOLE_SECOND],
    ["2999-01-01T00:00:00Z", WHOLE_SECOND],
    ["yesterday", WHOLE_SECOND],
    ["", WHOLE_SECOND],
    [1769072400, WHOLE_SECOND],
    [null, WHOLE_SECOND],
    [{ "!": "timestamp", value: 1769072400 }, WHOLE_SECOND],
    [undefined, WHOLE_SECOND],
  ] as const;
  for (const [sentAt, uploadedAt] of rows) {
    const headers = sentAt === undefined ? {} : { "sent-at": sentAt };
    const heard = decode(delivered({ ...COPY, headers }, COPY.body), ["prod"]);
    t.equal(uploadsOf(heard)[0]?.uploadedAt, uploadedAt, JSON.stringify({ sentAt }));
  }
  t.end();
});

t.test("only the topics of our bindings are read, whatever stands in the body", (t) => {
  const rows = [
    ["org.fedoraproject.prod.fedora_image_uploader.published.v1.aws", "uploads"],
    ["org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.anything.at.all", "uploads"],
    ["org.fedoraproject.prod.fedora_image_uploader.published.v1.awsome", "ignored"],
    ["org.fedoraproject.prod.fedora_image_uploader.published.v2.aws", "ignored"],
    ["org.fedoraproject.production.fedora_image_uploader.published.v1.aws", "ignored"],
    ["org.fedoraproject.prod", "ignored"],
    ["org.centos.prod.fedora_image_uploader.published.v1.aws", "ignored"],
    ["x.org.fedoraproject.prod.fedora_image_uploader.published.v1.aws", "ignored"],
    ["", "ignored"],
  ] as const;
  for (const [topic, kind] of rows)
    t.equal(decode(delivered({ ...UPLOADER, topic }, UPLOADER.body), ["prod"]).kind, kind, topic);
  for (const kind of ["test", "delete", "upload.x"]) {
    const topic = `org.fedoraproject.prod.fedimg.image.${kind}`;
    t.same(
      decode(delivered({ ...PUBLISH, topic }, PUBLISH.body), ["prod"]),
      { kind: "ignored", because: "topic" },
      kind,
    );
  }
  t.same(hear(PUBLISH, { ...PUBLISH.body, service: "GCE" }), { kind: "ignored", because: "service" });
  t.end();
});

t.test("pungi's label is none, unknown, or as it stands; nothing else of a message is believed", (t) => {
  const { compose_label, compose_type, ...rest } = PUNGI.body;
  t.same([compose_label, compose_type], ["RC-20190611.0", "production"]);
  const rows: readonly (readonly [object, string])[] = [
    [{}, "{}"],
    [{ compose_label: null }, '{"label":null}'],
    [{ compose_label: "" }, '{"label":null}'],
    [{ compose_label: "RC-1.2" }, '{"label":"RC-1.2"}'],
    [{ compose_type: "Nightly" }, '{"type":"Nightly"}'],
    [{ released: true, source: "operator" }, "{}"],
  ];
  for (const [said, expected] of rows) {
    const heard = hear(PUNGI, { ...rest, ...said });
    const [fact] = heard.kind === "facts" ? heard.facts : [];
    const { label, type, released, source } = { label: undefined, type: undefined, released: undefined, ...fact };
    t.equal(JSON.stringify({ type, label, released }), expected, JSON.stringify(said));
    t.equal(source, "pungi");
  }
  t.end();
});
