import t from "tap";
import { verdict } from "../../src/demo/story.ts";

t.test("violations are grouped by fate, the most first, each kind with one of its images", (t) => {
  const late = (id: string): string => `us-east-1 ami-${id} (a nightly): snapshot snap-${id} was left behind`;
  const touched = "eu-west-1 ami-4 (a release): touched by CreateTags";
  const kept = ["5", "6", "7"].map((id) => `us-west-2 ami-${id} (a nightly): stage private, expected deleted`);
  t.same(verdict({ violations: [touched, late("1"), late("2"), ...kept], seconds: 30 }), [
    "6 violations in 30 s",
    "3 times (a nightly): stage private, expected deleted: such as us-west-2 ami-5",
    "2 times (a nightly): snapshot … was left behind: such as us-east-1 ami-1",
    touched,
  ]);
  t.same(verdict({ violations: [], seconds: 27.6 }), ["every image met its fate, in 27.6 s"]);
  const many = Array.from({ length: 23 }, (_, index) => `a kind ${index}`);
  t.same(verdict({ violations: many, seconds: 30 }).at(-1), "… and 3 kinds more");
  t.end();
});
