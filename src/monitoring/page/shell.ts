import type { Answer } from "../answer.ts";
import { html, type Html } from "./html.ts";

/** What every page has around its own. */
export interface Page {
  readonly title: string;
  readonly main: Html;
  /** What stands in the search field. */
  readonly asked?: string;
  readonly status?: number;
  /** Feeds that belong to the page. */
  readonly feed?: { readonly href: string; readonly title: string };
}

/** A whole page: landmarks, a way past them, one heading, the search field, and no script. */
export function pageAnswer({ title, main, asked = "", status = 200, feed }: Page): Answer {
  const link = feed ?? { href: "/feed.atom", title: "What was made private" };
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – clean-amis</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="alternate" type="application/atom+xml" href="${link.href}" title="${link.title}" />
      </head>
      <body>
        <a class="skip" href="#main">Go to the content</a>
        <header>
          <p class="name"><a href="/">clean-amis</a></p>
          <form role="search" action="/find" method="get">
            <label for="q">AMI id, compose id or part of an image's name</label>
            <span class="row"
              ><input
                id="q"
                name="q"
                type="search"
                value="${asked}"
                maxlength="128"
                autocomplete="off"
                spellcheck="false"
                required
              />
              <button>Find</button></span
            >
          </form>
        </header>
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${main}
        </main>
        <footer>
          <p>
            Read only. <a href="${link.href}">Feed: ${link.title}</a> ·
            <a href="/api/v1/openapi.json">For programs</a> · All times are UTC.
          </p>
        </footer>
      </body>
    </html> `;
  return { status, type: "text/html; charset=utf-8", body: text, maxAgeS: status === 200 ? 10 : null };
}

/** A table that scrolls by itself where it does not fit; the first cell of a row is its heading. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (Html | string | number)[])[],
): Html {
  const cell = (value: Html | string | number, index: number): Html => {
    const kind = kindOf(value);
    if (index === 0) return html`<th scope="row" class="${kind}">${value}</th>`;
    return html`<td class="${kind}">${value}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** `n`: a number; `w`: a word such as a region's or an image's name, which is no text to be broken. */
function kindOf(value: Html | string | number): "n" | "w" | "" {
  if (typeof value === "number") return "n";
  return typeof value === "string" && /^[\w.-]{1,80}$/.test(value) ? "w" : "";
}

/** Names with what belongs to them. */
export function list(rows: readonly (readonly [name: string, value: Html | string])[]): Html {
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

/** Where an AMI's or a compose's life is told. */
export function findLink(word: string): Html {
  return html`<a href="/find?q=${encodeURIComponent(word)}"><code>${word}</code></a>`;
}
