import t from "tap";
import { runDemo, sabotagedCopy, type Sabotage } from "../support/program/demo-run.ts";

t.setTimeout(900_000);
// They wait for days to pass.
t.jobs = 5;

const SABOTAGES: readonly { readonly what: string; readonly how: readonly Sabotage[]; readonly seenAs: RegExp }[] = [
  {
    what: "the rule that keeps released two-week composes is dropped",
    how: [{ file: "domain/compose/classify.js", from: "(facts.released ?", to: "(false ?" }],
    seenAs: /released as a two-week compose.*touched by DeregisterImage/,
  },
  {
    what: "images are deleted right after the notice",
    how: [{ file: "demo/service-config.js", from: "delete_after = ${days(10)}", to: "delete_after = ${days(0)}" }],
    seenAs: /deleted before ten days had passed since the notice/,
  },
  {
    what: "only the first snapshot is deleted",
    how: [
      {
        file: "act/image/delete.js",
        from: "for (const snapshotId of standing)",
        to: "for (const snapshotId of standing.slice(0, 1))",
      },
    ],
    seenAs: /snapshot snap-[0-9a-f]+ was left behind/,
  },
  {
    what: "the notice is skipped, and counted as given",
    how: [
      { file: "tell/report.js", from: "await reports.publish(", to: "await ((part) => ({ url: part.day }))(" },
      // What was never told is not told later either: nobody need wait two minutes for it.
      { file: "demo/perform.js", from: "const QUIET_DAYS = 120;", to: "const QUIET_DAYS = 15;" },
    ],
    seenAs: /the public was never told/,
  },
  {
    what: "what is asked for in a comment is not carried out",
    how: [{ file: "operate/comment-orders.js", from: "orderIds.push(await orders.add(order));", to: "void order;" }],
    seenAs: /deleted, though somebody objected/,
  },
];

/**
 * The first three share a demo: none of them can be the cause of what the others are seen as. With CHAOS_SABOTAGE there are
 * all, each with a demo of its own.
 */
const DEMOS = process.env["CHAOS_SABOTAGE"] === undefined ? [SABOTAGES.slice(0, 3)] : SABOTAGES.map((each) => [each]);

for (const together of DEMOS)
  t.test(`a demo with ${together.length} sabotaged`, async (t) => {
    const dir = await sabotagedCopy(
      t,
      together.flatMap(({ how }) => how),
    );
    const { code, summary } = await runDemo(dir);
    for (const { what, seenAs } of together)
      t.test(`the demo turns red when ${what}`, (t) => {
        t.equal(code, 1);
        t.match(summary.violations.join("\n"), seenAs);
        t.end();
      });
  });
