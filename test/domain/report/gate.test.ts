import fc from "fast-check";
import t from "tap";
import { EVENT_KINDS, type ImageEvent } from "../../../src/domain/image/event.ts";
import { STAGES } from "../../../src/domain/image/image.ts";
import { publicReason } from "../../../src/domain/plan/public-reason.ts";
import { situationOf } from "../../../src/domain/plan/situation.ts";
import { shown } from "../../../src/domain/report/gate.ts";
import { renderPost } from "../../../src/domain/report/report.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { holds } from "../../support/random/property.ts";
import { AMI, COMPOSE, NAME, NOW, TAKEN } from "../../support/world/image.ts";

/** What a service may say in an error, and nobody shall read in public. */
const SECRETS = [
  "arn:aws:sts::123456789012:assumed-role/clean-amis/i-0abc",
  "arn:aws-us-gov:iam::210987654321:user/releng",
  "123456789012",
  "ec2.us-east-1.amazonaws.com",
  "ec2.cn-north-1.amazonaws.com.cn:443",
  "https://ec2.us-east-1.amazonaws.com/?Action=ModifyImageAttribute",
  "ip-10-3-2-1.ec2.internal",
  "10.3.2.1",
  "10.3.2.1:8080",
  "http://169.254.169.254/latest/meta-data",
  "fe80:0:0:0:202:b3ff:fe1e:8329",
  "59dbff89-35bd-4eac-99ed-be587EXAMPLE",
  "59dbff89-35bd-4eac-99ed-be5870000000",
  "AKIAIOSFODNN7EXAMPLE",
];
/** What stands in a service's error and is no name of anything, but is not ours either. */
const WORDS = [
  "You are not authorized",
  "on resource:",
  "Encoded authorization failure message: xyz",
  "::",
  "(",
  "\n",
  "|",
];
const STEPS = ["closeImage", "closeSnapshot", "deregister", "deleteSnapshot", "openImage", "untag", "look"];
const CODES = ["UnauthorizedOperation", "RequestLimitExceeded", "InvalidSnapshot.InUse", ...SECRETS];

const said = fc.array(fc.oneof(fc.constantFrom(...SECRETS), fc.constantFrom(...WORDS)), { minLength: 1, maxLength: 6 });
const error = fc
  .tuple(fc.constantFrom(...STEPS, ...SECRETS), fc.constantFrom(...CODES), said, fc.boolean())
  .map(
    ([step, code, words, isEc2]) => `${isEc2 ? "ec2: " : ""}${step} ${AMI} in us-east-1: ${code}: ${words.join(" ")}`,
  );

function isClean(text: string): boolean {
  return (
    SECRETS.every((secret) => !text.includes(secret)) &&
    !text.includes("EXAMPLE") &&
    !/not authorized|Encoded/.test(text)
  );
}

t.test("whatever EC2 says, a report tells a sentence of ours and a code, and nothing of what was said", (t) => {
  const event = fc
    .tuple(fc.constantFrom("refused" as const, "failed" as const), error, fc.constantFrom(...STAGES), fc.boolean())
    .chain(([what, why, stage, isBegun]) =>
      fc.constantFrom("permission", "guard-unusable", "in-use", "arn", "failed").map((code): ImageEvent => ({
        id: "1-1",
        what,
        why,
        at: NOW,
        who: "ticker",
        region: "us-east-1",
        amiId: AMI,
        composeId: COMPOSE,
        imageName: NAME,
        details: { code, stage, ...(isBegun ? { begun: "yes" } : {}) },
      })),
    );
  const isFit = fc.property(
    fc.array(event, { maxLength: 4 }),
    error,
    fc.constantFrom(...STAGES),
    (told, words, stage) => {
      const lastError = `permission: ${words}`;
      const situation = situationOf({ stage, takenAway: TAKEN, heldFrom: null, lastError });
      const row = { region: "us-east-1", amiId: AMI, composeId: COMPOSE, isTold: true };
      const outlook = {
        due: {
          until: NOW,
          regions: 1,
          makePrivate: [],
          deletes: [],
          isCut: false,
          refused: [{ ...publicReason(lastError), images: 1, composeIds: [COMPOSE] }],
          unfinished: situation === null ? [] : [{ ...row, situation }],
        },
        stoppages: [],
      };
      const frame = {
        day: "2026-02-11",
        marker: "m",
        now: NOW,
        deleteAfterMs: 10 * DAY_MS,
        quietSince: null,
        mostRows: 9,
      };
      return isClean(renderPost(told, { ...frame, outlook, repeats: new Map(), replacements: new Map() }));
    },
  );
  holds(t, isFit, { numRuns: 5_000 });
  t.end();
});

t.test("no other event carries a name of AWS', an account, an address or a key into a report", (t) => {
  const texts = fc.array(
    fc.constantFrom(...SECRETS.filter((each) => !each.includes("be587EXAMPLE")), "needed by", "x"),
  );
  const isFit = fc.property(fc.constantFrom(...EVENT_KINDS), texts, (what, words) => {
    const text = words.join(" ");
    const details = { ec2_name: text, by: text, until: text, stage: "kept", rule: "conflict", snapshots: "{}" };
    const base = { id: "1-1", what, at: NOW, who: text, why: text, region: "us-east-1", amiId: AMI, details };
    const frame = {
      day: "2026-02-11",
      marker: "m",
      now: NOW,
      deleteAfterMs: 10 * DAY_MS,
      quietSince: null,
      mostRows: 9,
    };
    const stop = { what: text, why: text, since: null, images: 2, plan: [text] };
    const due = { until: NOW, regions: 1, makePrivate: [], deletes: [], refused: [], unfinished: [], isCut: false };
    const outlook = { due, stoppages: [stop] };
    return isClean(
      renderPost([{ ...base, composeId: text, imageName: text }], {
        ...frame,
        outlook,
        repeats: new Map(),
        replacements: new Map(),
      }),
    );
  });
  holds(t, isFit, { numRuns: 5_000 });
  t.end();
});

t.test("what people need to read stays as it is", (t) => {
  for (const text of [
    NAME,
    COMPOSE,
    AMI,
    "snap-00000000000000001",
    "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20261118.0",
    "CI of cockpit needs it, see https://bugzilla.redhat.com/show_bug.cgi?id=2400000",
    "us-east-1 ami-00000000000000fff: delete, due since 2026-11-24T08:00:00Z",
    "500 images today are the budget max_deletes_per_day",
  ])
    t.equal(shown(text), `\`${text}\``);
  t.end();
});
