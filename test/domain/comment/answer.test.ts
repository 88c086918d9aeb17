import t from "tap";
import {
  renderAnswer,
  renderDoubts,
  renderUnknown,
  type AnswerFrame,
  type AnswerLine,
} from "../../../src/domain/comment/answer.ts";
import type { Doubt } from "../../../src/domain/comment/sentence.ts";

const URL = "https://pagure.io/ami-reports/issue/7#comment-12";
const FRAME: AnswerFrame = { author: "jane", url: URL, marker: "answer 12", remarks: [], mostBytes: 10_000 };
const HELD = { happened: "held", next: "kept until somebody releases it" };
const GONE = { happened: "it is deleted already", next: "nothing can be done" };

function line(region: string | null, amiId: string | null, what: Pick<AnswerLine, "happened" | "next">): AnswerLine {
  return { region, amiId, ...what };
}

/** Ids that are all different: `ami-00000001` and so on. */
function ids(many: number): readonly string[] {
  return Array.from({ length: many }, (_, index) => `ami-${String(index + 1).padStart(8, "0")}`);
}

t.test("an answer says what became of each image, outcome by outcome, a line a region", (t) => {
  const lines = [
    line("us-west-2", "ami-00000001", HELD),
    line("eu-west-1", "ami-00000002", GONE),
    line("eu-west-1", "ami-00000003", HELD),
    line("us-west-2", "ami-00000004", HELD),
    line(null, null, { happened: "the compose is held", next: "its images to come are held too" }),
  ];
  t.strictSame(renderAnswer(lines, { ...FRAME, remarks: ["First.", "Second."] }).split("\n"), [
    `Answer to [the comment](${URL}) by \`jane\`:`,
    "",
    "* 3 images: held; kept until somebody releases it.",
    "    * eu-west-1: `ami-00000003`",
    "    * us-west-2: `ami-00000001`, `ami-00000004`",
    "* 1 image: it is deleted already; nothing can be done.",
    "    * eu-west-1: `ami-00000002`",
    "* the compose is held; its images to come are held too.",
    "",
    "First.",
    "",
    "Second.",
    "",
    "<!-- answer 12 -->",
  ]);
  t.end();
});

t.test("an answer to an address that could be more than one has no link, and one without images no list", (t) => {
  t.equal(
    renderAnswer([], { ...FRAME, url: "https://x.org/)[y](z", remarks: ["Which image?"] }),
    "Answer to the comment by `jane`:\n\nWhich image?\n\n<!-- answer 12 -->",
  );
  t.end();
});

t.test("an answer that grows too long names as many images as fit, and says how many more there are", (t) => {
  const all = ids(40).map((amiId) => line("eu-west-1", amiId, HELD));
  const whole = renderAnswer(all, FRAME);
  const bytes = Buffer.byteLength(whole);
  t.notMatch(whole, " more");
  t.equal(renderAnswer(all, { ...FRAME, mostBytes: bytes }), whole, "what just fits is whole");
  const half = renderAnswer(all, { ...FRAME, mostBytes: bytes - 1 });
  t.match(half, /^\* 40 images: /m);
  t.match(half, /`ami-00000020`\n {4}\* and 20 more\n/);
  t.notMatch(half, "ami-00000021");
  const odd = renderAnswer(all.slice(0, 3), { ...FRAME, mostBytes: 1 });
  t.match(odd, /: `ami-00000001`\n {4}\* and 2 more\n/, "one is named, however little room there is");
  t.end();
});

t.test("nothing in an outcome is Markdown, mentions anybody, or hides what follows", (t) => {
  const text = renderAnswer(
    [line("eu-west-1", "ami-00000001", { happened: "a*b<c>@d\u2028e\\`f`", next: "n" })],
    FRAME,
  );
  t.match(text, "* 1 image: a\\*b&#60;c&#62;＠d e\\\\\\`f\\`; n.");
  t.notMatch(text, "@");
  t.match(
    renderAnswer([line(null, null, { happened: "x".repeat(900), next: "n" })], FRAME),
    `* ${"x".repeat(500)}; n.`,
  );
  t.end();
});

t.test("ids that nothing is known of are asked back, the first twenty by name", (t) => {
  t.strictSame(renderUnknown([], []), []);
  t.strictSame(renderUnknown(["ami-00000001"], []), [
    "Not known here: `ami-00000001`. Is that the right id? To an image that this service does not know it does nothing.",
  ]);
  t.strictSame(renderUnknown([], ["Fedora-Rawhide-20260122.n.0", "Fedora-Rawhide-20260123.n.0"]), [
    "No image of `Fedora-Rawhide-20260122.n.0`, `Fedora-Rawhide-20260123.n.0` is known here so far. Is the name right, in upper and lower case as well?",
  ]);
  const twenty = renderUnknown(ids(20), [])[0] ?? "";
  t.match(twenty, "`ami-00000020`. Is");
  const more = renderUnknown(ids(22), [])[0] ?? "";
  t.match(more, "`ami-00000020`, and 2 more. Is");
  t.end();
});

t.test("a doubt is asked about, and whoever named something learns that it is held", (t) => {
  const unclear: Doubt = { kind: "words", words: ["forever", "and"] };
  const none = { amiIds: [], composeIds: [] };
  const asked = "I do not understand these words of your order: `forever`, `and`.";
  const safe =
    "To be on the safe side, what you named is held. If that is what you wanted, nothing more is to be done;";
  const such = "a line such as `hold ami-… because …`.";
  const rows = [
    [none, `${asked} Please write ${such}`],
    [{ amiIds: ["ami-00000001"], composeIds: [] }, `${asked} ${safe} else write ${such}`],
    [{ amiIds: [], composeIds: ["Fedora-Rawhide-20260122.n.0"] }, `${asked} ${safe} else write ${such}`],
  ] as const;
  for (const [doubtful, text] of rows) t.strictSame(renderDoubts({ doubts: [unclear], doubtful }), [text]);
  const command: Doubt = { kind: "command", words: ["delete"] };
  const said = renderDoubts({ doubts: [command], doubtful: none });
  t.equal(said.length, 1, "an order that no comment can give asks nothing back");
  t.match(said[0], "Nothing was done for `delete`: a comment can only hold and restore.");
  t.equal(renderDoubts({ doubts: [command, unclear], doubtful: none }).length, 2);
  t.end();
});
