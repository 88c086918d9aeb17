import t from "tap";
import type { Image } from "../../../src/domain/image/image.ts";
import { failedCall, publicReason } from "../../../src/domain/plan/public-reason.ts";
import { afterFailure, afterRefusal } from "../../../src/domain/plan/setback.ts";
import { describeSituation, situationIn, situationOf } from "../../../src/domain/plan/situation.ts";
import { imageIn, NOW, TAKEN } from "../../support/world/image.ts";

type Case = readonly [stage: Image["stage"], lastError: string, kind: string | null, done: RegExp, missing: RegExp];

const call = (step: string): string => `permission: ec2: ${step} x-1 in us-east-1: UnauthorizedOperation: no`;

const CASES: readonly Case[] = [
  ["public", call("closeSnapshot"), "half-private", /the image is private/, /snapshots are still public/],
  ["public", call("closeImage"), "half-private", /may be private/, /made private/],
  ["public", "in-use: it is used by i-1", "half-private", /private, or may be/, /all of it/],
  ["public", "", "half-private", /private, or may be/, /all of it/],
  ["deleting", call("deregister"), "begun", /its deletion was begun/, /the image still stands/],
  ["deleting", call("deleteSnapshot"), "deleted-with-leftovers", /the image is deleted/, /snapshots still stand/],
  [
    "deleting",
    "snapshot-kept: ec2: deleteSnapshot snap-1 in us-east-1: NewWord: locked",
    "deleted-with-leftovers",
    /the image is deleted/,
    /snapshots still stand/,
  ],
  [
    "deleting",
    "failed: us-east-1 snap-0a is still in use after its image ami-1 went",
    "deleted-with-leftovers",
    /the image is deleted/,
    /snapshots still stand/,
  ],
  ["deleting", "protection: enabled", "begun", /its deletion was begun/, /may still stand/],
  ["deleting", "", null, /^$/, /^$/],
  ["restoring", call("openImage"), "begun", /giving it back was begun/, /not public yet/],
  ["restoring", call("openSnapshot"), "restored-with-leftovers", /everybody can use/, /still private/],
  ["restoring", call("untag"), "restored-with-leftovers", /everybody can use/, /marks of this service/],
  ["private", call("deregister"), null, /^$/, /^$/],
  ["kept", "", null, /^$/, /^$/],
];

t.test("what stands half done is told by what is done, what is missing and who must act", (t) => {
  for (const [stage, lastError, kind, done, missing] of CASES) {
    const told = situationOf({ stage, takenAway: TAKEN, heldFrom: null, lastError });
    t.equal(told?.kind ?? null, kind, `${stage} ${lastError}`);
    if (told === null) continue;
    t.match(told, { done, missing });
    t.match(describeSituation(told), /; missing: .*; why: .*; to act: /);
  }
  t.equal(situationOf({ stage: "public", takenAway: null, heldFrom: null, lastError: call("tag") }), null, "not begun");
  t.match(situationOf({ stage: "held", takenAway: TAKEN, heldFrom: "public", lastError: "" }), {
    kind: "half-private",
  });
  t.equal(
    situationOf({ stage: "held", takenAway: TAKEN, heldFrom: "private", lastError: "" }),
    null,
    "private as a whole",
  );
  t.end();
});

t.test("an event of a refusal or a failure tells the same as its record", (t) => {
  for (const [stage, lastError] of CASES) {
    const [code = "", ...words] = lastError.split(": ");
    const image = imageIn(stage, { takenAway: TAKEN, attempts: 2 });
    const change =
      code === "failed"
        ? afterFailure(image, words.join(": "), NOW, 1)
        : afterRefusal(image, code as "permission", words.join(": "), NOW);
    if (lastError === "" || change.event === null) continue;
    const event = { ...change.event, id: "1-1", region: "us-east-1", amiId: "ami-1", composeId: "c", imageName: "n" };
    t.same(situationIn(event), situationOf({ ...image, lastError }), lastError);
  }
  t.end();
});

t.test("a reason for the public is a sentence of ours and a code, whoever must act named", (t) => {
  t.same(failedCall(call("tag")), { step: "tag", code: "UnauthorizedOperation" });
  t.same(failedCall("failed: ec2: look: arn:aws:x: y"), { step: "look", code: null });
  t.equal(failedCall("in-use: it is used by i-1"), null);
  t.match(publicReason(call("tag")), {
    why: /refused ec2:CreateTags \(UnauthorizedOperation\)/,
    who: /people who run/,
  });
  t.match(publicReason("failed: socket hang up 10.0.0.1"), {
    why: /^it did not work, as the service's log tells$/,
    who: /nobody/,
  });
  t.match(publicReason("unanswered: not yet heard of it: composeinfo, evil.example"), { why: /from composeinfo$/ });
  for (const text of ["missing: x", "waiting: x", "", "odd: x", "toString: x"])
    t.notMatch(publicReason(text).why, /x$/);
  t.end();
});
