import t from "tap";
import type { Image } from "../../../src/domain/image/image.ts";
import { QUEUE_OF, type Change } from "../../../src/domain/image/lifecycle.ts";
import type { RefusalCode } from "../../../src/domain/plan/refusal.ts";
import { afterDoubt, afterFailure, afterMiss, afterRefusal, yielded } from "../../../src/domain/plan/setback.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { imageIn, NOW } from "../../support/world/image.ts";

/** The image after a change was written. */
function written(image: Image, change: Change): Image {
  return { ...image, ...change.fields, stage: change.stage };
}

t.test("a setback keeps the stage and every deadline, and moves only the next wake-up", (t) => {
  const deadlines = ["uploadedAt", "privateAt", "madePrivateAt", "noticedAt", "deleteAt", "takenAway"];
  for (const stage of ["public", "private", "deleting", "restoring"] as const) {
    const image = imageIn(stage);
    const changes = [
      afterRefusal(image, "name", "no", NOW),
      afterFailure(image, "away", NOW, 0),
      afterMiss(image, NOW),
    ];
    for (const change of changes) {
      t.equal(change.stage, stage);
      t.equal(change.wait?.queue, QUEUE_OF[stage]);
      t.ok((change.wait?.wakeAt ?? 0) > NOW, `${stage}: wakes later`);
      t.same(
        Object.keys(change.fields).filter((field) => deadlines.includes(field)),
        [],
      );
    }
  }
  t.end();
});

t.test("a refusal is asked again in a day, one that needs other permissions in a week", (t) => {
  const daily = ["account", "state", "name", "protecting-tag", "protection", "age", "block-public-access"] as const;
  const codes: readonly RefusalCode[] = [...daily, "no-private-at", "no-notice"];
  for (const code of codes) t.equal(afterRefusal(imageIn("public"), code, "no", NOW).wait?.wakeAt, NOW + DAY_MS, code);
  t.equal(afterRefusal(imageIn("public"), "permission", "no", NOW).wait?.wakeAt, NOW + 7 * DAY_MS);
  for (const code of ["unanswered", "unreadable"] as const)
    t.equal(afterRefusal(imageIn("public"), code, "no", NOW).wait?.wakeAt, NOW + HOUR_MS, `${code}: it cures itself`);
  t.equal(afterRefusal(imageIn("public", { attempts: 2 }), "name", "no", NOW).fields.attempts, 3);
  for (const code of ["permission", "block-public-access"] as const)
    t.equal(
      afterRefusal(imageIn("restoring"), code, "no", NOW).wait?.wakeAt,
      NOW + HOUR_MS,
      "what is to be given back",
    );
  t.end();
});

t.test("a refusal is told once for each reason, and again when the reason is another", (t) => {
  const image = imageIn("public");
  const first = afterRefusal(image, "name", "its name is odd", NOW);
  const again = afterRefusal(written(image, first), "name", "its name is odd", NOW + DAY_MS);
  const other = afterRefusal(written(image, again), "state", "it is pending", NOW + 2 * DAY_MS);

  t.match(first.event, { what: "refused", who: "ticker", why: "its name is odd", details: { code: "name" } });
  t.equal(first.fields.lastError, "name: its name is odd");
  t.equal(again.event, null);
  t.match(other.event, { what: "refused", why: "it is pending", details: { code: "state" } });
  t.end();
});

t.test("a failure is tried again soon, at last once an hour; the third in a row is told", (t) => {
  let image = imageIn("public");
  const pauses: number[] = [];
  const toldAt: number[] = [];
  for (let failure = 1; failure <= 14; failure += 1) {
    const change = afterFailure(image, "throttled", NOW, 1);
    pauses.push(((change.wait?.wakeAt ?? NOW) - NOW) / SECOND_MS);
    if (change.event !== null) toldAt.push(failure);
    image = written(image, change);
  }
  t.same(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]);
  t.same(toldAt, [3]);
  t.match(image, { attempts: 14, lastError: "failed: throttled" });
  t.end();
});

t.test(
  "what is the region's fault leaves no trace on the image: it is due as before, its attempts do not grow",
  (t) => {
    for (const stage of ["public", "private", "deleting", "restoring", "held"] as const) {
      const change = yielded(imageIn(stage, { attempts: 2, missedLooks: 1 }), NOW);
      t.same(change, { stage, wait: { queue: QUEUE_OF[stage], wakeAt: NOW }, fields: {}, event: null });
    }
    t.end();
  },
);

t.test(
  "of misses that are still to come, by a wrong clock, nobody knows when they were: their row begins anew",
  (t) => {
    const later = NOW + 30 * DAY_MS;
    for (const times of [{ missedAt: later, missedSince: NOW - 2 * DAY_MS }, { missedSince: later }]) {
      const wrong = imageIn("private", { missedLooks: 2, ...times });
      const first = afterMiss(wrong, NOW);
      t.match(first, { stage: "private", wait: { wakeAt: NOW + DAY_MS } });
      t.match(first.fields, { missedLooks: 1, missedSince: NOW, missedAt: NOW });
    }
    t.end();
  },
);

t.test("an image is gone only after three looks in a row, a day between each and the next", (t) => {
  const image = imageIn("private");
  const first = afterMiss(image, NOW);
  const second = afterMiss(written(image, first), NOW + DAY_MS);
  const third = afterMiss(written(image, second), NOW + 2 * DAY_MS);

  t.match(first, {
    stage: "private",
    wait: { wakeAt: NOW + DAY_MS },
    event: null,
    fields: { lastError: /^missing: / },
  });
  t.match(second, { stage: "private", wait: { wakeAt: NOW + 2 * DAY_MS }, event: null });
  t.match(third, { stage: "gone", wait: null, event: { what: "gone", why: "vanished from EC2 by another hand" } });
  t.end();
});

t.test(
  "a look within a day of the last miss counts for nothing, and few over many days do not make an image gone",
  (t) => {
    let hasty = imageIn("private");
    for (let look = 0; look < 48; look += 1) hasty = written(hasty, afterMiss(hasty, NOW + look * HOUR_MS));
    t.match(hasty, { stage: "private", missedLooks: 2, missedSince: NOW, missedAt: NOW + DAY_MS });
    t.equal(afterMiss(hasty, NOW + 47 * HOUR_MS).wait?.wakeAt, NOW + 2 * DAY_MS);
    const lazy = written(imageIn("private"), afterMiss(imageIn("private"), NOW));
    t.equal(afterMiss(lazy, NOW + 30 * DAY_MS).stage, "private", "a second look, a month later");
    const before = imageIn("private", { missedLooks: 2, missedSince: NOW - DAY_MS });
    t.equal(afterMiss(before, NOW).stage, "gone", "a record that an earlier version wrote");
    const hourAgo = imageIn("private", { missedLooks: 2, missedSince: NOW - HOUR_MS });
    t.match(afterMiss(hourAgo, NOW), { stage: "private", wait: { wakeAt: NOW + DAY_MS - HOUR_MS } }, "too soon");
    t.match(afterMiss(hourAgo, NOW).fields, { lastError: "missing: EC2 does not show it" });
    t.end();
  },
);

t.test("an image that was seen again starts afresh", (t) => {
  const missed = imageIn("private", { missedLooks: 2, missedSince: NOW - 2 * DAY_MS, missedAt: NOW - DAY_MS });
  const seen = written(missed, afterRefusal(missed, "protecting-tag", "do-not-delete", NOW));
  t.match(seen, { missedLooks: 0, missedSince: null, missedAt: null });
  t.equal(afterMiss(seen, NOW + DAY_MS).stage, "private");
  t.end();
});

t.test("a look at a region that shows nothing counts for nothing, and is told from the second time on", (t) => {
  const image = imageIn("private", { missedLooks: 1, missedSince: NOW - DAY_MS, missedAt: NOW - DAY_MS });
  const first = afterDoubt(image, NOW);
  const second = afterDoubt(written(image, first), NOW + DAY_MS);
  const third = afterDoubt(written(image, second), NOW + 2 * DAY_MS);
  t.match(first, { stage: "private", wait: { wakeAt: NOW + DAY_MS }, event: null });
  t.match(second, { wait: { wakeAt: NOW + 2 * DAY_MS }, event: { what: "refused", details: { code: "unseen" } } });
  t.match(third, { wait: { wakeAt: NOW + 3 * DAY_MS }, event: null });
  const lastError = /^unseen: EC2 shows neither it nor/;
  t.match(written(image, third), { missedLooks: 1, missedSince: NOW - DAY_MS, missedAt: NOW - DAY_MS, lastError });
  t.equal(afterDoubt(written(written(image, second), third), NOW + 3 * DAY_MS).event, null, "told once");
  const back = written(imageIn("restoring"), afterDoubt(imageIn("restoring"), NOW));
  t.equal(afterDoubt(back, NOW).wait?.wakeAt, NOW + DAY_MS, "what is to be given back has to be seen first");
  t.end();
});
