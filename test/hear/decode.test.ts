import t from "tap";
import type { Fact } from "../../src/domain/compose/facts.ts";
import type { Upload } from "../../src/domain/image/upload.ts";
import { decode, type Heard, type IgnoredBecause } from "../../src/hear/decode.ts";
import { ARRIVED_AT, delivered, SAMPLES, type Sample } from "../support/world/inputs/messages.ts";

const ignored = (because: IgnoredBecause): Heard => ({ kind: "ignored", because });
const rejected = (reason: string): Heard => ({ kind: "rejected", reason });

interface Announced {
  readonly compose: string;
  readonly name: string;
  readonly arch: string | null;
  readonly sent: string;
  /** `us-east-1 ami-…`, one a line. */
  readonly images: string;
}

function uploads({ compose, name, arch, sent, images }: Announced): Heard {
  const all = images.trim().split(/\s*\n\s*/);
  const uploads = all.map((line): Upload => {
    const [region = "", amiId = ""] = line.split(" ");
    return { region, amiId, composeId: compose, imageName: name, arch, uploadedAt: Date.parse(sent) };
  });
  return { kind: "uploads", uploads, unreadable: [] };
}

/** What pungi says; the id of the message that said it is filled in from the table. */
function says(composeId: string, fact: Partial<Fact>): Heard {
  const whole: Fact = { composeId, source: "pungi", ...fact, at: ARRIVED_AT, by: "" };
  return { kind: "facts", facts: [whole], unreadable: [] };
}

const KOJI = "kojipkgs.fedoraproject.org/compose";
const NO_AMI = '"ami-1234fda" is no AMI id';
const NIGHTLY_2015 = { location: `http://${KOJI}//rawhide/Fedora-24-20151208.n.7/compose` };
const CLOUD_27 = "Fedora-Cloud-27-20180317.0";
const ATOMIC_27 = { compose: "Fedora-Atomic-27-20180507.0", name: "Fedora-Atomic-27-20180507.0.x86_64" };
const SENT_2018 = "2018-05-07T09:12:44Z";
const BETA_41 = {
  compose: "Fedora-41-20240911.0",
  name: "Fedora-Cloud-Base-AmazonEC2.x86_64-41-Prerelease-1.2",
  arch: "x86_64",
  sent: "2024-09-12T01:55:05Z",
};
const BETA_41_IMAGES = `
  af-south-1 ami-0cc8a1f67b7c1c5f1
  ap-east-1 ami-0035534588bcf26c6
  ap-northeast-1 ami-0a8f87ddd0dd81b86
  ap-northeast-2 ami-0271d3396e8fd47b2
  ap-northeast-3 ami-0ddb62e440d7421c2
  ap-south-1 ami-014f3a3d500eec583
  ap-southeast-1 ami-0565ceee1fae87071
  ap-southeast-2 ami-02a4cef299e6f62e9
  ap-southeast-3 ami-006cf910b9f0d4f35
  ca-central-1 ami-03815b87e17c5af65
  eu-central-1 ami-07f57d366d384c4d8
  eu-north-1 ami-0cc16a6386a73523a
  eu-south-1 ami-0d968c2edb1d2d904
  eu-west-1 ami-096b0e83fe32a74bb
  eu-west-2 ami-0e8bd6f40f6eaeeaf
  eu-west-3 ami-02fcced94b7006d03
  me-south-1 ami-0f1289dd9aa44638a
  sa-east-1 ami-07a5a678b00ccc48a
  us-east-1 ami-0a1a3731a749a16db
  us-east-2 ami-078663b68885f0ae5
  us-west-1 ami-0ea86d67aba82be5a
  us-west-2 ami-01ef26235a840d0d6`;

/** What each message means to a service that listens to every environment, written down by hand. */
const EXPECTED: Readonly<Record<string, Heard>> = {
  "fedimg-upload-started-2014": ignored("status"),
  "fedimg-upload-completed-2014": rejected("body must have required property 'compose'"),
  "fedimg-test-started-2014": ignored("topic"),
  "fedimg-upload-first-shape-2014": ignored("status"),
  "fedimg-upload-started-2016-prefixed": ignored("status"),
  "fedimg-upload-completed-2016-prefixed": rejected(`eu-west-1: ${NO_AMI}`),
  "fedimg-upload-started-2016": ignored("status"),
  "fedimg-upload-completed-2016": rejected(`eu-west-1: ${NO_AMI}`),
  "fedimg-upload-completed-2016-parenthesised": rejected(`us-east-1: ${NO_AMI}`),
  "fedimg-upload-failed-2016-data": ignored("status"),
  "fedimg-upload-failed-2016-noextra": ignored("status"),
  "fedimg-test-started-2016": ignored("topic"),
  "fedimg-test-completed-2016": ignored("topic"),
  "fedimg-test-failed-2016": ignored("topic"),
  "fedimg-upload-started-2018": ignored("status"),
  "fedimg-upload-completed-2018": uploads({
    compose: CLOUD_27,
    name: "Fedora-Cloud-Base-27-20180317.0.x86_64",
    arch: null,
    sent: SENT_2018,
    images: "us-east-1 ami-991999e6",
  }),
  "fedimg-upload-failed-2018": ignored("status"),
  "fedimg-publish-copied-2018-stg": uploads({
    ...ATOMIC_27,
    arch: null,
    sent: SENT_2018,
    images: "eu-west-2 ami-d813f1bf",
  }),
  "fedimg-publish-2019": rejected("body must have required property 'destination'"),
  "fedimg-publish-base-2020": uploads({
    compose: "Fedora-32-20200312.0",
    name: "Fedora-Cloud-Base-32-1.2.x86_64",
    arch: "x86_64",
    sent: "2020-03-12T09:00:00Z",
    images: "us-east-1 ami-0f4c7283a18abbc53",
  }),
  "fedimg-copy-2018": uploads({ ...ATOMIC_27, arch: null, sent: SENT_2018, images: "us-west-2 ami-2e80f656" }),
  "fedimg-copy-arch-2019": uploads({
    compose: "Fedora-Cloud-30-20190611.0",
    name: "Fedora-Cloud-Base-30-20190611.0.x86_64",
    arch: "x86_64",
    sent: SENT_2018,
    images: "us-west-2 ami-2e80f656",
  }),
  "fedimg-dev": ignored("status"),
  "uploader-aws-2024-09-beta": uploads({ ...BETA_41, images: BETA_41_IMAGES }),
  "uploader-aws-schema": rejected('us-east-2: "ami-123" is no AMI id; us-west-1: "ami-321" is no AMI id'),
  "uploader-aws-channel-nightly": uploads({
    compose: "Fedora-Cloud-43-20260122.0",
    name: "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260122.0",
    arch: "x86_64",
    sent: "2026-01-22T09:00:00Z",
    images: "us-east-1 ami-0aaaaaaaaaaaaaaa0\neu-west-1 ami-0bbbbbbbbbbbbbbb0",
  }),
  "uploader-aws-channel-rawhide": uploads({
    compose: "Fedora-Rawhide-20260122.n.0",
    name: "Fedora-Cloud-Base-AmazonEC2.aarch64-Rawhide-20260122.n.0",
    arch: "aarch64",
    sent: "2026-01-22T09:00:00Z",
    images: "us-east-1 ami-0aaaaaaaaaaaaaaa1\neu-west-1 ami-0bbbbbbbbbbbbbbb1",
  }),
  "uploader-aws-channel-rc": uploads({
    compose: "Fedora-42-20250410.0",
    name: "Fedora-Cloud-Base-AmazonEC2.aarch64-42-1.1",
    arch: "aarch64",
    sent: "2026-01-22T09:00:00Z",
    images: "us-east-1 ami-0aaaaaaaaaaaaaaa2\neu-west-1 ami-0bbbbbbbbbbbbbbb2",
  }),
  "uploader-azure": ignored("topic"),
  "uploader-gcp": ignored("topic"),
  "pungi-status-2015-started": says("Fedora-24-20151208.n.7", NIGHTLY_2015),
  "pungi-status-2015-finished": says("Fedora-24-20151208.n.7", NIGHTLY_2015),
  "pungi-status-2015-terminated": says("Fedora-24-20151208.n.7", NIGHTLY_2015),
  "pungi-status-2017-doomed": says("Fedora-Docker-25-20170206.0", {
    location: `http://${KOJI}/Fedora-Docker-25-20170206.0/compose`,
  }),
  "pungi-status-2017-finincomplete": says("Fedora-Rawhide-20170206.n.0", {
    location: `http://${KOJI}/rawhide/Fedora-Rawhide-20170206.n.0/compose`,
  }),
  "pungi-status-2018-started": says("Fedora-28-20180321.n.0", {
    type: "nightly",
    label: null,
    location: `http://${KOJI}/branched/Fedora-28-20180321.n.0/compose`,
  }),
  "pungi-status-2018-rc": says("Fedora-28-20180425.0", {
    type: "production",
    label: "RC-20180425.0",
    location: `https://${KOJI}/28/latest-Fedora-28/compose`,
  }),
  "pungi-status-2019-cloud": says("Fedora-Cloud-30-20190611.0", {
    type: "production",
    label: "RC-20190611.0",
    location: `https://${KOJI}/cloud/Fedora-Cloud-30-20190611.0/compose`,
  }),
  "pungi-phase-start": ignored("topic"),
  "pungi-phase-stop": ignored("topic"),
  "pungi-fail-to-start": ignored("topic"),
  "twoweek-begin-2018": ignored("topic"),
  "twoweek-complete-2018": says("Fedora-Atomic-28-20180515.1", { released: true }),
  "twoweek-begin-2015": ignored("topic"),
  "twoweek-complete-2015": ignored("names-no-compose"),
  "twoweek-complete-2017": says("Fedora-Atomic-26-20171016.0", { released: true }),
  "datagrepper-raw-item": says("Fedora-Atomic-25-20170206.0", {
    location: `http://${KOJI}/twoweek/Fedora-Atomic-25-20170206.0/compose`,
  }),
  "datagrepper-raw-item-now": uploads({
    compose: "Fedora-Rawhide-20191109.n.0",
    name: "Fedora-Cloud-Base-Rawhide-20191109.n.0.x86_64",
    arch: "x86_64",
    sent: "2019-11-09T10:00:00Z",
    images: "us-east-1 ami-0f4c7283a18abbc53",
  }),
  "datagrepper-v2-item": uploads({ ...BETA_41, images: "us-east-1 ami-0a1a3731a749a16db" }),
};

/** The message inside an archive's envelope, taken out by hand; others are as the bus brings them. */
function unwrapped({ id, topic, headers, body, message_id }: Sample): Sample {
  const inner = (body["msg"] ?? (id === "datagrepper-v2-item" ? body["body"] : body)) as Sample["body"];
  const outer = inner === body ? headers : ((body["headers"] ?? {}) as Sample["headers"]);
  return { id, topic, headers: outer, body: inner, ...(message_id === undefined ? {} : { message_id }) };
}

/** What was heard, with our own name for each message put in and long reasons cut to what the table states. */
function heardOf(message: Sample, environments: readonly string[], expected: Heard): Heard {
  const heard = decode(delivered(message, message.body), environments);
  if (heard.kind === "rejected" && expected.kind === "rejected")
    return heard.reason.startsWith(expected.reason) ? expected : heard;
  if (heard.kind !== "facts") return heard;
  const by = message.message_id ?? message.id;
  return { ...heard, facts: heard.facts.map((fact) => (fact.by === by ? { ...fact, by: "" } : fact)) };
}

t.test("every message of ten years means what a person wrote down for it", (t) => {
  t.same(Object.keys(EXPECTED).sort(), SAMPLES.map(({ id }) => id).sort(), "all of them");
  for (const each of SAMPLES.map(unwrapped)) {
    const expected = EXPECTED[each.id] ?? ignored("topic");
    t.strictSame(heardOf(each, ["prod", "stg", "dev"], expected), expected, each.id);
  }
  t.end();
});

t.test("a service for production ignores staging and development, and hears production as it is", (t) => {
  const counts = { ours: 0, others: 0 };
  for (const each of SAMPLES.map(unwrapped)) {
    const isOurs = each.topic.startsWith("org.fedoraproject.prod.");
    counts[isOurs ? "ours" : "others"] += 1;
    const expected = isOurs ? (EXPECTED[each.id] ?? ignored("topic")) : ignored("environment");
    t.strictSame(heardOf(each, ["prod"], expected), expected, each.id);
  }
  t.same(counts, { ours: 37, others: 12 });
  t.end();
});
