import t from "tap";
import type { Image } from "../../../src/domain/image/image.ts";
import { describePlan } from "../../../src/domain/plan/describe.ts";
import type { Seen } from "../../../src/domain/plan/look.ts";
import { planFor, type Plan } from "../../../src/domain/plan/plan.ts";
import { DAY_MS, formatInstant } from "../../../src/domain/time.ts";
import { FREE, GUARDS, imageIn, NOW, PERIODS, seen, seenPrivate } from "../../support/world/image.ts";

const KEEP = { kind: "keep", rule: "ga", reason: "labelled RC-1.1" } as const;

/** The plan for a nightly. */
function plan(image: Image, what: Seen | null): Plan {
  const decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const;
  return planFor(image, decision, { ...FREE, seen: what }, { now: NOW, periods: PERIODS, guards: GUARDS });
}

t.test("every plan is one line that names the image and what would be done, and why", (t) => {
  const rows: readonly (readonly [Image, Plan, string])[] = [
    [imageIn("public"), plan(imageIn("public"), seen()), `make-private (${seen().name}, 2 snapshots)`],
    [imageIn("private"), plan(imageIn("private"), seenPrivate()), `delete (${seen().name}, 2 snapshots)`],
    [imageIn("deleting"), plan(imageIn("deleting"), null), "delete (image is gone, 2 snapshots)"],
    [imageIn("restoring"), plan(imageIn("restoring"), seenPrivate()), "restore (a nightly compose)"],
    [imageIn("public"), { do: "keep", decision: KEEP }, "keep (labelled RC-1.1)"],
    [
      imageIn("public"),
      plan(imageIn("public"), seen({ createdAt: NOW - 4 * DAY_MS })),
      `wait until ${formatInstant(NOW + DAY_MS)} (created ${formatInstant(NOW - 4 * DAY_MS)}, too young)`,
    ],
    [
      imageIn("public"),
      plan(imageIn("public"), seen({ tags: { "do-not-delete": "" } })),
      "refuse (protecting-tag: it carries the protecting tag do-not-delete)",
    ],
    [
      imageIn("private"),
      plan(imageIn("private"), seen()),
      "hold (ticker: somebody made it public again; until no end)",
    ],
    [imageIn("private"), plan(imageIn("private"), null), "miss (EC2 does not show it)"],
    [
      imageIn("held"),
      { do: "wait", until: Infinity, reason: "held by tester: a test" },
      "wait without end (held by tester: a test)",
    ],
  ];
  for (const [image, decided, expected] of rows) {
    const head = "us-east-1 ami-0aaaaaaaaaaaaaaa1 Fedora-Rawhide-20260122.n.0: ";
    t.equal(describePlan({ image, plan: decided }), head + expected);
  }
  t.end();
});
