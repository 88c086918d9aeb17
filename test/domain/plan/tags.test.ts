import t from "tap";
import type { Hold } from "../../../src/domain/hold.ts";
import { holdByTag, holdTag } from "../../../src/domain/plan/tags.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { NOW } from "../../support/world/image.ts";

const HOLD: Hold = { by: "tester", why: "its tag clean-amis:hold says so", since: NOW, until: NOW + DAY_MS };

t.test("a hold is read back from its tag, with its end and who gave it", (t) => {
  for (const hold of [HOLD, { ...HOLD, until: null }]) t.strictSame(holdByTag(holdTag(hold), NOW), hold);
  t.end();
});

t.test("a hold's tag has the characters and the length that EC2 takes", (t) => {
  t.equal(holdTag({ ...HOLD, by: "x".repeat(300), until: null }).length, 256);
  t.equal(holdTag({ ...HOLD, by: "a;b\u0000*", until: null }), "no-end by a_b__");
  t.end();
});

t.test("a tag that a person wrote holds, whatever it says, and without an end where none can be read", (t) => {
  for (const text of ["", "yes", "no-end", "tomorrow by me", "2026-13-99 by me"])
    t.match(holdByTag(text, NOW), { until: null, since: NOW }, text);
  t.equal(holdByTag("yes", NOW).by, "tag");
  t.equal(holdByTag("tomorrow by me", NOW).by, "me");
  t.end();
});
