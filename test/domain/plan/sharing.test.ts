import t from "tap";
import type { Image } from "../../../src/domain/image/image.ts";
import { isBeingTaken, needsOpen, needsThere } from "../../../src/domain/plan/sharing.ts";
import { imageIn, TAKEN } from "../../support/world/image.ts";

const NEEDS_ALL = { there: true, open: true, taken: false };
const NEEDS_NOTHING = { there: false, open: false, taken: false };

/** What an image needs of a snapshot that it shares with one of ours, and whether its record may lag behind. */
const TABLE: readonly (readonly [string, Image | null, typeof NEEDS_ALL])[] = [
  ["nobody's", null, NEEDS_ALL],
  ["of an unknown compose's label", imageIn("unresolved"), NEEDS_ALL],
  ["public", imageIn("public"), NEEDS_ALL],
  ["about to be private", imageIn("public", { takenAway: TAKEN }), { ...NEEDS_ALL, taken: true }],
  ["private", imageIn("private"), { ...NEEDS_ALL, open: false }],
  ["being deleted", imageIn("deleting"), NEEDS_NOTHING],
  ["deleted", imageIn("deleted"), NEEDS_NOTHING],
  ["being given back", imageIn("restoring"), NEEDS_ALL],
  ["held, and public", imageIn("held", { heldFrom: "public" }), NEEDS_ALL],
  ["held, and private", imageIn("held", { heldFrom: "private" }), { ...NEEDS_ALL, open: false }],
  ["given back, which once was held while private", imageIn("kept", { heldFrom: "private" }), NEEDS_ALL],
  ["kept", imageIn("kept"), NEEDS_ALL],
  ["gone", imageIn("gone"), NEEDS_ALL],
];

t.test("a snapshot stands, and stands open, as long as any other image on it may need that", (t) => {
  for (const [what, other, expected] of TABLE)
    t.same({ there: needsThere(other), open: needsOpen(other), taken: isBeingTaken(other) }, expected, what);
  t.end();
});
