import { readFileSync } from "node:fs";
import t from "tap";
import { renderMarkdown } from "../../src/demo/outside/render.ts";
import { renderAnswer } from "../../src/domain/comment/answer.ts";
import { openObjecting, OPERATOR } from "../support/scenes/objecting.ts";

const ENTRY = /<tr>\n<td>([\s\S]*?)<\/td>\n<\/tr>/g;
/** Characters that fit into one line of a page of 670 pixels, beside the padding of a few cells. */
const MOST_IN_LINE = 75;

/** What stands on a page that no reader should see. */
function oddities(html: string): readonly string[] {
  const text = html.replaceAll(/<[^>]*>/g, "");
  return [
    ...(html.match(/<br>/g) ?? []),
    ...(text.match(/\\|&lt;|<!--|clean-amis-(?:part|answer|repeat)|\*\*|~~/g) ?? []),
  ];
}

t.test(
  "what readers see of a report and an answer is whole paragraphs, tables and links, and nothing else",
  async (t) => {
    const scene = await openObjecting(t);
    const { amiId } = scene.nightly;
    scene.comment(OPERATOR, `hold ${amiId} until 2026-12-24 because we test ~~it~~ & <b>more</b>`);
    await scene.read();
    await scene.report();
    const page = await (await fetch(`${scene.pagure.url}/ami-reports/issue/1`)).text();
    const [, said = "", ...ours] = page.split("<hr>");
    t.match(said, "hold");
    t.same(oddities([page.split("<hr>")[0], ...ours].join("").replaceAll(/<code>.*?<\/code>/g, "")), []);
    const [answer = "", told = ""] = ours;
    t.match(answer, /Answer to <a href="http:\S+#comment-\d+">the comment<\/a> by <code>relengbot<\/code>/);
    t.match(answer, "<li>1 image: held; it stays as it is until the end of 2026-12-24 (UTC).<ul>");
    t.match(answer, `<li>us-east-1: <code>${amiId}</code></li>`);
    t.match(told, "until: the end of 2026-12-24 (UTC); why: <code>we test ~~it~~ &amp; &lt;b&gt;more&lt;/b&gt;");
  },
);

t.test("what an answer says of a name is shown as it is, without a backslash", (t) => {
  const name = "<x> & a|b ~~c~~ _d_ *e* [f] #1 \\";
  const line = { region: null, amiId: null, happened: `${name} is held`, next: "so it stays" };
  const text = renderAnswer([line], {
    author: "ann",
    url: "",
    marker: "clean-amis-answer:0",
    remarks: [],
    mostBytes: 9_000,
  });
  const shown = renderMarkdown(text).replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  t.match(shown, `<li>${name} is held; so it stays.</li>`);
  t.end();
});

t.test("an address that the public may see can be clicked, and another one is not shown", (t) => {
  const small = readFileSync(new URL("../fixtures/report-small-day.txt", import.meta.url), "utf8");
  t.match(
    renderMarkdown(small),
    'why: <code>CI of cockpit needs it</code> (<a href="https://pagure.io/a/b/issue/1#comment-7">the comment</a>)',
  );
  t.end();
});

t.test("each entry of a table stands in one line, and no column only repeats what stands above it", (t) => {
  for (const name of ["report-small-day.txt", "report-quiet-week.txt"]) {
    const html = renderMarkdown(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"));
    t.same(oddities(html), [], name);
    for (const [, entry = ""] of html.matchAll(ENTRY)) {
      const cells = entry.split("</td>\n<td>").map((cell) => cell.replaceAll(/<[^>]*>/g, ""));
      t.ok(cells.join("").length + 3 * cells.length <= MOST_IN_LINE, entry);
    }
    t.notMatch(html, /<th>(?:name|why|by|until|done|missing|who must act)<\/th>/, name);
  }
  t.end();
});
