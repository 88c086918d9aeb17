import t from "tap";
import { EVENT_KINDS, type EventKind, type ImageEvent } from "../../../src/domain/image/event.ts";
import { notBeforeOf, renderDay, renderPost } from "../../../src/domain/report/report.ts";
import { sectionOf } from "../../../src/domain/report/sections.ts";
import { isDate } from "../../../src/domain/time.ts";
import { FRAME } from "../../support/world/frame.ts";
import { AMI, COMPOSE, NAME, NOW, PERIODS } from "../../support/world/image.ts";

const DETAILS = ["snapshots", "gib", "after_hold_s", "until", "stage", "begun", "code", "rule", "by", "ec2_name"];
const VALUES = [
  "",
  "{",
  "null",
  "[1]",
  '{"a":{}}',
  '"x"',
  "1e400",
  "-1",
  "NaN",
  "+275760-09-13T00:00:00.001Z",
  "__proto__",
];
/** A kind that a later version writes, and words that every object knows. */
const KINDS = [...EVENT_KINDS, "vanished", "constructor", "__proto__", ""] as EventKind[];

t.test("no event that somebody else wrote into the stream keeps a report from being made", (t) => {
  const good: ImageEvent = {
    ...{ id: "1-0", region: "us-east-1", amiId: AMI, composeId: COMPOSE, imageName: NAME },
    ...{ what: "made-private", at: NOW, who: "ticker", why: "a nightly compose", details: {} },
  };
  const dates = { deleteAfterMs: PERIODS.deleteAfterMs, notBefore: () => null, replacement: () => null };
  for (const what of KINDS)
    for (const detail of DETAILS)
      for (const value of VALUES) {
        const details = { from: "private", [detail]: value };
        const event: ImageEvent = { ...good, what, why: value, who: value, details };
        const words = `${what}, its ${detail} ${value}`;
        t.doesNotThrow(() => sectionOf(event), words);
        t.ok(isDate(notBeforeOf(event, FRAME) ?? 0), words);
        for (const render of [
          () => renderPost([event, good], FRAME),
          () => renderDay("2026-01-01", [event, good], dates, "{day}"),
        ])
          t.match(render(), AMI, words);
      }
  t.end();
});
