import t from "tap";
import { refusalOf } from "../../../src/domain/plan/refusal.ts";

t.test("a refusal is told with its reason and its cure", (t) => {
  t.match(refusalOf({ lastError: "in-use: it is used by i-0123456789abcdef0: a test" }), {
    code: "in-use",
    reason: "it is used by i-0123456789abcdef0: a test",
    cure: /clean-amis retry$/,
  });
  t.end();
});

t.test("what waits, failed for now or lacks facts is not refused", (t) => {
  const others = ["", "waiting: too young", "failed: ec2: look: a time-out", "missing: EC2 does not show it"];
  for (const lastError of [...others, "its label is not known", "production: its label is not known", "toString: x"])
    t.equal(refusalOf({ lastError }), null, lastError);
  t.end();
});
