import t from "tap";
import type { EventKind, ImageEvent } from "../../../src/domain/image/event.ts";
import { notBeforeOf, renderPost } from "../../../src/domain/report/report.ts";
import { toldIn } from "../../../src/domain/report/told.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { FRAME } from "../../support/world/frame.ts";
import { AMI, COMPOSE, NOW } from "../../support/world/image.ts";

function event(what: EventKind, details: Readonly<Record<string, string>> = {}, who = "ticker"): ImageEvent {
  const place = { region: "us-east-1", amiId: AMI, composeId: COMPOSE, imageName: "x" };
  return { id: "1-0", what, at: NOW, who, why: "why", details, ...place };
}

t.test("a date is promised for what this notice makes deletable, and for nothing else", (t) => {
  const days = 10 * DAY_MS;
  const rows: readonly (readonly [ImageEvent, number | null])[] = [
    [event("made-private"), NOW + days],
    [event("found-again"), NOW + days],
    [event("refused", { stage: "public", begun: "yes", code: "permission" }), NOW + days],
    [event("refused", { stage: "public", code: "permission" }), null],
    [event("released", { from: "private", after_hold_s: "259200" }), NOW + 3 * DAY_MS],
    [event("released", { from: "private", after_hold_s: "soon" }), null],
    [event("released", { from: "private", after_hold_s: "1234567890" }), null],
    [event("released", { from: "private" }), null],
    [event("released", { from: "public", after_hold_s: "259200" }), null],
    [event("released", { after_hold_s: "259200" }), null],
    [event("held", { from: "private", after_hold_s: "259200" }), null],
    [event("deleted"), null],
    [event("gone"), null],
  ];
  for (const [each, at] of rows)
    t.equal(notBeforeOf(each, { ...FRAME, deleteAfterMs: days }), at, JSON.stringify([each.what, each.details]));
  const again = event("made-private");
  const frame = { ...FRAME, deleteAfterMs: days, repeats: new Map([[again, NOW + HOUR_MS]]) };
  t.equal(notBeforeOf(again, frame), NOW + HOUR_MS, "the date that stands, where it was told already");
  t.end();
});

t.test("what is told is read back from the post, in its section; what is only repeated is not", (t) => {
  const post = renderPost([event("made-private"), event("held"), event("gone")], FRAME);
  const told = toldIn(post.replaceAll("\n", "\r\n")).map(({ section, region }) => `${section} ${region}`);
  t.strictSame(told, ["held us-east-1", "made-private us-east-1", "gone us-east-1"].toSorted(bySection(post)));
  const repeated = event("made-private");
  t.strictSame(toldIn(renderPost([repeated], { ...FRAME, repeats: new Map([[repeated, NOW]]) })), []);
  const row = `| us-east-1 | \`${AMI}\` | 2 | 5 GiB |`;
  t.strictSame(toldIn(row), [], "a row that stands in no section tells nothing");
  t.strictSame(
    toldIn(`## Held (1)\n\n## Something else\n\n${row}`),
    [],
    "nor does one in a section of somebody else's",
  );
  t.strictSame(toldIn(`## Held\n\n${row}`), [], "or in one without its number");
  t.strictSame(toldIn(`## Held (1)\n\n${row}`), [{ section: "held", region: "us-east-1", amiId: AMI }]);
  t.end();
});

/** In the order in which the sections stand in the post. */
function bySection(post: string): (one: string, other: string) => number {
  const headings: Readonly<Record<string, string>> = {
    held: "## Held",
    "made-private": "## Made private",
    gone: "## Gone by another hand",
  };
  const placeOf = (told: string): number => post.indexOf(headings[told.split(" ")[0] ?? ""] ?? "");
  return (one, other) => placeOf(one) - placeOf(other);
}

t.test("a reason links to the comment that gave it, and to no other address", (t) => {
  const url = "https://pagure.io/ami-reports/issue/7#comment-12";
  const whyOf = (by: string | undefined, address: string, who = "comments"): string => {
    const said = { ...event("held", by === undefined ? {} : { by }, who), why: `our tests (${address})` };
    return /why: (.*)/.exec(renderPost([said], FRAME))?.[1] ?? "";
  };
  t.equal(whyOf("jane in a comment", url), `\`our tests\` ([the comment](${url}))`);
  t.equal(whyOf(undefined, url, "jane in a comment"), `\`our tests\` ([the comment](${url}))`);
  for (const [by, address] of [
    ["jane", url],
    ["jane in a commentary", url],
    ["jane in a comment", "https://evil.example/"],
    ["jane in a comment", `${url}?x=1`],
  ] as const)
    t.equal(whyOf(by, address), `\`our tests (${address})\``, `${by} ${address}`);
  t.end();
});

t.test("what was found again is told with the days that begin anew", (t) => {
  const anew =
    / 1 image of them had been made private earlier, and the record of that was lost: their days begin anew\./;
  t.match(renderPost([event("made-private"), event("found-again")], FRAME), anew);
  t.notMatch(renderPost([event("made-private")], FRAME), /anew/);
  t.end();
});

t.test("a period shorter than a day has dates to the second, and a hold that ends within a day its minute", (t) => {
  const after = (deleteAfterMs: number): string => renderPost([event("made-private")], { ...FRAME, deleteAfterMs });
  t.match(after(DAY_MS), "before **2026-02-12** (1 day after this notice)");
  t.match(after(36 * HOUR_MS), "before **2026-02-12T21:00:00Z** (36h after this notice)");
  const held = (until: string): string => renderPost([event("held", { until })], FRAME);
  t.match(held("2026-03-01T00:00:00Z"), "until: the end of 2026-02-28 (UTC);");
  t.match(held("2026-03-01T08:30:00Z"), "until: 2026-03-01 08:30 UTC;");
  t.end();
});

t.test("what was deleted counts the snapshots that went, and the space only where it is known", (t) => {
  const results = { "snap-1": "deleted", "snap-2": "deleted", "snap-3": "kept: shared with ami-1" };
  const deleted = event("deleted", { gib: "5", snapshots: JSON.stringify(results) });
  t.match(
    renderPost([deleted, event("deleted", { gib: "many" })], FRAME),
    "Gone for good: 2 images and 2 of their 3 snapshots (the copies of their disks); at most 5 GiB freed.",
  );
  t.match(renderPost([event("deleted", { gib: "0" })], FRAME), "1 image and 0 of its 0 snapshots");
  t.match(renderPost([event("deleted", {})], FRAME), "at most 0 GiB freed");
  t.end();
});
