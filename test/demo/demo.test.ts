import { readFileSync } from "node:fs";
import t from "tap";
import { blocksOf } from "../support/docs/blocks.ts";
import { actionsOf, type Policy } from "../support/outside/iam.ts";
import { runDemo } from "../support/program/demo-run.ts";

/** What of a line is the same in every run: neither the day, nor numbers, nor what came together with the first. */
function formOf(line: string): string {
  return (
    line
      .replace(/^day +[\d.]+ +/, "")
      .replaceAll(/\d+/g, "N")
      .split(/, | \(/)[0] ?? ""
  );
}

t.test("the demo ends well: every image meets its fate, and the summary says so to programs", async (t) => {
  const policy = new URL("../../../deploy/iam/policy.json", import.meta.url);
  const allowed = actionsOf(JSON.parse(readFileSync(policy, "utf8")) as Policy);
  const { code, summary, story } = await runDemo();
  t.same(summary.violations, [], story);
  t.equal(code, 0);
  t.ok(summary.messages >= 60, `${summary.messages} messages`);
  t.ok(summary.images >= 300, `${summary.images} images`);
  t.type(summary.seconds, "number");
  t.equal(summary.rejected, 8);
  t.match(summary.stages, { deleted: 209, held: 1, kept: 118, public: 7 });
  t.match(summary.rules, { nightly: Number, "dated-label": Number, ga: 44, beta: 22, conflict: 23, unresolved: 22 });
  t.match(summary.ec2_calls, { DeregisterImage: 209, CreateTags: Number, DescribeImages: Number });
  t.match(
    story,
    /cloud-image-user comments:\n.*please hold (?<id>ami-\w+)[^]*clean-amis-bot comments:\n.*Answer to.*\n.*1 image: held;.*\n.*\k<id>`/,
  );
  const unknown = Object.keys(summary.ec2_calls).filter((call) => !allowed.includes(`ec2:${call}`));
  t.same(unknown, ["GetCallerIdentity"], "all are in the policy; STS asks for no permission");
  t.type(summary.reports, "number");
  const told = new Set(story.split("\n").map(formOf));
  const shown = blocksOf("console demo").flatMap(({ text }) => text.trimEnd().split("\n"));
  t.ok(shown.length >= 5, `${shown.length} lines are shown in the docs`);
  for (const line of shown) t.ok(told.has(formOf(line)), line);
});
