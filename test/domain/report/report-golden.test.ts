import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import t from "tap";
import type { EventKind, ImageEvent } from "../../../src/domain/image/event.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import { publicReason } from "../../../src/domain/plan/public-reason.ts";
import { situationOf } from "../../../src/domain/plan/situation.ts";
import type { Outlook, UnfinishedRow } from "../../../src/domain/report/outlook.ts";
import { renderOpening, renderPost } from "../../../src/domain/report/report.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { FRAME as EMPTY } from "../../support/world/frame.ts";

const NOW = Date.parse("2026-11-24T22:00:00Z");
const FRAME = { ...EMPTY, day: "2026-11-24", marker: "clean-amis-part:0123456789abcdef01234567", now: NOW };
const RAWHIDE = "Fedora-Rawhide-20261119.n.0";
const CLOUD = "Fedora-Cloud-43-20261118.0";

function golden(name: string): string {
  return readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8");
}

let events = 0;

function event(what: EventKind, composeId: string, changes: Partial<ImageEvent> = {}): ImageEvent {
  events += 1;
  const arch = events % 2 === 0 ? "aarch64" : "x86_64";
  const name = `Fedora-Cloud-Base-AmazonEC2.${arch}-${composeId.replace(/^Fedora-(Cloud-)?/, "").replace(".n.", ".")}`;
  return {
    id: `${NOW}-${events}`,
    what,
    at: NOW - HOUR_MS,
    who: "ticker",
    why: "a nightly compose",
    composeId,
    region: "us-east-1",
    amiId: `ami-0${events.toString(16).padStart(16, "0")}`,
    imageName: name,
    details: { ec2_name: name, gib: "5", snapshots: what === "deleted" ? deleted(events) : "1" },
    ...changes,
  };
}

function deleted(number: number): string {
  return JSON.stringify({ [`snap-0${number.toString(16).padStart(16, "0")}`]: "deleted" });
}

const DENIED =
  "ec2: closeSnapshot snap-0000000000000000d in us-east-1: UnauthorizedOperation: arn:aws:sts::123456789012:assumed-role/x may not";
const STILL_IN_USE = "ec2: deleteSnapshot snap-0000000000000000e in us-east-1: RequestLimitExceeded: slow down";

function unfinished(stage: Image["stage"], lastError: string): UnfinishedRow {
  const situation = situationOf({ stage, takenAway: { image: true, snapshots: [] }, heldFrom: null, lastError });
  if (situation === null) throw new Error(`nothing is half done in ${stage}`);
  return { region: "us-east-1", amiId: "ami-00000000000000f0d", composeId: CLOUD, situation, isTold: true };
}

const OUTLOOK: Outlook = {
  due: {
    until: NOW + 7 * DAY_MS,
    regions: 22,
    isCut: false,
    makePrivate: [{ day: "2026-11-25", composeId: "Fedora-Rawhide-20261120.n.0", images: 44, regions: 22 }],
    deletes: [
      { day: "2026-11-26", composeId: "Fedora-Rawhide-20261111.n.0", images: 44, regions: 22 },
      { day: "2026-11-25", composeId: "Fedora-Cloud-43-20261110.0", images: 2, regions: 1 },
    ],
    refused: [
      {
        ...publicReason("protection: deregistration protection is enabled-without-cooldown"),
        images: 2,
        composeIds: ["Fedora-Cloud-43-20261109.0"],
      },
    ],
    unfinished: [unfinished("public", `permission: ${DENIED}`), unfinished("deleting", `failed: ${STILL_IN_USE}`)],
  },
  stoppages: [
    {
      what: "delete images",
      why: "500 images today are the budget max_deletes_per_day of the act delete",
      since: NOW - 3 * HOUR_MS,
      images: 12,
      plan: ["us-east-1 ami-00000000000000fff Fedora-Rawhide-20261112.n.0: delete, due since 2026-11-24T08:00:00Z"],
    },
  ],
};

t.test("a small day reads as it was looked at", (t) => {
  events = 0;
  const told = [
    event("made-private", RAWHIDE),
    event("made-private", RAWHIDE, { region: "eu-west-1" }),
    event("made-private", CLOUD),
    event("deleted", "Fedora-Rawhide-20261109.n.0"),
    event("deleted", "Fedora-Rawhide-20261109.n.0", {
      details: { gib: "5", snapshots: '{"snap-0aaaaaaaaaaaaaaa1":"kept: shared with ami-0bbbbbbbbbbbbbbb1"}' },
    }),
    event("restored", CLOUD, { why: "released as a two-week compose" }),
    event("held", CLOUD, {
      who: "ann in a comment",
      why: "CI of cockpit needs it (https://pagure.io/a/b/issue/1#comment-7)",
      details: { until: "2026-12-24T00:00:00Z" },
    }),
    event("released", RAWHIDE, { who: "ann", why: "fixed", details: { from: "private", after_hold_s: "259200" } }),
    event("refused", CLOUD, {
      why: "it carries the protecting tag do-not-delete",
      details: { code: "protecting-tag", stage: "public" },
    }),
    event("failed", CLOUD, { why: "ec2: look ami-1 in us-east-1: RequestLimitExceeded: req 1" }),
    event("refused", CLOUD, { why: DENIED, details: { code: "permission", stage: "public", begun: "yes" } }),
    event("failed", CLOUD, { why: STILL_IN_USE, details: { stage: "deleting", begun: "yes" } }),
    event("refused", CLOUD, {
      why: "ec2: untag ami-1 and 2 more in us-east-1: UnauthorizedOperation: no",
      details: { code: "permission", stage: "restoring", begun: "yes" },
    }),
    event("gone", CLOUD, { why: "vanished from EC2 by another hand" }),
    event("decided", CLOUD, { why: "production, and no label", details: { stage: "kept", rule: "unlabelled" } }),
  ];
  const repeat = event("made-private", RAWHIDE);
  told.push(repeat);
  const repeats = new Map([[repeat, NOW + 9 * DAY_MS]]);
  const text = `${renderOpening(FRAME.day, FRAME.deleteAfterMs)}\n\n${renderPost(told, { ...FRAME, outlook: OUTLOOK, repeats })}\n`;
  t.equal(text, golden("report-small-day.txt"));
  t.end();
});

t.test("a week in which nothing happened reads as it was looked at", (t) => {
  const frame = { ...FRAME, outlook: { ...OUTLOOK, stoppages: [] }, quietSince: "2026-11-17" };
  t.equal(`${renderPost([], frame)}\n`, golden("report-quiet-week.txt"));
  t.end();
});

t.test("a day of 5,000 images is a table a compose, newest first, and has not changed since it was looked at", (t) => {
  events = 0;
  const regions = Array.from({ length: 22 }, (_, number) => `us-east-${number + 1}`);
  const told: ImageEvent[] = [];
  for (let number = 0; told.length < 5_000; number += 1) {
    const composeId = `Fedora-Rawhide-202611${String(10 + (number % 10))}.n.${Math.floor(number / 10)}`;
    for (const region of regions) if (told.length < 5_000) told.push(event("made-private", composeId, { region }));
  }
  const text = renderPost(told, FRAME);
  const head = text.split("\n").slice(0, 40).join("\n");
  const hash = createHash("sha256").update(text).digest("hex");
  t.equal(`${head}\n…\n${text.length} characters, sha256 ${hash}\n`, golden("report-large-day.txt"));
  t.equal(text.match(/^\| us-east/gm)?.length, 5_000);
  t.equal(text.match(/^### /gm)?.length, 228);
  t.end();
});
