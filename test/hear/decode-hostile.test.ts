import t from "tap";
import { hear, reasonOf, sample, uploadsOf, type Sample } from "../support/world/inputs/messages.ts";

const PUBLISH = sample("fedimg-publish-base-2020");
const UPLOADER = sample("uploader-aws-2024-09-beta");
const PUNGI = sample("pungi-status-2019-cloud");
const TWO_WEEK = sample("twoweek-complete-2017");

t.test("a __proto__ key is a key like any other, and changes nothing for anybody", (t) => {
  const text = JSON.stringify(UPLOADER.body);
  const polluted = '"__proto__":{"polluted":true,"compose_id":"evil"},';
  const inRegions = hear(UPLOADER, text.replace('"regions":{', '"regions":{"__proto__":"ami-0a1a3731a749a16db",'));
  t.equal(uploadsOf(inRegions).length, 22);
  t.same(inRegions.kind === "uploads" && inRegions.unreadable, ['"__proto__" is no EC2 region']);
  t.equal(uploadsOf(hear(UPLOADER, `{${polluted}${text.slice(1)}`)).length, 22);
  t.match(reasonOf(hear(PUNGI, '{"__proto__":{"compose_id":"Fedora-Cloud-30-20190611.0"}}')), /required property/);
  t.match(
    reasonOf(hear(PUBLISH, '{"compose":{"__proto__":{"compose_id":"x"}},"destination":"us-east-1","extra":{}}')),
    /required/,
  );
  t.equal(({} as Record<string, unknown>)["polluted"], undefined);
  t.end();
});

t.test("a body that is no JSON object in UTF-8 is refused, and the reason says which", (t) => {
  const good = Buffer.from(JSON.stringify(UPLOADER.body));
  const rows: readonly (readonly [string | Buffer, RegExp])[] = [
    [Buffer.concat([good.subarray(0, 40), Buffer.from([0xff]), good.subarray(40)]), /^the body is not UTF-8$/],
    [Buffer.from([0xc3, 0x28]), /^the body is not UTF-8$/],
    [Buffer.from(good.toString(), "utf16le"), /^the body is not/],
    [good.subarray(0, -1), /^the body is not JSON: /],
    ["", /^the body is not JSON: /],
    ["{'compose_id': 1}", /^the body is not JSON: /],
    ["NaN", /^the body is not a JSON object$/],
    ["[]", /^the body is not a JSON object$/],
    ["null", /^the body is not a JSON object$/],
    ['"text"', /^the body is not a JSON object$/],
    ["42", /^the body is not a JSON object$/],
  ];
  for (const [body, reason] of rows) t.match(reasonOf(hear(UPLOADER, body)), reason, String(reason));
  t.end();
});

t.test("absurdly deep JSON is read or refused, and a release at its bottom is still found", (t) => {
  const depth = 100_000;
  const nest = (inner: string): string => `${'{"a":'.repeat(depth)}${inner}${"}".repeat(depth)}`;
  const bottom = hear(TWO_WEEK, nest('{"compose_id":"Fedora-Atomic-26-20171016.0"}'));
  t.match(bottom, { kind: "facts", facts: [{ composeId: "Fedora-Atomic-26-20171016.0", released: true }] });
  for (const message of [PUBLISH, UPLOADER, PUNGI]) t.match(hear(message, nest("1")), { kind: "rejected" });
  t.match(reasonOf(hear(UPLOADER, `${"[".repeat(depth)}${"]".repeat(depth)}`)), "the body is not a JSON object");
  t.end();
});

t.test("however long the texts of a message are, the reason stays short", (t) => {
  const long = "x".repeat(5_000_000);
  const many = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [`k${index}`, { compose_id: `: ${index}` }]),
  );
  const rows: readonly (readonly [Sample, object])[] = [
    [PUBLISH, { ...PUBLISH.body, compose: long }],
    [PUBLISH, { ...PUBLISH.body, image_name: long }],
    [PUBLISH, { ...PUBLISH.body, destination: long }],
    [PUBLISH, { ...PUBLISH.body, extra: { id: long } }],
    [UPLOADER, { ...UPLOADER.body, regions: { [long]: "ami-0a1a3731a749a16db" } }],
    [UPLOADER, { ...UPLOADER.body, architecture: long }],
    [PUNGI, { ...PUNGI.body, compose_label: long }],
    [PUNGI, { ...PUNGI.body, location: long }],
    [TWO_WEEK, { compose_id: long }],
    [TWO_WEEK, many],
  ];
  for (const [message, body] of rows) {
    const reason = reasonOf(hear(message, body));
    t.ok(reason.length > 10 && reason.length < 4_000, `${message.id}: ${reason.slice(0, 100)}`);
  }
  t.end();
});

t.test("a number that only Python writes costs nothing beside it, and is taken for nothing itself", (t) => {
  const body = (size: string, ami: string): string =>
    `{"architecture": "x86_64", "compose_id": "Fedora-Rawhide-20261121.n.0", "image_name": "x", "size": ${size}, "regions": {"us-east-1": ${ami}}}`;
  t.match(hear(UPLOADER, body("NaN", '"ami-0123456789abcdef0"')), { kind: "uploads" });
  t.match(hear(UPLOADER, body("1", "-Infinity")), { kind: "rejected" });
  t.end();
});

t.test("a body of a mebibyte is read, one that is larger is not", (t) => {
  const text = JSON.stringify(UPLOADER.body);
  t.equal(uploadsOf(hear(UPLOADER, text.padEnd(1024 * 1024))).length, 22);
  t.equal(
    reasonOf(hear(UPLOADER, text.padEnd(1024 * 1024 + 1))),
    "the body has 1048577 bytes: more than 1048576 are not read",
  );
  t.end();
});
