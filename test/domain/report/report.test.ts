import fc from "fast-check";
import t from "tap";
import { EVENT_KINDS, type EventKind, type ImageEvent } from "../../../src/domain/image/event.ts";
import { code } from "../../../src/domain/markdown.ts";
import { DEFAULT_TITLE, renderDay, renderOpening, renderPost, titleOf } from "../../../src/domain/report/report.ts";
import { sectionOf } from "../../../src/domain/report/sections.ts";
import { ceilSecond, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { quote } from "../../../src/domain/words.ts";
import { holds } from "../../support/random/property.ts";
import { FRAME } from "../../support/world/frame.ts";
import { AMI, COMPOSE, NAME, NOW, SNAPSHOTS } from "../../support/world/image.ts";

function event(what: EventKind, changes: Partial<ImageEvent> = {}): ImageEvent {
  return {
    id: "1-0",
    what,
    at: NOW,
    who: "ticker",
    why: "a nightly compose",
    details: { ec2_name: NAME, gib: "5", snapshots: what === "deleted" ? "{}" : "2" },
    region: "us-east-1",
    amiId: AMI,
    composeId: COMPOSE,
    imageName: NAME,
    ...changes,
  };
}

t.test("every event that the public must know of has its section, and no other has one", (t) => {
  const untold = ["scheduled", "decided", "noticed", "deleting", "restoring"];
  for (const what of EVENT_KINDS) {
    const own = what === "found-again" ? "made-private" : what;
    t.equal(sectionOf(event(what)), untold.includes(what) ? null : own, what);
  }
  t.end();
});

t.test("a keep is told only when a person should look", (t) => {
  const told = ["conflict", "malformed", "unlabelled", "unresolved", "not-ours"];
  const quiet = ["released-two-week", "beta", "ga", "not-nightly", "nightly", "dated-label", ""];
  for (const what of ["scheduled", "decided"] as const) {
    for (const rule of told)
      t.equal(sectionOf(event(what, { details: { stage: "kept", rule } })), "kept-for-a-person", rule);
    for (const rule of quiet) t.equal(sectionOf(event(what, { details: { stage: "kept", rule } })), null, rule);
    t.equal(sectionOf(event(what, { details: { stage: "public", rule: "malformed" } })), null);
  }
  t.end();
});

t.test("a report says what was made private and deleted, compose by compose, and what it freed", (t) => {
  const newer = "Fedora-Cloud-43-20260123.0";
  const snapshots = JSON.stringify({ [SNAPSHOTS[0]]: "deleted", [SNAPSHOTS[1]]: "kept: shared with ami-1" });
  const text = renderPost(
    [
      event("made-private", { region: "us-west-2" }),
      event("made-private"),
      event("made-private", { composeId: newer, details: {}, imageName: "" }),
      event("deleted", { details: { ec2_name: NAME, gib: "5", snapshots } }),
      event("noticed"),
      event("decided", { why: "no label", details: { stage: "kept", rule: "unlabelled" } }),
    ],
    FRAME,
  );
  const lines = text.split("\n");
  t.same(
    lines.filter((line) => /^(?:#|\| us-|name: )/.test(line)),
    [
      "## Made private (3)",
      `### \`${newer}\`: 1 image`,
      "name: `-`",
      `| us-east-1 | \`${AMI}\` | ? | ? GiB |`,
      `### \`${COMPOSE}\`: 2 images`,
      `name: \`${NAME}\``,
      `| us-east-1 | \`${AMI}\` | 2 | 5 GiB |`,
      `| us-west-2 | \`${AMI}\` | 2 | 5 GiB |`,
      "## Deleted (1)",
      `### \`${COMPOSE}\`: 1 image`,
      `name: \`${NAME}\`; \`${SNAPSHOTS[1]}\`: \`kept: shared with ami-1\``,
      `| us-east-1 | \`${AMI}\` | \`${SNAPSHOTS[0]}\` |`,
      "## Kept, but a person should look (1)",
      `### \`${COMPOSE}\`: 1 image`,
      `name: \`${NAME}\`; why: \`no label\``,
      `| us-east-1 | \`${AMI}\` |`,
    ],
  );
  t.ok(lines.includes("None of these images is deleted before **2026-02-21** (10 days after this notice)."));
  t.ok(
    lines.includes("Gone for good: 1 image and 1 of its 2 snapshots (the copies of their disks); at most 5 GiB freed."),
  );
  t.equal(lines.at(-1), "<!-- clean-amis-part:0123 -->", "the marker stands once, at the end");
  t.equal(titleOf("2026-02-11", DEFAULT_TITLE), "Fedora AMIs made private and deleted on 2026-02-11");
  t.end();
});

t.test("the day before which nothing is deleted is never later than the deadline that the notice sets", (t) => {
  const delays = fc.integer({ min: 0, max: 3 * DAY_MS });
  const periods = fc.constantFrom(DAY_MS, 10 * DAY_MS, 36 * HOUR_MS, 90 * MINUTE_MS, 10 * SECOND_MS, SECOND_MS);
  const isHonest = fc.property(delays, delays, periods, (before, after, deleteAfterMs) => {
    const renderedAt = NOW + before;
    const text = renderPost([event("made-private", { at: NOW })], { ...FRAME, now: renderedAt, deleteAfterMs });
    const said = Date.parse(/before \*\*(?<at>[^*]+)\*\*/.exec(text)?.groups?.["at"] ?? "");
    const deleteAt = Math.max(NOW, ceilSecond(renderedAt + after)) + deleteAfterMs;
    return said <= deleteAt && said > renderedAt + deleteAfterMs - DAY_MS;
  });
  holds(t, isHonest, { numRuns: 2_000 });
  t.end();
});

t.test("a hold tells by whom, until when and why, and a release from when the clock runs again", (t) => {
  const held = { by: "ann", until: "2026-03-01T00:00:00Z" };
  const rows = (events: readonly ImageEvent[]): string[] =>
    renderPost(events, FRAME)
      .split("\n")
      .filter((line) => /^(## |name: |\| us-)/.test(line))
      .map((line) => line.replace(`name: \`${NAME}\`; `, "").replace(`| us-east-1 | \`${AMI}\` |`, "|"));
  const told = rows([
    event("restored", { details: { ec2_name: NAME, by: "bob" }, why: "needed" }),
    event("held", { details: held, why: "CI needs it" }),
    event("held", { details: { until: "no end" }, who: "ticker", why: "made public again" }),
    event("held", { details: { by: "@ann", until: "soon | x" } }),
    event("released", { details: { from: "private", after_hold_s: "259200" }, why: "CI moved on" }),
    event("released", { details: { from: "private" }, why: "hold ended" }),
    event("released", { details: { from: "public" }, why: "hold ended" }),
  ]);
  t.same(told, [
    "## Given back to the public (1)",
    "by: `bob`; why: `needed`",
    "|",
    "## Held (3)",
    "by: `ann`; until: the end of 2026-02-28 (UTC); why: `CI needs it`",
    "|",
    "by: this service; until: a person releases it; why: `made public again`",
    "|",
    "by: `＠ann`; until: `soon ¦ x`; why: `a nightly compose`",
    "|",
    "## Released from a hold (3)",
    "by: this service; why: `CI moved on`",
    "| **2026-02-14** |",
    "by: this service; why: `hold ended`",
    "| another notice |",
    "| it was made private |",
  ]);
  t.end();
});

t.test("a day that is only printed gives the dates of the records, and says when nothing happened", (t) => {
  const dates = { deleteAfterMs: 10 * DAY_MS, notBefore: () => null, replacement: () => null };
  t.match(renderDay("2026-02-11", [event("made-private")], dates, DEFAULT_TITLE), /only after a public notice/);
  const known = { ...dates, notBefore: () => NOW + 12 * DAY_MS };
  t.match(renderDay("2026-02-11", [event("made-private")], known, DEFAULT_TITLE), /before \*\*2026-02-23\*\*/);
  t.match(
    renderDay("2026-02-11", [event("noticed")], dates, DEFAULT_TITLE),
    /Nothing happened on that day that the public had to know/,
  );
  t.end();
});

t.test("what opens a day tells what it is, how to object, and that it is final", (t) => {
  t.match(
    renderOpening("2026-02-11", 10 * DAY_MS),
    /2026-02-11[^]*10 days[^]*comment here[^]*hold ami-[^]*AMI id[^]*holds what you name[^]*cannot be brought back/,
  );
  t.equal(titleOf("2026-02-11", "AMIs, {day}"), "AMIs, 2026-02-11");
  t.end();
});

const HOSTILE = [
  "look here (https://evil.example/#comment-1)",
  "[click](https://evil.example/)",
  "https://evil.example/",
  "<https://evil.example/>",
  "![](https://evil.example/pixel.png)",
  "@everybody please look, @admin",
  "`break out` **bold** `",
  "``` fence",
  "a | b | c |\n| --- | --- |",
  "a\n\n# Heading\n\n* item",
  "a\r\nb\u2028c\u2029d\u0085e\u0000f",
  "\u202eevil\u200b",
  "<script>alert(1)</script><!--",
  "&lt;b&gt; &#64;admin",
  "\\",
  "\\`",
  "fixes #12",
  "clean-amis-part:0123",
  " ",
  "x".repeat(5_000),
  `${"x".repeat(199)}\\tail`,
  `${"x".repeat(199)}😀`,
];

/** What is said of an image, and its row, with everything in code spans taken out, and what could undo a code span left in. */
function skeleton(report: string): string {
  const row = report
    .split("\n")
    .filter((line) => /^(?:name: |\| us-east-1)/.test(line))
    .join(" ");
  return /\\`|@/.test(row) ? quote(row) : row.replaceAll(/`[^`]{1,200}`/g, "code");
}

t.test("an image's name or a reason puts no link, mention, table cell or markup into a report", (t) => {
  const lines = renderPost([event("gone", { details: {} })], FRAME).split("\n").length;
  for (const text of HOSTILE) {
    const said = { imageName: text, why: text, amiId: text, details: {} };
    const shown = renderPost([event("gone", said)], FRAME);
    t.equal(skeleton(shown), "name: code; why: code | us-east-1 | code |", quote(text));
    t.equal(shown.split("\n").length, lines, "no line more");
    t.equal(Buffer.from(shown).toString(), shown, "no half of a character");
    const inEc2 = renderPost([event("gone", { details: { ec2_name: text } })], FRAME);
    t.equal(skeleton(inEc2), "name: code; why: code | us-east-1 | code |", `in EC2: ${quote(text)}`);
  }
  t.end();
});

t.test("no text leaves its code span", (t) => {
  const piece = fc.constantFrom("`", "|", "\\", "@", "\n", "<", "[a](b)", "x", " ", "😀");
  const odd = fc.array(fc.oneof(piece, fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 300 });
  const isClosed = fc.property(odd, (pieces) => {
    const span = code(pieces.join(""));
    return /^`[^`\n|@]{1,200}`$/.test(span) && !span.endsWith("\\`");
  });
  holds(t, isClosed, { numRuns: 2_000 });
  t.end();
});
