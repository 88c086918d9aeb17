import t from "tap";
import { renderMarkdown } from "../../../src/demo/outside/render.ts";

/** Texts, and what Pagure 5.13 made of them, between the blocks' blanks. */
const SEEN: readonly (readonly [text: string, html: string])[] = [
  ["one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"],
  [
    "<sub>`m`</sub> <small>x</small> <b>y</b>",
    "<p>&lt;sub&gt;<code>m</code>&lt;/sub&gt; &lt;small&gt;x&lt;/small&gt; <b>y</b></p>",
  ],
  ["a \\~ b \\& c \\< d \\_e\\_ \\| f \\* g", "<p>a \\~ b \\&amp; c \\&lt; d _e_ | f * g</p>"],
  ["<!-- x -->\n\nhi", "<p>hi</p>"],
  ["* a\n    * b\n    * c\n* d", "<ul>\n<li>a<ul>\n<li>b</li>\n<li>c</li>\n</ul>\n</li>\n<li>d</li>\n</ul>"],
  [
    "see <http://x.y/z> and [w](http://x.y/z#c-1) a < b & c > d &#60;",
    '<p>see <a href="http://x.y/z">http://x.y/z</a> and <a href="http://x.y/z#c-1">w</a> a &lt; b &amp; c &gt; d &#60;</p>',
  ],
  [
    "| a | b |\n| --- | --- |\n| `x` | **y** |",
    "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td><code>x</code></td>\n<td><strong>y</strong></td>\n</tr>\n</tbody>\n</table>",
  ],
  [
    "## x `y`\n\n```\na <b>\n```\n\n*z*",
    "<h2>x <code>y</code></h2>\n<pre><code>a &lt;b&gt;\n</code></pre>\n<p><em>z</em></p>",
  ],
];

t.test("the double shows a text as Pagure showed it", (t) => {
  for (const [text, html] of SEEN) t.equal(renderMarkdown(text), html);
  t.end();
});
