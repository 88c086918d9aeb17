import t from "tap";
import { renderHeartbeat, renderOutlook, type DueList, type Stoppage } from "../../../src/domain/report/outlook.ts";
import { HOUR_MS } from "../../../src/domain/time.ts";
import { AMI, NOW } from "../../support/world/image.ts";

const OLDER = "Fedora-Rawhide-20260120.n.0";
const NEWER = "Fedora-Rawhide-20260122.n.0";
const NOTHING: DueList = {
  until: NOW,
  regions: 3,
  makePrivate: [],
  deletes: [],
  refused: [],
  unfinished: [],
  isCut: false,
};
const SITUATION = { kind: "begun", done: "the image", missing: "its snapshots", why: "x", who: "nobody" } as const;
const STOP: Stoppage = { what: "deleting images", why: "a person paused it", since: null, images: 0, plan: [] };

/** The lines of an outlook that are not empty, with at most two rows in each list. */
function linesOf(due: Partial<DueList>, stoppages: readonly Stoppage[] = []): readonly string[] {
  const sections = renderOutlook({ due: { ...NOTHING, ...due }, stoppages }, 2);
  return sections
    .join("\n")
    .split("\n")
    .filter((line) => line !== "");
}

t.test("an outlook with nothing to say says nothing", (t) => {
  t.strictSame(renderOutlook({ due: NOTHING, stoppages: [] }, 2), []);
  t.end();
});

t.test("what is due stands by day, a day's newest compose first; what has no room is counted", (t) => {
  const row = (day: string, composeId: string) => ({ day, composeId, images: 4, regions: 2 });
  const rows = [row("2026-02-13", NEWER), row("2026-02-12", OLDER), row("2026-02-12", NEWER)];
  const cells = (lines: readonly string[]) => lines.filter((line) => /^\| 2026|^and /.test(line));
  t.strictSame(cells(linesOf({ makePrivate: rows })), [
    `| 2026-02-12 | \`${NEWER}\` | 4 | 2 |`,
    `| 2026-02-12 | \`${OLDER}\` | 4 | 2 |`,
    "and 1 rows more",
  ]);
  t.strictSame(cells(linesOf({ deletes: rows.slice(1) })), [
    `| 2026-02-12 | \`${NEWER}\` | 4 | 2 |`,
    `| 2026-02-12 | \`${OLDER}\` | 4 | 2 |`,
  ]);
  t.ok(linesOf({ deletes: rows.slice(0, 1) }).includes("### To be deleted"));
  t.notOk(linesOf({ deletes: rows.slice(0, 1) }).includes("### To be made private"));
  t.notMatch(linesOf({ deletes: rows }).join(), "more than can be listed");
  t.match(linesOf({ deletes: rows, isCut: true }).join(), "There is more than can be listed here.");
  t.end();
});

t.test("what is not finished stands in a table for all of which the same is to be said", (t) => {
  const row = (region: string, composeId: string) =>
    ({ region, amiId: AMI, composeId, situation: SITUATION, isTold: false }) as const;
  const said = (composeId: string) =>
    `compose: \`${composeId}\`; done: the image; missing: its snapshots; why: x; who must act: nobody`;
  const rows = [row("eu-west-1", NEWER), row("us-east-1", NEWER), row("us-west-2", OLDER)];
  const seen = (many: number) =>
    linesOf({ unfinished: rows.slice(0, many) }).filter((line) => /compose:|`ami|^and/.test(line));
  t.strictSame(seen(2), [said(NEWER), `| eu-west-1 | \`${AMI}\` |`, `| us-east-1 | \`${AMI}\` |`]);
  t.strictSame(seen(3), [said(NEWER), `| eu-west-1 | \`${AMI}\` |`, `| us-east-1 | \`${AMI}\` |`, "and 1 rows more"]);
  t.end();
});

t.test("what is still refused names its reason, who must act, and three of its composes", (t) => {
  const composeIds = [OLDER, NEWER, "Fedora-Rawhide-20260119.n.0", "Fedora-Rawhide-20260118.n.0"];
  const row = { why: "no permission", who: "the administrator", images: 1, composeIds: composeIds.slice(0, 3) };
  const seen = (rows: readonly (typeof row)[]) => linesOf({ refused: rows }).filter((line) => /^\*|^and/.test(line));
  const three = `\`${NEWER}\`, \`${OLDER}\`, \`Fedora-Rawhide-20260119.n.0\``;
  const words = "* why: no permission; who must act: the administrator;";
  t.strictSame(seen([row]), [`${words} 1 image of ${three}`]);
  t.strictSame(seen([{ ...row, images: 9, composeIds }]), [`${words} 9 images of ${three}, and 1 more`]);
  t.strictSame(seen([row, row, row]), [
    `${words} 1 image of ${three}`,
    `${words} 1 image of ${three}`,
    "and 1 rows more",
  ]);
  t.end();
});

t.test("a stop says since when, why, how many wait for it, and what would be done", (t) => {
  t.strictSame(linesOf({}, [STOP]).slice(2), ["### Not done: `deleting images`", "Why: `a person paused it`."]);
  t.strictSame(linesOf({}, [{ ...STOP, since: NOW, images: 1, plan: ["delete a"] }]).slice(2), [
    "### Not done since 2026-02-11 09:00 UTC: `deleting images`",
    "Why: `a person paused it`. 1 image waits for it.",
    "What would be done:",
    "* `delete a`",
  ]);
  const midnight = NOW - 9 * HOUR_MS;
  t.strictSame(linesOf({}, [{ ...STOP, since: midnight, images: 5, plan: ["a", "b", "c"] }]).slice(2), [
    "### Not done since 2026-02-11: `deleting images`",
    "Why: `a person paused it`. 5 images wait for it.",
    "What would be done:",
    "* `a`",
    "* `b`",
    "* and 3 more",
  ]);
  t.end();
});

t.test("a region in trouble stands apart from what a limit or a person stopped", (t) => {
  const headings = (stoppages: readonly Stoppage[]) => linesOf({}, stoppages).filter((line) => line.startsWith("## "));
  const region = { ...STOP, region: "eu-west-1" };
  t.strictSame(headings([STOP]), ["## Stopped by a limit or a person"]);
  t.strictSame(headings([region]), ["## Regions in trouble"]);
  t.strictSame(headings([region, STOP]), ["## Stopped by a limit or a person", "## Regions in trouble"]);
  t.equal(linesOf({}, [region, STOP]).filter((line) => line.startsWith("### ")).length, 2, "each once");
  t.end();
});

t.test("a week without news says how much is due, and at least how much where not all was read", (t) => {
  const row = (images: number) => ({ day: "2026-02-12", composeId: NEWER, images, regions: 2 });
  const due = { ...NOTHING, makePrivate: [row(4), row(3)], deletes: [row(2)] };
  t.match(
    renderHeartbeat({ due, stoppages: [] }, "2026-02-04"),
    "since 2026-02-04. This post says that the service is alive. It watches 3 regions; in the next seven days 7 images are due to be made private, 2 to be deleted.",
  );
  t.match(renderHeartbeat({ due: { ...due, isCut: true }, stoppages: [] }, "2026-02-04"), "at least 7 images are due");
  t.end();
});
