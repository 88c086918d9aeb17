import t from "tap";
import type { Decision } from "../../../../src/domain/compose/classify.ts";
import type { Image } from "../../../../src/domain/image/image.ts";
import type { Change } from "../../../../src/domain/image/lifecycle.ts";
import { UNKNOWN_COMPOSE } from "../../../../src/domain/plan/found.ts";
import { identified, isUnknown } from "../../../../src/domain/plan/identify.ts";
import { AMI, COMPOSE, imageIn, NAME, NOW, PERIODS, TAKEN } from "../../../support/world/image.ts";

const DELETE: Decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" };
const KEEP: Decision = { kind: "keep", rule: "ga", reason: "labelled RC-1.1" };
const UNRESOLVED: Decision = { kind: "unresolved", missing: "label", reason: "not known yet" };
const ELSEWHERE = "Fedora-Rawhide-20260123.n.0";

/** What becomes of an image of an unknown compose, in a few words, when a message names its compose. */
function told(image: Image, decision: Decision, composeId = COMPOSE, imageName: string | null = NAME): string {
  const upload = { region: "us-east-1", amiId: AMI, composeId, imageName, arch: "aarch64", uploadedAt: NOW };
  const change: Change | null = identified({ ...image, composeId: UNKNOWN_COMPOSE }, upload, decision, PERIODS, NOW);
  if (change === null) return "nothing";
  return [change.stage, change.wait?.queue, change.event?.what].filter((word) => word !== undefined).join(" ");
}

t.test("an unknown compose is no other one", (t) => {
  t.equal(isUnknown(imageIn("kept", { composeId: UNKNOWN_COMPOSE })), true);
  t.equal(isUnknown(imageIn("kept")), false);
  t.end();
});

t.test("a message whose compose or name is not that of the image in EC2 makes nothing deletable, and may keep", (t) => {
  const kept = imageIn("kept");
  t.equal(told(kept, DELETE), "public private decided");
  for (const decision of [DELETE, UNRESOLVED]) {
    t.equal(told(kept, decision, ELSEWHERE), "nothing", "of another day");
    t.equal(told(kept, decision, COMPOSE, NAME.replace("Rawhide", "44")), "nothing", "announced under another name");
    t.equal(told({ ...kept, imageName: null }, decision), "nothing", "nobody knows its name");
  }
  t.equal(told(kept, KEEP, ELSEWHERE), "kept decided");
  t.equal(told({ ...kept, takenAway: TAKEN }, KEEP, ELSEWHERE), "restoring restore restoring");
  t.end();
});

t.test("what was kept for want of its compose is asked about, and what is kept for good is not", (t) => {
  t.equal(told(imageIn("kept"), UNRESOLVED), "unresolved unresolved scheduled");
  t.equal(told(imageIn("kept", { rule: "conflict" }), UNRESOLVED), "kept");
  t.equal(told(imageIn("kept", { rule: "conflict" }), DELETE), "kept");
  t.equal(told(imageIn("unresolved"), UNRESOLVED), "unresolved unresolved");
  t.equal(told(imageIn("held"), UNRESOLVED), "held held");
  t.equal(told(imageIn("held"), DELETE), "held held");
  t.equal(told(imageIn("restoring"), DELETE), "restoring restore");
  for (const stage of ["public", "private", "deleting", "deleted", "gone"] as const)
    t.equal(told(imageIn(stage), UNRESOLVED), "nothing", stage);
  t.end();
});

t.test("asked about again, it has no rule, and the reason says what is not known", (t) => {
  const image = imageIn("kept", { composeId: UNKNOWN_COMPOSE, attempts: 3, lastError: "x" });
  const upload = { region: "us-east-1", amiId: AMI, composeId: COMPOSE, imageName: NAME, arch: null, uploadedAt: NOW };
  const change = identified(image, upload, UNRESOLVED, PERIODS, NOW);
  t.equal(change?.fields.rule, null);
  t.match(change?.fields, { reason: "not known yet", attempts: 0, lastError: "" });
  t.match(change?.event, { why: "not known yet", details: { stage: "unresolved", rule: "" } });
  t.equal(change?.wait?.wakeAt, NOW);
  t.end();
});
