import fc from "fast-check";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { EVENT_KINDS, type EventKind, type ImageEvent } from "../../../src/domain/image/event.ts";
import { STAGES } from "../../../src/domain/image/image.ts";
import {
  BULLETIN_KINDS,
  bulletinOf,
  bulletinSchema,
  bulletinTopic,
  soonBulletin,
  type Bulletin,
  type BulletinKind,
} from "../../../src/domain/report/bulletin.ts";
import { sectionOf } from "../../../src/domain/report/sections.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { readTopic } from "../../../src/domain/topics.ts";
import { readSchema } from "../../../src/schema.ts";
import { holds } from "../../support/random/property.ts";
import { AMI, COMPOSE, NAME, NOW } from "../../support/world/image.ts";

const BESIDE = { deleteAfterMs: 10 * DAY_MS, replacement: null };
const ajv = new Ajv2020({ strict: false, validateFormats: false });
const SCHEMAS = Object.fromEntries(
  BULLETIN_KINDS.map((kind) => {
    const schema = readSchema(`${bulletinTopic(kind)}.json`);
    // What a schema does not name is a mistake of ours, though a reader lets it pass.
    return [kind, ajv.compile({ ...schema, unevaluatedProperties: false })];
  }),
) as Record<BulletinKind, ReturnType<typeof ajv.compile>>;

function event(what: EventKind, change: Partial<ImageEvent> = {}): ImageEvent {
  const at = Date.parse("2026-11-24T08:00:00Z");
  const ids = { id: "1-0", region: "us-east-1", amiId: AMI, composeId: COMPOSE, imageName: NAME };
  return { ...ids, what, at, who: "ticker", why: "a nightly compose", details: {}, ...change };
}

function fits({ kind, body }: Bulletin): boolean {
  return SCHEMAS[kind](body) === true;
}

const HEAD = {
  event: "us-east-1/1-0",
  when: "2026-11-24T08:00:00Z",
  region: "us-east-1",
  ami: AMI,
  compose_id: COMPOSE,
  image_name: NAME,
};

/** An event, and what of it the bus is told behind the words that all have; null: nothing. */
const ROWS: readonly (readonly [ImageEvent, BulletinKind | null, Bulletin["severity"], object])[] = [
  [event("scheduled", { details: { stage: "public", rule: "nightly" } }), null, "info", {}],
  [event("noticed"), null, "info", {}],
  [event("deleting"), null, "info", {}],
  [event("restoring"), null, "info", {}],
  [
    event("made-private", { details: { snapshots: "2", gib: "5" } }),
    "private",
    "info",
    { not_deleted_before: "2026-12-04T08:00:00Z", snapshots: 2, gib: 5, again: false, replacement: null },
  ],
  [
    event("found-again"),
    "private",
    "info",
    { not_deleted_before: "2026-12-04T08:00:00Z", snapshots: null, gib: null, again: true, replacement: null },
  ],
  [
    event("deleted", { details: { snapshots: '{"snap-1":"deleted","snap-2":"kept: shared"}', gib: "5" } }),
    "deleted",
    "info",
    { snapshots: { "snap-1": "deleted", "snap-2": "kept: shared" }, gib: 5, replacement: null },
  ],
  [event("restored", { details: { by: "kevin" }, why: "needed" }), "restored", "info", { by: "kevin", why: "needed" }],
  [
    event("held", { who: "kevin", why: "needed", details: { until: "2026-12-24T08:00:00Z" } }),
    "held",
    "info",
    { by: "kevin", why: "needed", until: "2026-12-24T08:00:00Z" },
  ],
  [
    event("held", { details: { until: "no end" } }),
    "held",
    "info",
    { by: "this service", why: "a nightly compose", until: null },
  ],
  [
    event("released", { who: "kevin", details: { from: "private", after_hold_s: "259200" } }),
    "released",
    "info",
    { by: "kevin", why: "a nightly compose", not_deleted_before: "2026-11-27T08:00:00Z" },
  ],
  [
    event("released", { who: "kevin", details: { from: "public", after_hold_s: "259200" } }),
    "released",
    "info",
    { by: "kevin", why: "a nightly compose", not_deleted_before: null },
  ],
  [
    event("refused", { why: "i-0abc uses it", details: { code: "in-use", stage: "public" } }),
    "refused",
    "warning",
    { why: "an instance or a launch template uses it", who_must_act: "whoever uses it", done: null, missing: null },
  ],
  [
    event("failed", { why: "ec2: closeSnapshot snap-1: Busy: no", details: { stage: "public", begun: "yes" } }),
    "refused",
    "warning",
    {
      why: "Amazon EC2 did not do ec2:ModifySnapshotAttribute (Busy)",
      who_must_act: "nobody: it is tried again by itself",
      done: "the image is private",
      missing: "some of its snapshots are still public",
    },
  ],
  [event("altered", { why: "not public" }), "altered", "warning", { why: "not public" }],
  [event("gone", { why: "three looks" }), "gone", "warning", { why: "three looks" }],
  [
    event("decided", { why: "no label", details: { stage: "kept", rule: "unlabelled" } }),
    "kept",
    "warning",
    { why: "no label" },
  ],
];

t.test("each event that the public reads of is told to the bus in the words of its schema, and no other is", (t) => {
  for (const [given, kind, severity, tail] of ROWS) {
    const bulletin = bulletinOf(given, BESIDE);
    t.equal(bulletin?.kind ?? null, kind, given.what);
    if (bulletin === null) continue;
    t.same(bulletin.body, { ...HEAD, ...tail }, given.what);
    t.equal(bulletin.severity, severity, given.what);
    t.ok(fits(bulletin), `${given.what}: ${JSON.stringify(SCHEMAS[bulletin.kind].errors)}`);
  }
  const told = new Set(ROWS.map(([, kind]) => kind));
  for (const kind of BULLETIN_KINDS) t.ok(kind === "private_soon" || told.has(kind), kind);
  t.end();
});

t.test("an image that is to be made private is told with the time before which it is not", (t) => {
  const image = { region: "us-east-1", amiId: AMI, composeId: COMPOSE, imageName: null, privateAt: NOW };
  const bulletin = soonBulletin(image, null);
  const when = new Date(NOW).toISOString().replace(".000Z", "Z");
  t.match(bulletin.body, { event: `us-east-1/${AMI}/${when}`, when, ami: AMI, image_name: null });
  t.ok(fits(bulletin), JSON.stringify(SCHEMAS.private_soon.errors));
  t.end();
});

t.test("whatever stands in an event, its message fits its schema and tells no secret", (t) => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("5", "no end", "{}", '{"a":1,"b":"x"}', "123456789012", "10.1.2.3"),
  );
  const details = fc.record(
    { snapshots: text, gib: text, until: text, by: text, code: text, begun: text, ec2_name: text, after_hold_s: text },
    { noNullPrototype: true, requiredKeys: [] },
  );
  const any = fc.record({
    what: fc.constantFrom(...EVENT_KINDS),
    stage: fc.constantFrom(...STAGES),
    from: fc.constantFrom("private", "public", ""),
    why: text,
    who: text,
    imageName: text,
    composeId: text,
    details,
  });
  holds(
    t,
    fc.property(any, ({ what, stage, from, details: more, ...change }) => {
      const given = event(what, { ...change, details: { ...more, stage, from } });
      const bulletin = bulletinOf(given, BESIDE);
      if ((sectionOf(given) === null) !== (bulletin === null)) return false;
      return bulletin === null || (fits(bulletin) && !/123456789012|10\.1\.2\.3/.test(JSON.stringify(bulletin.body)));
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test("whoever loses an image is told which one to go over to, and by no other message", (t) => {
  const replacement = {
    region: "us-east-1",
    amiId: "ami-0bbbbbbbbbbbbbbb1",
    composeId: "Fedora-Rawhide-20260123.n.0",
    imageName: NAME.replace("20260122", "20260123"),
  };
  const { amiId: ami, composeId: compose_id, imageName: image_name } = replacement;
  const bulletins = [
    ...EVENT_KINDS.map((what) => bulletinOf(event(what), { ...BESIDE, replacement })),
    soonBulletin({ ...replacement, amiId: AMI, privateAt: NOW }, replacement),
  ].filter((bulletin) => bulletin !== null);
  for (const bulletin of bulletins) t.ok(fits(bulletin), JSON.stringify(SCHEMAS[bulletin.kind].errors));
  const led = bulletins.filter(({ body }) => body["replacement"] !== undefined);
  t.same([...new Set(led.map(({ kind }) => kind))], ["private", "deleted", "private_soon"]);
  for (const { body, kind } of led) t.same(body["replacement"], { ami, compose_id, image_name }, kind);
  t.end();
});

t.test("a message of before replacements were told still fits", (t) => {
  const bulletin = bulletinOf(event("made-private"), BESIDE);
  const old = Object.fromEntries(Object.entries(bulletin?.body ?? {}).filter(([name]) => name !== "replacement"));
  t.ok(SCHEMAS.private(old), JSON.stringify(SCHEMAS.private.errors));
  t.end();
});

t.test("we do not hear ourselves", (t) => {
  for (const kind of BULLETIN_KINDS) {
    t.equal(readTopic(`org.fedoraproject.prod.${bulletinTopic(kind)}`)?.event, null);
    t.equal(bulletinSchema(kind), `clean_amis.image.${kind}.v1`);
  }
  t.end();
});
