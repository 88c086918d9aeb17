import t from "tap";
import type { KeepRule } from "../../../src/domain/compose/classify.ts";
import type { Hold } from "../../../src/domain/hold.ts";
import { held, holdEnded } from "../../../src/domain/image/holding.ts";
import { deadlineOf } from "../../../src/domain/image/deadline.ts";
import { STAGES, type Image } from "../../../src/domain/image/image.ts";
import { redecide, type Change } from "../../../src/domain/image/lifecycle.ts";
import { carryOut, VERBS, type Order, type Verb } from "../../../src/domain/image/order.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { imageIn, NOW, PERIODS } from "../../support/world/image.ts";

const HOLD: Hold = { by: "somebody", why: "tests", since: NOW - DAY_MS, until: null };

function ask(image: Image, verb: Verb): ReturnType<typeof carryOut> {
  const order: Order = { verb, by: "tester", why: "a reason", until: null, at: NOW };
  return carryOut(image, order, { periods: PERIODS, now: NOW, composeHold: null });
}

function after(image: Image, change: Change | null): Image {
  return change === null ? image : { ...image, ...change.fields, stage: change.stage };
}

t.test("whatever is asked, what a rule keeps or does not know yet never becomes deletable by it", (t) => {
  const rows = [
    ["kept", "ga", "kept"],
    // What is not decided for good is asked about again: a fact may have come during the hold.
    ["kept", "unresolved", "unresolved"],
    ["unresolved", null, "unresolved"],
  ] as const;
  for (const [from, rule, afterHold] of rows)
    for (const first of VERBS)
      for (const second of VERBS) {
        const begun = after(imageIn(from, { rule }), ask(imageIn(from, { rule }), first).change);
        const asked = after(begun, ask(begun, second).change);
        // EC2 is looked at for the old script's tag; then it is held where it stood.
        const done = asked.stage === "restoring" ? { ...asked, stage: "held" as const } : asked;
        t.not(done.heldFrom, "public", `${from}: ${first}, ${second}`);
        const end = done.stage === "held" ? after(done, holdEnded(done, true, "x", "", PERIODS, NOW)) : done;
        t.equal(
          end.stage,
          done.stage === "held" ? afterHold : from,
          `${from} ${rule ?? ""}: ${first}, ${second}, and the end of the hold`,
        );
      }
  t.end();
});

t.test("no order moves a deadline to an earlier instant", (t) => {
  for (const stage of STAGES)
    for (const verb of VERBS) {
      const image = imageIn(stage, stage === "held" ? { hold: HOLD, heldFrom: "private" } : {});
      const change = ask(image, verb).change;
      t.notOk(change?.fields.deleteAt, `${verb} ${stage}: sets no date`);
      if (change?.wait?.queue === "delete" && stage !== "deleting")
        t.ok(change.wait.wakeAt >= (image.deleteAt ?? Infinity), `${verb} ${stage}: not before its date`);
      if (change?.wait?.queue === "private")
        t.ok(change.wait.wakeAt >= image.privateAt, `${verb} ${stage}: not before its date`);
    }
  t.end();
});

t.test("every answer says what happened and what happens next, in every stage", (t) => {
  for (const stage of STAGES)
    for (const verb of VERBS) {
      const { happened, next } = ask(imageIn(stage), verb);
      t.ok(happened !== "" && next !== "", `${verb} ${stage}: ${happened}; ${next}`);
    }
  t.match(ask(imageIn("kept", { hold: HOLD }), "release"), { change: null, happened: "it was not held" });
  t.end();
});

t.test("a keep that may be decided again does not end a hold, and a final one does", (t) => {
  const image = imageIn("private", { hold: HOLD, heldFrom: "private", stage: "held", token: "claimed" });
  const keep = (rule: KeepRule): Change | null =>
    redecide(image, { kind: "keep", rule, reason: "x" }, PERIODS, NOW, "ingest");
  for (const rule of ["unlabelled", "malformed"] as const) t.equal(keep(rule), null, rule);
  for (const rule of ["released-two-week", "ga", "beta"] as const) t.equal(keep(rule)?.stage, "restoring", rule);
  t.end();
});

t.test("a hold that ends leaves no date of before, and asks for a new notice", (t) => {
  const image = imageIn("private");
  const holding = after(image, held(HOLD, "private"));
  const fields = { noticedAt: null, deleteAt: null, earliestDeleteAt: image.deleteAt, releasedAt: NOW };
  t.match(holdEnded(holding, false, "x", "", PERIODS, NOW), { stage: "private", wait: null, fields });
  t.match(holdEnded(holding, true, "x", "", PERIODS, NOW), { stage: "public", wait: { queue: "private" } });
  t.end();
});

t.test(
  "a hold that ends before the first notice of a second time private leaves the public its whole ten days",
  (t) => {
    // Made private again after an earlier hold, whose three days are over; nobody was told yet.
    const times = { madePrivateAt: NOW, noticedAt: null, deleteAt: null, releasedAt: null };
    const image = imageIn("private", { ...times, earliestDeleteAt: NOW + DAY_MS });
    const paused = after(image, held(HOLD, "private"));
    const change = holdEnded(paused, false, "x", "", PERIODS, NOW + 5 * DAY_MS);
    const noticedAt = NOW + 6 * DAY_MS;
    const event = { what: "released", at: NOW + 5 * DAY_MS } as const;
    t.equal(deadlineOf(after(paused, change), event, noticedAt, PERIODS), noticedAt + PERIODS.deleteAfterMs);
    // A date that stood is not lengthened beyond the three days.
    const dated = after(imageIn("private"), held(HOLD, "private"));
    const again = after(dated, holdEnded(dated, false, "x", "", PERIODS, NOW));
    t.equal(deadlineOf(again, { what: "released", at: NOW }, NOW, PERIODS), NOW + PERIODS.afterHoldMs);
    t.end();
  },
);

t.test("the date that stood before a first hold counts after the second one as well, told between them or not", (t) => {
  const image = imageIn("private", { deleteAt: NOW + 20 * DAY_MS });
  const release = (from: Image, at: number): Image => {
    const paused = after(from, held(HOLD, "private"));
    return after(paused, holdEnded(paused, false, "x", "", PERIODS, at));
  };
  const once = release(image, NOW);
  const noticedAt = NOW + DAY_MS;
  const deleteAt = deadlineOf(once, { what: "released", at: NOW }, noticedAt, PERIODS);
  t.equal(deleteAt, image.deleteAt);
  for (const between of [once, { ...once, noticedAt, deleteAt }]) {
    const twice = release(between, NOW + 2 * DAY_MS);
    const event = { what: "released", at: NOW + 2 * DAY_MS } as const;
    t.equal(deadlineOf(twice, event, NOW + 3 * DAY_MS, PERIODS), image.deleteAt, "not a day earlier, nor later");
    t.equal(
      deadlineOf(twice, event, NOW + 19 * DAY_MS, PERIODS),
      NOW + 19 * DAY_MS + PERIODS.afterHoldMs,
      "and three days from the last notice at least",
    );
  }
  t.end();
});

t.test("an order does not see the image in EC2: looks that missed it before stand", (t) => {
  const missed = { attempts: 3, lastError: "x", missedLooks: 2, missedSince: NOW - 2 * DAY_MS, missedAt: NOW - DAY_MS };
  for (const [stage, verb] of [
    ["held", "release"],
    ["public", "retry"],
  ] as const) {
    const image = imageIn(stage, { ...missed, hold: stage === "held" ? HOLD : null });
    const { change } = ask(image, verb);
    t.ok(change, `${verb} changes something`);
    t.match(after(image, change), { attempts: 0, lastError: "", missedLooks: 2, missedAt: missed.missedAt }, verb);
  }
  t.end();
});
