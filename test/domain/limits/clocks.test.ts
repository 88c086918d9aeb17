import t from "tap";
import { agreed, apartMs, doAgree, later } from "../../../src/domain/limits/clocks.ts";
import { believable, deafFrom, isDeaf, isWindowLate } from "../../../src/domain/limits/deaf.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { NOW } from "../../support/world/image.ts";

t.test("another clock is apart only by what asking and answering do not explain", (t) => {
  const when = { asked: NOW, answered: NOW + 400 };
  const rows = [
    [NOW, 0],
    [NOW + 400, 0],
    [NOW - SECOND_MS, 0],
    [NOW + 401, 1],
    [NOW - SECOND_MS - 1, 1],
    [NOW + HOUR_MS, HOUR_MS - 400],
    [NOW - HOUR_MS, HOUR_MS - SECOND_MS],
  ] as const;
  for (const [said, apart] of rows) t.equal(apartMs(said, when), apart, String(said - NOW));
  t.end();
});

t.test("clocks a minute apart agree, and one millisecond more stops all", (t) => {
  t.equal(doAgree({ skewMs: MINUTE_MS }), true);
  t.equal(doAgree({ skewMs: MINUTE_MS + 1 }), false);
  t.equal(agreed({ at: NOW, skewMs: MINUTE_MS }), NOW);
  t.throws(() => agreed({ at: NOW, skewMs: MINUTE_MS + 1 }), UpstreamError);
  t.equal(later({ at: NOW, skewMs: SECOND_MS, shared: NOW }), NOW + SECOND_MS, "the later of both");
  t.equal(later({ at: NOW, skewMs: DAY_MS, shared: NOW }), NOW, "the shared one, when they disagree");
  t.end();
});

t.test("the service is deaf without a word of when it heard, after an hour, and by an instant that is to come", (t) => {
  const rows = [
    [null, true],
    [NOW, false],
    [NOW - HOUR_MS + 1, false],
    [NOW - HOUR_MS, true],
    [NOW + MINUTE_MS, false],
    [NOW + MINUTE_MS + 1, true],
  ] as const;
  for (const [heardUntil, deaf] of rows) t.equal(isDeaf(heardUntil, NOW), deaf, String(heardUntil));
  t.equal(deafFrom(NOW), NOW + HOUR_MS);
  t.equal(isDeaf(NOW, deafFrom(NOW)), true);
  t.equal(isWindowLate(NOW, NOW + 3 * DAY_MS), true);
  t.equal(isWindowLate(NOW, NOW + 3 * DAY_MS - 1), false);
  t.equal(believable(NOW + MINUTE_MS, NOW), NOW + MINUTE_MS);
  t.equal(believable(NOW + MINUTE_MS + 1, NOW), null);
  t.end();
});
