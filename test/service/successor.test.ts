import t from "tap";
import type { ArchivedMessage } from "../../src/demo/outside/datagrepper/archive.ts";
import { generateMonth } from "../../src/demo/outside/datagrepper/month.ts";
import { DEFAULT_POLICY } from "../../src/domain/compose/classify.ts";
import { decode } from "../../src/hear/decode.ts";
import { Rehearsal } from "../../src/hear/rehearsal.ts";

/** The old script's regions: the other eight were never looked at. */
const OLD_REGIONS = new Set([
  ...["us-east-1", "us-east-2", "us-west-2", "us-west-1", "eu-west-1", "eu-central-1", "ap-south-1", "ap-southeast-1"],
  ...["ap-northeast-1", "ap-northeast-2", "ap-southeast-2", "sa-east-1", "ca-central-1", "eu-west-2"],
]);

interface Published {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
  /** What fedfind would have read; "" where the metadata is gone or has none. */
  readonly label: string;
  readonly isReleased: boolean;
  readonly isFedimg: boolean;
}

/** The old rules, in the old order: no label, selected; released, stop; nightly, selected; a dash and eight digits, selected. */
function oldScriptSelects({ region, composeId, label, isReleased, isFedimg }: Published): boolean {
  if (!isFedimg || !OLD_REGIONS.has(region)) return false;
  if (label === "") return true;
  if (isReleased) return false;
  return composeId.includes(".n.") || /-(\d{8})./.test(label);
}

/** Why the two differ, as docs/from-clean-amis-py.md says it. */
function explanation(image: Published, then: boolean, now: string): string {
  if (!image.isFedimg) return "the uploader's messages were never heard";
  if (!OLD_REGIONS.has(image.region)) return "regions that the old list did not have";
  if (then && image.isReleased) return "released, and selected because its label was not found";
  if (then && now === "unresolved") return "selected blindly for want of a label";
  return `unexplained: the old script ${then ? "selects" : "keeps"}, now ${now}`;
}

/** A month. Of every three two-week composes one lost its metadata, and one that and its announcement. */
function month(): readonly ArchivedMessage[] {
  const source = generateMonth({ seed: 11, count: 6_400, start: Date.parse("2026-10-01T00:00:00Z"), regions: 22 });
  const all = Array.from({ length: source.length }, (_, index) => source.messageAt(index));
  return all.filter(({ topic, body }) => {
    const composeId = /"(?<id>Fedora-Atomic-[^"]+)"/.exec(JSON.stringify(body))?.groups?.["id"];
    const third = composeId === undefined ? 2 : Math.floor(Number(composeId.split(".").at(-1)) / 12) % 3;
    return !(topic.includes(".pungi.") && third < 2) && !(topic.includes(".twoweek.") && third === 1);
  });
}

t.test("over the same month the old rules and ours differ only in ways that the docs explain", (t) => {
  const rehearsal = new Rehearsal();
  const labels = new Map<string, string>();
  const released = new Set<string>();
  const heard = month().map((message) => ({
    message,
    heard: decode(
      {
        topic: message.topic,
        messageId: message.id,
        headers: message.headers ?? {},
        body: Buffer.from(JSON.stringify(message.body)),
        arrivedAt: message.at,
      },
      ["prod"],
    ),
  }));
  for (const each of heard) {
    rehearsal.learn(each.heard);
    if (each.heard.kind !== "facts") continue;
    for (const fact of each.heard.facts) {
      if (fact.released === true) released.add(fact.composeId);
      if (typeof fact.label === "string") labels.set(fact.composeId, fact.label);
    }
  }
  const differences = new Map<string, number>();
  const seen = new Set<string>();
  let same = 0;
  for (const { message, heard: each } of heard) {
    if (each.kind !== "uploads" || !/publish/.test(message.topic)) continue;
    for (const upload of each.uploads) {
      if (seen.has(upload.amiId)) continue;
      seen.add(upload.amiId);
      const image: Published = {
        ...upload,
        label: labels.get(upload.composeId) ?? "",
        isReleased: released.has(upload.composeId),
        isFedimg: message.topic.includes(".fedimg."),
      };
      const then = oldScriptSelects(image);
      const now = rehearsal.fateOf(upload, DEFAULT_POLICY).split(/[ :]/)[0] ?? "";
      if (then === (now === "delete")) same += 1;
      else {
        const why = explanation(image, then, now);
        differences.set(why, (differences.get(why) ?? 0) + 1);
      }
    }
  }
  t.comment(`${seen.size} images, ${same} alike; ${JSON.stringify(Object.fromEntries(differences))}`);
  t.same([...differences.keys()].sort(), [
    "released, and selected because its label was not found",
    "selected blindly for want of a label",
    "the uploader's messages were never heard",
  ]);
  t.ok(same > 0 && seen.size > 1000);
  t.end();
});
