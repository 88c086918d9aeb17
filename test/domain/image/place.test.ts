import t from "tap";
import type { Image } from "../../../src/domain/image/image.ts";
import type { Queue } from "../../../src/domain/image/lifecycle.ts";
import { isInPlace, placeOf } from "../../../src/domain/image/place.ts";
import { DAY_MS, type Instant } from "../../../src/domain/time.ts";
import { imageIn, NOW, PERIODS } from "../../support/world/image.ts";

const SOON = NOW + DAY_MS;
const LEASE = NOW + PERIODS.leaseMs;
const UNTOLD = { noticedAt: null, deleteAt: null };

/** Where an image belongs, and when it wakes up there, if its place is lost. */
const TABLE: readonly (readonly [string, Image, Queue | null, Instant | null])[] = [
  ["not known yet", imageIn("unresolved"), "unresolved", NOW],
  ["public, its days over", imageIn("public"), "private", NOW],
  ["public, its days not over", imageIn("public", { privateAt: SOON }), "private", SOON],
  ["public, and claimed", imageIn("public", { token: "x" }), "private", LEASE],
  ["public, claimed, its days not over", imageIn("public", { token: "x", privateAt: SOON }), "private", SOON],
  ["private, and told to nobody", imageIn("private", UNTOLD), null, null],
  ["private, its days over", imageIn("private"), "delete", NOW],
  ["private, its days not over", imageIn("private", { deleteAt: SOON }), "delete", SOON],
  ["being deleted", imageIn("deleting"), "delete", NOW],
  ["being deleted, whatever dates it has", imageIn("deleting", { deleteAt: SOON, privateAt: SOON }), "delete", NOW],
  ["being deleted, with a date that was lost", imageIn("deleting", UNTOLD), "delete", NOW],
  ["being given back", imageIn("restoring", { deleteAt: SOON, privateAt: SOON }), "restore", NOW],
  ["held", imageIn("held", { privateAt: SOON }), "held", NOW],
  ["kept", imageIn("kept"), null, null],
  ["deleted", imageIn("deleted"), null, null],
  ["gone", imageIn("gone"), null, null],
];

t.test("an image whose place is lost gets the one of its stage, and wakes up no sooner than it was due", (t) => {
  for (const [what, image, queue, wakeAt] of TABLE)
    t.same(placeOf(image, PERIODS, NOW), queue === null ? null : { queue, wakeAt }, what);
  t.end();
});

t.test("an image is in its place in the queue of its stage alone", (t) => {
  const queues: readonly Queue[] = ["unresolved", "private", "delete", "restore", "held"];
  for (const [what, image, own] of TABLE) {
    t.equal(isInPlace(image, []), own === null, `${what}: in none`);
    for (const queue of queues) {
      // Whoever sets its date may be just about to.
      const isFirst = queue === own || (image.stage === "private" && queue === "delete");
      t.equal(isInPlace(image, [queue]), isFirst, `${what}: in ${queue}`);
      t.equal(isInPlace(image, [queue, "held"]), false, `${what}: in two`);
    }
  }
  t.end();
});
