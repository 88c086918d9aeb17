import t from "tap";
import { deadlineOf } from "../../../src/domain/image/deadline.ts";
import type { Change } from "../../../src/domain/image/lifecycle.ts";
import type { Upload } from "../../../src/domain/image/upload.ts";
import { entryOfFound, type Found } from "../../../src/domain/plan/found.ts";
import {
  COMPOSE_TAG,
  HOLD_TAG,
  IMAGE_TAG,
  INTENT_TAG,
  OLD_TAG,
  PRIVATE_AT_TAG,
} from "../../../src/domain/plan/tags.ts";
import { DAY_MS, formatInstant } from "../../../src/domain/time.ts";
import {
  AMI,
  COMPOSE,
  imageIn,
  MADE_PRIVATE_AT,
  NAME,
  NOW,
  PERIODS,
  seen,
  SNAPSHOTS,
} from "../../support/world/image.ts";

const AT = formatInstant(MADE_PRIVATE_AT);
const INTENT = { [INTENT_TAG]: `${AT} all`, [COMPOSE_TAG]: COMPOSE, [IMAGE_TAG]: AMI };
const PRIVATE = { ...INTENT, [PRIVATE_AT_TAG]: AT };
const HELD = { [HOLD_TAG]: "2026-03-01T00:00:00Z by relengbot" };
const FEDIMG = "Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0";

interface Case {
  readonly tags: Readonly<Record<string, string>>;
  readonly isPublic?: boolean;
  readonly name?: string;
  readonly ofSnapshots?: Readonly<Record<string, string>>;
  readonly announced?: readonly string[] | null;
}

function announcement(composeId: string): Upload {
  const uploadedAt = NOW - 3 * DAY_MS;
  return { region: "us-east-1", amiId: AMI, composeId, imageName: null, arch: "x86_64", uploadedAt };
}

function found({ tags, isPublic = false, name = NAME, ofSnapshots = {}, announced = null }: Case): Found {
  const tagged = Object.keys(ofSnapshots).length === 0 ? [] : SNAPSHOTS;
  return {
    region: "us-east-1",
    seen: seen({ tags, isPublic, name }),
    snapshotTags: Object.fromEntries(tagged.map((id) => [id, ofSnapshots])),
    announced: announced?.map(announcement) ?? null,
  };
}

/** What each half state enters as: stage, the stage that a hold pauses, the compose, whether the image itself was taken. */
const CASES: readonly (readonly [what: string, given: Case, stage: string, compose: string, more?: object])[] = [
  ["private, whole", { tags: PRIVATE, ofSnapshots: PRIVATE }, "private", COMPOSE, { taken: true }],
  ["private, and held", { tags: { ...PRIVATE, ...HELD }, ofSnapshots: PRIVATE }, "held", COMPOSE, { from: "private" }],
  ["public, and only meant to be private", { tags: INTENT, isPublic: true }, "public", COMPOSE, { taken: true }],
  ["private, and not read back", { tags: INTENT, ofSnapshots: INTENT }, "public", COMPOSE, { taken: true }],
  [
    "its snapshots alone tagged",
    { tags: {}, isPublic: true, ofSnapshots: INTENT },
    "public",
    COMPOSE,
    { taken: false },
  ],
  [
    "public, held, and being given back",
    { tags: { ...PRIVATE, ...HELD }, isPublic: true, ofSnapshots: PRIVATE },
    ...(["restoring", COMPOSE] as const),
    { from: "public", taken: true },
  ],
  [
    "public after it was private",
    { tags: PRIVATE, isPublic: true },
    "held",
    COMPOSE,
    { from: "public", by: "reconcile" },
  ],
  [
    "meant to be private, and held",
    { tags: { ...INTENT, ...HELD }, isPublic: true },
    "held",
    COMPOSE,
    { from: "public" },
  ],
  ["its time of being private unreadable", { tags: { ...PRIVATE, [PRIVATE_AT_TAG]: "?" } }, "public", COMPOSE],
  ["tags without an intent", { tags: { [COMPOSE_TAG]: COMPOSE } }, "kept", COMPOSE],
  [
    "two composes in its tags",
    { tags: PRIVATE, ofSnapshots: { ...PRIVATE, [COMPOSE_TAG]: "Fedora-1" } },
    "kept",
    "unknown",
  ],
  ["no compose id in its tag", { tags: { ...PRIVATE, [COMPOSE_TAG]: "a b" } }, "kept", "unknown"],
  [
    "the old script's, announced by fedimg",
    { tags: { [OLD_TAG]: "14112022" }, name: FEDIMG, announced: ["Fedora-Cloud-36-20221013.0"] },
    ...(["unresolved", "Fedora-Cloud-36-20221013.0"] as const),
    { taken: true },
  ],
  [
    "the old script's, public again",
    { tags: { [OLD_TAG]: "14112022" }, isPublic: true, name: FEDIMG, announced: ["Fedora-Cloud-36-20221013.0"] },
    ...(["held", "Fedora-Cloud-36-20221013.0"] as const),
    { from: "unresolved", by: "reconcile" },
  ],
  [
    "the old script's, named by nobody",
    { tags: { [OLD_TAG]: "14112022" }, name: FEDIMG, announced: [] },
    "kept",
    "unknown",
    { taken: true },
  ],
  [
    "the old script's, announced with another date",
    { tags: { [OLD_TAG]: "14112022" }, name: FEDIMG, announced: ["Fedora-Cloud-36-20221014.0"] },
    ...(["kept", "unknown"] as const),
  ],
  [
    "the old script's, a Beta's by its name",
    { tags: { [OLD_TAG]: "1" }, name: `Prerelease-${FEDIMG}`, announced: ["Fedora-Cloud-36-20221013.0"] },
    ...(["kept", "unknown"] as const),
  ],
  [
    "the old script's, announced with another version",
    { tags: { [OLD_TAG]: "14112022" }, name: FEDIMG, announced: ["Fedora-Cloud-35-20221013.0"] },
    ...(["kept", "unknown"] as const),
  ],
  [
    "the old script's, announced for two composes",
    {
      tags: { [OLD_TAG]: "14112022" },
      name: FEDIMG,
      announced: ["Fedora-Cloud-36-20221013.0", "Fedora-36-20221013.0"],
    },
    ...(["kept", "unknown"] as const),
  ],
  ["held, announced", { tags: HELD, isPublic: true, announced: [COMPOSE] }, "held", COMPOSE, { from: "unresolved" }],
  ["held, named by nobody", { tags: HELD, isPublic: true, announced: [] }, "held", "unknown", { from: "kept" }],
];

for (const [what, given, stage, compose, more = {}] of CASES) {
  t.test(`found ${what}: ${stage}`, (t) => {
    const entry = entryOfFound(found(given), PERIODS, NOW);
    const fields: Change["fields"] = entry?.entry.fields ?? {};
    t.same([entry?.entry.stage, entry?.upload.composeId], [stage, compose]);
    const { taken, from, by } = more as { taken?: boolean; from?: string; by?: string };
    if (taken !== undefined) t.equal(fields.takenAway?.image, taken);
    if (from !== undefined) t.equal(fields.heldFrom, from);
    if (from !== undefined) t.equal(fields.hold?.by, by ?? "relengbot");
    if (given.tags[HOLD_TAG] !== undefined) t.equal(fields.hold?.until, Date.parse("2026-03-01T00:00:00Z"), "its end");
    t.ok((entry?.entry.privateAt ?? 0) >= NOW, "no deadline in the past");
    t.notOk(fields.deleteAt ?? fields.noticedAt, "nobody was told of it yet");
    t.end();
  });
}

t.test("what was found enters with what its tags say was taken, where that is finished, and for a reason", (t) => {
  const enter = (given: Case) => entryOfFound(found(given), PERIODS, NOW);
  const whole = enter({ tags: PRIVATE, ofSnapshots: PRIVATE })?.entry;
  const taken = { image: true, snapshots: SNAPSHOTS };
  t.match(whole, {
    wait: null,
    fields: { takenAway: taken, madePrivateAt: MADE_PRIVATE_AT, reason: /its tags in EC2/ },
  });
  t.match(whole?.event.details, { gib: "5", snapshots: "2", ec2_name: NAME, taken_away: JSON.stringify(taken) });
  t.match(enter({ tags: INTENT, isPublic: true })?.entry, { wait: { queue: "private", wakeAt: NOW } });
  const both = enter({ tags: { ...INTENT, [OLD_TAG]: "14112022" }, isPublic: true });
  t.match(both?.entry, { stage: "public", wait: { queue: "private" } }, "begun by us, whatever was before");
  const old = enter({ tags: { [OLD_TAG]: "14112022" }, name: FEDIMG, announced: ["Fedora-Cloud-36-20221013.0"] });
  t.match(old?.entry, { wait: { queue: "unresolved", wakeAt: NOW } });
  t.equal(old?.entry.fields.madePrivateAt, null);
  const back = enter({ tags: { ...PRIVATE, ...HELD }, isPublic: true, ofSnapshots: PRIVATE })?.entry;
  t.match(back, { wait: { queue: "restore" }, fields: { becomes: "held", reason: /its tags/, takenAway: taken } });
  t.match(back?.event.details, { until: /^2026-03-01/ });
  const again = enter({ tags: PRIVATE, isPublic: true })?.entry.fields;
  t.match(again, { takenAway: { image: true }, reason: /its tags/ });
  t.equal(again?.madePrivateAt, null);
  t.end();
});

t.test("what was found held and untouched waits from its announcement, and nothing was taken from it", (t) => {
  const held = entryOfFound(found({ tags: HELD, isPublic: true, announced: [COMPOSE] }), PERIODS, NOW);
  t.match(held, { upload: { arch: "x86_64" }, entry: { privateAt: NOW + 2 * DAY_MS } });
  t.equal(held?.entry.fields.takenAway, null);
  const begun = entryOfFound(
    found({ tags: { ...INTENT, ...HELD }, isPublic: true, announced: [COMPOSE] }),
    PERIODS,
    NOW,
  );
  t.equal(begun?.entry.privateAt, NOW, "what was begun is finished at once when the hold is over");
  t.end();
});

t.test("what a doubt keeps has what its tags say was taken, so that a person can have it given back", (t) => {
  const doubtful = (tags: Case["tags"], more: Partial<Case> = {}) =>
    entryOfFound(found({ tags, ...more }), PERIODS, NOW)?.entry.fields;
  t.match(doubtful({ [COMPOSE_TAG]: COMPOSE }), { rule: "unresolved" });
  t.equal(doubtful({ [COMPOSE_TAG]: COMPOSE })?.takenAway, null);
  const contradicted = { ofSnapshots: { ...PRIVATE, [COMPOSE_TAG]: "Fedora-1" } };
  t.match(doubtful(PRIVATE, contradicted), { takenAway: { image: true, snapshots: SNAPSHOTS } });
  t.match(doubtful(HELD, { isPublic: true, announced: [] }), { rule: "unresolved", hold: { by: "relengbot" } });
  t.end();
});

t.test("without an answer of the archive an image whose tags name no compose does not enter", (t) => {
  t.equal(entryOfFound(found({ tags: { [OLD_TAG]: "14112022" }, announced: null }), PERIODS, NOW), null);
  t.end();
});

t.test("the names that fedimg gave agree with their composes, whatever the family", (t) => {
  const rows = [
    ["Fedora-Cloud-Base-Rawhide-20230504.n.0.aarch64-hvm-us-east-1-gp3-0", "Fedora-Rawhide-20230504.n.0"],
    ["Fedora-Atomic-26-20171016.0.x86_64-hvm-us-east-1-gp2-0", "Fedora-Atomic-26-20171016.0"],
    ["Fedora-Atomic-28-20180515.1.x86_64-hvm-us-east-1-gp2-0", "Fedora-28-updates-20180515.1"],
    ["Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0", "Fedora-Cloud-43-20260305.0"],
  ] as const;
  for (const [name, composeId] of rows) {
    const entry = entryOfFound(found({ tags: { [OLD_TAG]: "14112022" }, name, announced: [composeId] }), PERIODS, NOW);
    t.same([entry?.entry.stage, entry?.upload.composeId], ["unresolved", composeId], name);
    const none = entryOfFound(found({ tags: { [OLD_TAG]: "14112022" }, name, announced: [] }), PERIODS, NOW);
    t.match(none?.entry.fields.reason, /by its name it could be of Fedora-/, name);
  }
  const ga = found({ tags: { [OLD_TAG]: "1" }, name: "Fedora-Cloud-Base-28-1.1.x86_64-hvm-x", announced: [COMPOSE] });
  t.equal(entryOfFound(ga, PERIODS, NOW)?.entry.stage, "kept", "a release's name agrees with no nightly");
  t.end();
});

t.test("the notice of what was found again gives it all of its days, and no other event does", (t) => {
  const entry = entryOfFound(found({ tags: PRIVATE, ofSnapshots: PRIVATE }), PERIODS, NOW);
  const fields: Change["fields"] = entry?.entry.fields ?? {};
  t.equal(fields.madePrivateAt, MADE_PRIVATE_AT, "private since its tag says");
  const image = imageIn("private", { ...fields, uploadedAt: NOW, noticedAt: null, deleteAt: null });
  const event = { what: "found-again", at: NOW } as const;
  t.equal(entry?.entry.event.what, "found-again");
  t.equal(deadlineOf(image, event, NOW + DAY_MS, PERIODS), NOW + 11 * DAY_MS);
  t.equal(deadlineOf(image, { ...event, at: NOW - 1000 }, NOW, PERIODS), null, "an earlier finding");
  t.equal(deadlineOf({ ...image, releasedAt: NOW }, event, NOW, PERIODS), null, "released since");
  t.equal(deadlineOf({ ...image, madePrivateAt: NOW + 1000 }, event, NOW, PERIODS), null, "made private anew since");
  t.equal(deadlineOf(image, { what: "made-private", at: NOW }, NOW, PERIODS), null);
  t.end();
});
