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
