/** Tags that Pagure leaves in a text (bleach's own and those of `clean_input` in pagure/lib/query.py), as far as texts use them. */
const ALLOWED = (
  "a abbr acronym b blockquote code em i li ol strong ul p br div h1 h2 h3 h4 h5 h6 table td tr th thead tbody pre img hr dl dt " +
  "dd span kbd var del cite"
).split(" ");
/** What a backslash keeps from being Markdown; before all else it is shown. */
const ESCAPABLE = "\\`*_{}[]()>#+-.!|";
/** Holds a piece that is rendered already. */
const KEPT = /\u0002(\d+)\u0003/g;

/**
 * A text as readers see it: Python-Markdown as Pagure sets it up (tables, fenced code, sane lists, each line break a `<br>`), then
 * bleach, which shows tags that it does not know as text and drops comments. As much of it as our texts use; checked against
 * Pagure 5.13's own function.
 */
export function renderMarkdown(text: string): string {
  const blocks: string[] = [];
  const lines = text
    .replaceAll(/<!--[\s\S]*?-->/g, "")
    .split("\n")
    .map((line) => line.trimEnd());
  while (lines.length > 0) {
    const block = takeBlock(lines);
    if (block !== null) blocks.push(block);
  }
  return blocks.join("\n");
}

/** Takes the lines of the first block; null: an empty line. */
function takeBlock(lines: string[]): string | null {
  const first = lines[0] ?? "";
  if (first === "") {
    lines.shift();
    return null;
  }
  if (first.startsWith("```")) return takeFence(lines);
  const heading = /^(?<level>#{1,6}) (?<words>.*)$/.exec(first)?.groups;
  if (heading !== undefined) {
    lines.shift();
    const tag = `h${heading["level"]?.length ?? 1}`;
    return `<${tag}>${inline(heading["words"] ?? "")}</${tag}>`;
  }
  const end = lines.indexOf("");
  const block = lines.splice(0, end < 0 ? lines.length : end);
  if (/^\|? ?-{3,}/.test(block[1] ?? "") && first.includes("|")) return table(block);
  if (first.startsWith("* ")) return list(block);
  return `<p>${block.map(inline).join("<br>\n")}</p>`;
}

function takeFence(lines: string[]): string {
  const end = lines.indexOf("```", 1);
  const [, ...code] = lines.splice(0, end < 0 ? lines.length : end + 1);
  return `<pre><code>${escape(code.slice(0, end < 0 ? undefined : -1).join("\n"))}\n</code></pre>`;
}

function table([head = "", , ...rows]: readonly string[]): string {
  const row = (line: string, tag: string): string => {
    const cells = line.replaceAll(/^\||\|$/g, "").split("|");
    return `<tr>\n${cells.map((cell) => `<${tag}>${inline(cell.trim())}</${tag}>`).join("\n")}\n</tr>`;
  };
  const body = rows.map((line) => row(line, "td")).join("\n");
  return `<table>\n<thead>\n${row(head, "th")}\n</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

/** Entries that begin with `* `; four blanks before one make it an entry of the one above it. */
function list(lines: readonly string[]): string {
  const entries: string[][] = [];
  for (const line of lines)
    if (line.startsWith("* ")) entries.push([line.slice(2)]);
    else entries.at(-1)?.push(line.replace(/^ {4}/, ""));
  const items = entries.map((entry) => {
    const nested = entry.findIndex((line, index) => index > 0 && line.startsWith("* "));
    const own = nested < 0 ? entry : entry.slice(0, nested);
    const below = nested < 0 ? "" : `${list(entry.slice(nested))}\n`;
    return `<li>${own.map(inline).join("<br>\n")}${below}</li>`;
  });
  return `<ul>\n${items.join("\n")}\n</ul>`;
}

/** Code spans and backslashes first, as nothing in them means anything; then links, stress and tags. */
function inline(text: string): string {
  const kept: string[] = [];
  const keep = (html: string): string => `\u0002${kept.push(html) - 1}\u0003`;
  const rendered = text
    .replaceAll(/(?<!\\)(`+)(.+?)(?<!`)\1(?!`)/g, (_, __, code: string) => keep(`<code>${escape(code.trim())}</code>`))
    .replaceAll(/\\(.)/g, (all, mark: string) => (ESCAPABLE.includes(mark) ? keep(escape(mark)) : all))
    .replaceAll(
      /\[([^\]]*)\]\(([^)\s]*)\)/g,
      (_, words: string, url: string) => `${keep(`<a href="${escape(url)}">`)}${words}${keep("</a>")}`,
    )
    .replaceAll(/<(https?:[^>\s]*)>/g, (_, url: string) => keep(`<a href="${escape(url)}">${escape(url)}</a>`))
    .replaceAll(/<\/?([a-z][a-z0-9]*)[^<>]*>/gi, (tag, name: string) =>
      keep(ALLOWED.includes(name.toLowerCase()) ? tag : escape(tag)),
    )
    .replaceAll(/&(?!#?\w+;)/g, () => keep("&amp;"))
    .replaceAll(/[<>]/g, (mark) => keep(escape(mark)))
    .replaceAll(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/(?<!\*)\*([^*]+)\*(?!\*)/g, "<em>$1</em>");
  return rendered.replaceAll(KEPT, (_, index: string) => kept[Number(index)] ?? "");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
